"""Repeating a StartRun until an answer says whether the run started.

botocore's own retries forget, over their tries, that one of them may have taken effect. Here that
is what counts: every try carries the same requestId, a throttled try is no failure, and an error
after a try without an answer is no proof that nothing started.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.settings import Settings

from .calls import Place, method, whole
from .clients import omics
from .failures import translated
from .pacing import Pacer
from .polling import Pace, TimeLimitReached, poll

Answer = dict[str, Any]

#: Tries without a clear answer; backoff doubles from the first to the longest, in seconds.
_TRIES: Final = 6
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.25, 20.0
#: Tries without any connection: wrong endpoint, no network. Nothing can have started.
_UNSENT_TRIES: Final = 3
#: Seconds without any start of this process, for which throttled calls are repeated.
_THROTTLED_LIMIT: Final = 3600.0
#: Seconds until what the service does not show is taken for gone, and not for just started.
_SHOWN_LIMIT: Final = 10.0

_pacers: dict[Settings, Pacer] = {}
_lock = threading.Lock()


def pacer_of(settings: Settings) -> Pacer:
    """Return the turns for StartRun at this place; the emulator in process sets no pace."""
    with _lock:
        if settings not in _pacers:
            _pacers[settings] = Pacer(None) if settings.is_local else Pacer()
        return _pacers[settings]


class Starting(Place):
    """A place where something is started that costs money."""

    def __init__(
        self, settings: Settings, before_start: Callable[[], object] = lambda: None
    ) -> None:
        """Take the place, and what has to be called before each try of a start."""
        super().__init__(settings)
        self._before_start = before_start

    def _started(
        self,
        operation: str,
        members: tuple[str, ...],
        arguments: Mapping[str, Any],
        pacer: Pacer,
        look: Callable[[], Answer | None],
    ) -> Answer:
        """Call an operation that starts something, repeated as `repeat` does."""
        start = getattr(omics(self._settings, retries=False), method(operation))

        def call() -> Answer:
            self._before_start()
            with translated(operation):
                return whole(operation, start(**arguments), *members)

        return repeat(call, pacer, look)


def repeat(
    call: Callable[[], Answer],
    pacer: Pacer,
    look: Callable[[], Answer | None] = lambda: None,
    *,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Make `call` until it gives an answer, and return that; or what `look` finds instead.

    `look` is asked before a call is repeated that may have taken effect.

    Raises what the service refuses the start with; Unconfirmed once a try may have taken effect.
    """
    begin = clock()
    unclear: list[errors.OmicsError] = []
    unsent = 0
    while True:
        turn = pacer.wait_turn()
        try:
            answer = (look() if unclear else None) or call()
        except errors.Throttled as error:
            pacer.throttled(turn)
            if clock() - max(begin, pacer.succeeded_at) >= _THROTTLED_LIMIT:
                raise _final(error, unclear) from error
            continue
        except errors.NotSent as error:
            unsent += 1
            if unsent >= _UNSENT_TRIES:
                raise _final(error, unclear) from error
        except errors.OmicsError as error:
            if not errors.outcome_unknown(error):
                raise _final(error, unclear) from error
            unclear.append(error)
            if len(unclear) >= _TRIES:
                raise _final(error, unclear) from error
        else:
            pacer.succeeded(turn)
            return answer
        sleep(_backoff(len(unclear) + unsent))


def sent_again(
    send: Callable[[], Answer],
    find: Callable[[str], Answer | None],
    look: Callable[[], Answer | None],
    is_released: Callable[[Answer], bool],
) -> Answer | None:
    """Send an interrupted start again, for its process may still be about to send it.

    Returns what it has started as `find` tells it now, by its id: the service may answer a repeat
    with the first answer, of what is long gone, or was released and outlives its resource. Where
    the repeat is refused, `look` says what there is.
    """
    try:
        again = send()
    except errors.Conflict:
        # The token is taken: by what is gone, or by what has just started and is not listed yet.
        return _shown(look)
    except errors.Invalid:
        # The inputs are wrong, which the start itself will say, too.
        return look()
    live = _shown(lambda: find(str(again["id"])))
    return None if live is None or live["uuid"] != again["uuid"] or is_released(live) else live


def _shown(look: Callable[[], Answer | None]) -> Answer | None:
    """Return what `look` finds within the time in which the service shows what has started."""
    try:
        return poll(look, lambda found: found is not None, limit=_SHOWN_LIMIT, pace=Pace(0.5))
    except TimeLimitReached:
        return None


def _final(error: errors.OmicsError, unclear: list[errors.OmicsError]) -> errors.OmicsError:
    return errors.Unconfirmed(error) if unclear else error


def _backoff(failures: int) -> float:
    longest: float = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2**failures)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret
