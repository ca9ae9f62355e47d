"""What can go wrong with a call to HealthOmics, as types; the words come with them.

    OmicsError
    ├── ServiceError            the service answered with an error
    │   ├── NotFound            there is no such run, workflow, group, cache
    │   ├── Denied              the caller lacks the right
    │   ├── Invalid             the request can't be carried out as it is
    │   ├── Conflict            the run's state, or an equal request id, forbids it
    │   ├── QuotaExceeded       an account limit is reached
    │   ├── Throttled           too many calls, after all retries
    │   ├── TimedOut            the service gave up on the request
    │   └── ServiceFault        the service failed, after all retries
    ├── CredentialsError        none found, expired, or not to be had
    ├── SettingsError           no region, unknown profile, malformed endpoint
    ├── Unreachable             no answer came: the effect of the call is unknown
    │   ├── NotAws              the answer did not come from AWS: a proxy's page, for example
    │   └── NotSent             no connection was made: the call had no effect
    ├── Unconfirmed             a StartRun without a clear answer, after all retries
    ├── Refused                 the service could not take a workflow's definition
    └── RunError                the run is not in a state that allows what was asked

Each error says what was called and why it failed, and `advice` says what to do next.
"""

from __future__ import annotations

from typing import Final


class OmicsError(Exception):
    """A call that failed: `operation` is the API's name for it, `detail` says why."""

    def __init__(self, operation: str, detail: str, *, advice: str = "", code: str = "") -> None:
        super().__init__(operation, detail)
        self.operation = operation
        self.detail = detail
        self.advice = advice
        self.code = code

    def __str__(self) -> str:
        """Return the error in two or three lines."""
        return self.about("")

    def about(self, which: str) -> str:
        """Return the error in a few lines; `which` names the resource, as in "run NA12878"."""
        subject = f" for {which}" if which else ""
        code = f"{self.code}: " if self.code else ""
        lines = [f"{self.operation}{subject} failed: {code}{self.detail.rstrip('.')}."]
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)


class ServiceError(OmicsError):
    """The service answered with an error; `code` is its code."""


class NotFound(ServiceError):
    """There is no such run, workflow, run group or run cache."""


class Denied(ServiceError):
    """The caller lacks the right. On a read: unknown, neither there nor gone."""


class Invalid(ServiceError):
    """The request can't be carried out as it is."""


class Conflict(ServiceError):
    """The run's state, or an equal request id, forbids it."""


class QuotaExceeded(ServiceError):
    """An account limit is reached."""


class Throttled(ServiceError):
    """Too many calls a second, after all retries."""


class TimedOut(ServiceError):
    """The service gave up on the request."""


class ServiceFault(ServiceError):
    """The service failed, after all retries."""


class CredentialsError(OmicsError):
    """No credentials found, or expired, or not to be had."""


class SettingsError(OmicsError):
    """No region, an unknown profile, a malformed endpoint."""


class Unreachable(OmicsError):
    """No answer came. Whether the call took effect is unknown."""


class NotAws(Unreachable):
    """What answered is not AWS: a proxy's page, for example."""


class NotSent(Unreachable):
    """No connection was made, so the call had no effect."""


class Unconfirmed(OmicsError):
    """No answer tells whether a StartRun took effect; `cause` is the last that came."""

    def __init__(self, cause: OmicsError) -> None:
        super().__init__(cause.operation, cause.detail, advice=cause.advice, code=cause.code)
        self.cause = cause


class Refused(OmicsError):
    """The service could not take a definition; `detail` is its engine's own message."""


class RunError(OmicsError):
    """The run is not in a state that allows what was asked."""


def outcome_unknown(error: OmicsError) -> bool:
    """Tell whether a call that ended with `error` may have taken effect all the same."""
    if isinstance(error, NotSent):
        return False
    return isinstance(error, Unreachable | TimedOut | ServiceFault)


#: How other services of AWS say it; an answer without a body has a number alone.
_DENIED: Final = frozenset({"401", "403", "AccessDenied", "AllAccessDisabled"})


def is_denied(error: OmicsError) -> bool:
    """Tell whether a call failed for want of a right, in any service's words."""
    return isinstance(error, Denied) or error.code in _DENIED
