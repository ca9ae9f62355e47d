"""What a stack's state says of runs, for a comparison with the service.

Read from what `pulumi stack export` prints, without secrets: what is encrypted is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from omics_provider.base.identity import Mark, account_of, region_of, retry_number
from omics_provider.base.keys import SETTLED, STACK
from omics_provider.base.settings import LOCAL, Settings
from omics_provider.base.table import MAX_TAG_VALUE
from omics_provider.engine.own_provider import OwnProvider, own_providers
from omics_provider.engine.replaced import is_marked
from omics_provider.engine.state import SIGNATURE, StackState, parse
from omics_provider.engine.urn import (
    BATCH,
    LASTING,
    RUN,
    group_of,
    own_kind,
    stack_of,
    type_of,
    urn_name,
    urn_parts,
)
from omics_provider.runs.rules.lifecycle import rerun_wanted


@dataclass(frozen=True)
class Named:
    """A resource by its name and that of its component, such as a cohort."""

    urn: str
    parent: str | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return urn_name(self.urn)

    @property
    def group(self) -> str | None:
        """The name of the component that it belongs to."""
        return group_of(self.parent)


@dataclass(frozen=True)
class Recorded(Named):
    """A resource of the state that stands for something at the service."""

    id: str = ""
    type: str = RUN
    outputs: Mapping[str, Any] = field(default_factory=dict)
    #: When the engine recorded it first, ISO 8601 in UTC.
    since: str = ""
    #: Read with `get`, and so somebody else's.
    is_external: bool = False
    #: The Provider that it was given, and what that is configured with; none for the stack's own.
    provider: str = ""
    place: Mapping[str, Any] = field(default_factory=dict)

    def is_at(self, settings: Settings) -> bool:
        """Tell whether its Provider asks the endpoint of these settings, as far as it names one."""
        state_file = settings.local_state if settings.is_local else None
        asked = {"omics:endpoint": settings.endpoint, "omics:localState": state_file}
        named = {key: _text(self.place.get(key)) for key in asked}
        if not settings.is_local and named["omics:endpoint"] != LOCAL:
            # Only the emulator in the process has a file.
            del named["omics:localState"]
        return all(not value or value == asked[key] for key, value in named.items())

    @property
    def uuid(self) -> str:
        """The uuid of the run."""
        return _text(self.outputs.get("uuid"))

    @property
    def status(self) -> str:
        """The state as it was last recorded."""
        return _text(self.outputs.get("status"))

    @property
    def creation(self) -> str:
        """When the service created it, as far as recorded."""
        return _text(self.outputs.get("creationTime"))

    @property
    def region(self) -> str:
        """The Region that it was made in."""
        return region_of(_text(self.outputs.get("arn")))

    @property
    def account(self) -> str:
        """The account that it was made in."""
        return account_of(_text(self.outputs.get("arn")))

    @property
    def is_gone(self) -> bool:
        """Whether the state knows already that the service has dropped it."""
        return bool(self.outputs.get("recordGone"))

    @property
    def tags(self) -> dict[str, str] | None:
        """The recorded tags in plain text; None where they are not declared, or all secret."""
        found = self.outputs.get("tags")
        if self.is_external or not isinstance(found, Mapping) or SIGNATURE in found:
            return None
        return {key: value for key, value in found.items() if isinstance(value, str)}

    @property
    def secret_tags(self) -> frozenset[str]:
        """Keys of the tags whose values are encrypted."""
        found = self.outputs.get("tags") or {}
        return frozenset(key for key, value in found.items() if not isinstance(value, str))

    @property
    def plain_outputs(self) -> dict[str, Any]:
        """What is recorded in plain text, whole values only."""
        return {key: value for key, value in self.outputs.items() if not _has_secret(value)}

    def asks_for_another(self, ended: Mapping[str, Any]) -> bool:
        """Tell whether `rerun_on` or `retry` asks for another run where it ended so."""
        return rerun_wanted({**self.plain_outputs, **ended}, self.plain_outputs)


@dataclass(frozen=True)
class StackRecord:
    """A stack, as its state tells it: `stack` is its name, without organization and project."""

    stack: str
    runs: tuple[Recorded, ...]
    batches: tuple[Recorded, ...]
    lasting: tuple[Recorded, ...]
    #: All runs and batches that a resource stands for, also one that is on its way out.
    uuids: frozenset[str]
    #: The runs that waits may have started attempts after, earlier ones too.
    parents: frozenset[str]
    #: requestIds of starts that are dealt with: recorded, ended, or left on purpose.
    settled: frozenset[str]
    #: Those among them that no resource stands for any more.
    left: frozenset[str]
    #: requestIds of starts of which nothing is recorded, each with its resource.
    in_doubt: Mapping[str, Named]
    #: Names of the stack, organization/project/stack, as runs carry them.
    names: frozenset[str]
    #: The end that every such name has, where none is known: "/project/stack".
    suffix: str
    #: Resources by the digest that their runs carry.
    resources_by_mark: Mapping[str, Named]
    #: Runs and batches that were replaced, and that the next update ends.
    leaving: tuple[Recorded, ...] = ()
    #: The backend's other stacks, as far as they were looked at, and why some could not be read.
    others: tuple[StackRecord, ...] = ()
    unread: tuple[str, ...] = ()

    def knows(self, uuid: str, token: str) -> bool:
        """Tell whether a run of this uuid, or one that was started with this token, is its own."""
        if uuid in self.uuids or token in self.settled or token in self.in_doubt:
            return True
        return self.attempt(token) is not None

    def other(self, uuid: str, token: str) -> str:
        """Return the other stack that such a run is of, project/stack; empty for none known."""
        found = (each.suffix[1:] for each in self.others if each.knows(uuid, token))
        return next(found, "")

    def is_own(self, stack: Any) -> bool:
        """Tell whether a run's tag names this stack."""
        text = str(stack or "")
        if self.names:
            return text in self.names
        return bool(self.suffix) and f"/{text}".endswith(self.suffix)

    def attempt(self, token: str) -> int | None:
        """Return which attempt after a recorded run this requestId stands for; None: none."""
        numbers = (retry_number(token, uuid) for uuid in self.parents) if token else ()
        return next((number for number in numbers if number is not None), None)


def read_record(export: Mapping[str, Any], project: str = "", stack: str = "") -> StackRecord:
    """Read a state; `project` and `stack` are names for one that has no resource to tell them."""
    state = parse(export)
    resources = [each for each in (*state.resources, *state.creating) if _is_ours(each)]
    staying = [r for r in state.resources if _is_ours(r) and not r.get("delete") and _has_run(r)]
    providers = own_providers(state.resources)
    recorded = [_recorded(each, providers.get(str(each.get("provider")))) for each in staying]
    project, stack = _named(state.resources) or (project, stack)
    names = _names(resources, project, stack)
    urns = {str(each["urn"]): Named(str(each["urn"]), each.get("parent")) for each in resources}
    leaving = [r for r in state.resources if _is_ours(r) and _is_to_be_ended(r)]
    return StackRecord(
        stack=stack,
        runs=tuple(each for each in recorded if each.type == RUN),
        batches=tuple(each for each in recorded if each.type == BATCH),
        lasting=tuple(each for each in recorded if each.type in LASTING),
        uuids=frozenset(uuid for each in resources for uuid in _uuids(_outputs(each))),
        parents=frozenset(
            uuid
            for each in staying
            if own_kind(each["type"]) == RUN
            for uuid in _uuids(_outputs(each))
        ),
        settled=state.tokens,
        left=frozenset(token for each in resources for token in _left(_outputs(each))),
        in_doubt=_in_doubt(state, urns),
        names=names,
        suffix=f"/{project}/{stack}" if project and stack else "",
        resources_by_mark={
            Mark.of(name, urn, "").resource: resource
            for name in names
            for urn, resource in urns.items()
        },
        leaving=tuple(_recorded(r, providers.get(str(r.get("provider")))) for r in leaving),
    )


def _in_doubt(state: StackState, urns: Mapping[str, Named]) -> dict[str, Named]:
    return {
        start.token: resource
        for urn, resource in urns.items()
        if own_kind(type_of(urn)) in (RUN, BATCH)
        for start in state.unconfirmed(urn, "")
    }


def _named(resources: Iterable[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Return the names of project and stack that the URNs have."""
    first = next((str(each["urn"]) for each in resources if each.get("urn")), None)
    return (urn_parts(first)[1], stack_of(first)) if first else None


def _names(ours: Iterable[Mapping[str, Any]], project: str, stack: str) -> frozenset[str]:
    """Return the stack's names as runs carry them.

    After `pulumi stack rename` older runs carry the older name, as do their resources.
    """
    # The name that a run carries is as long as a tag may be.
    found = {_text((each.get("inputs") or {}).get(STACK))[:MAX_TAG_VALUE] for each in ours} - {""}
    now = {f"{name.partition('/')[0]}/{project}/{stack}"[:MAX_TAG_VALUE] for name in found}
    return frozenset(found | now)


def _recorded(resource: Mapping[str, Any], provider: OwnProvider | None) -> Recorded:
    return Recorded(
        provider=provider.name if provider else "",
        place=provider.config if provider else {},
        urn=str(resource["urn"]),
        parent=resource.get("parent"),
        id=str(resource.get("id", "")),
        type=own_kind(resource["type"]),
        outputs=_outputs(resource),
        since=str(resource.get("created", "")),
        is_external=bool(resource.get("external")),
    )


def _is_ours(resource: Mapping[str, Any]) -> bool:
    return bool(own_kind(resource.get("type")))


def _is_to_be_ended(resource: Mapping[str, Any]) -> bool:
    """Tell whether it was replaced, and the engine and its on_delete say that it ends."""
    is_kept = _outputs(resource).get("onDelete") == "keep"
    return is_marked(resource) and _has_run(resource) and not is_kept


def _has_run(resource: Mapping[str, Any]) -> bool:
    """Tell whether it stands for something at the service: a start in doubt has no ARN yet."""
    return bool(_text(_outputs(resource).get("arn")))


def _uuids(outputs: Mapping[str, Any]) -> Iterable[str]:
    found = [outputs, *_listed(outputs.get("earlierAttempts")), *_listed(outputs.get("batches"))]
    return [_text(each["uuid"]) for each in found if _text(each.get("uuid"))]


def _left(outputs: Mapping[str, Any]) -> set[str]:
    """Return the requestIds that a resource notes as dealt with, but for those of its own runs.

    A second run of an own requestId is none that was left: the service has forgotten the first.
    """
    own = {_text(each.get("requestId")) for each in (outputs, *_listed(outputs.get("batches")))}
    noted = outputs.get(SETTLED)
    return ({_text(token) for token in noted} if isinstance(noted, list) else set()) - own


def _outputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = resource.get("outputs") or {}
    return found


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return SIGNATURE in value or any(map(_has_secret, value.values()))
    return isinstance(value, list) and any(map(_has_secret, value))
