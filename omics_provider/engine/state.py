"""What a stack's recorded state says of starts whose outcome it does not know.

The engine writes down, before it asks a provider to create a resource, that it is about to: with
the resource's URN and checked inputs, among them the attempt. An update that dies leaves that entry
behind (`pending_operations`), also after a later update has created the resource. A start whose
outcome stayed unknown is recorded by this package as a resource without a run, a placeholder.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from omics_provider.base.identity import Mark, account_of, is_retry, region_of, start_token
from omics_provider.base.keys import (
    ATTEMPT,
    BESIDE_A_START,
    DEFAULT_ON_DELETE,
    EARLIER,
    SETTLED,
    STACK,
)
from omics_provider.base.values import equal

from .urn import kind_of, own_kind, urn_in

_CREATING: Final = "creating"
_DELETING: Final = "deleting"
#: How many ended starts a resource keeps a note of. Only those of the last minutes matter.
_NOTED: Final = 50
#: Updates that create; refreshes and previews do not.
_CHANGING: Final = frozenset({"update", "destroy"})
#: The update that runs now is in the history, too, with some backends.
_ENDED: Final = frozenset({"succeeded", "failed"})
#: How the engine writes a secret into a state: this key beside its JSON text `plaintext`, or its
#: `ciphertext` where secrets were not asked for (pulumi, sdk/go/common/resource).
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
#: How far the clock of the machine that ran a failed update may have been off.
_CLOCKS: Final = timedelta(minutes=15)
#: How long ago an update may have been that left no trace in the stack.
_UNNOTICED: Final = timedelta(days=7)
#: What the engine notes beside a resource whose delete it will not ask for.
_LEFT: Final = ("external", "protect", "retainOnDelete", "deletedWith")
#: What is a resource's own, the best first. A resource that nothing started has no attempt.
_MARKS: Final = (ATTEMPT, "uuid", "arn")

Resource = Mapping[str, Any]


class EarlierStart(NamedTuple):
    """A start of a resource that nothing records: its requestId, and the inputs it was made for."""

    token: str
    inputs: Mapping[str, Any]

    def is_for(self, inputs: Mapping[str, Any]) -> bool:
        """Tell whether it was made for the same run as `inputs` declare."""
        names = self.inputs.keys() | inputs.keys()
        wires = [w for w in names if not w.startswith("__") and w not in BESIDE_A_START]
        return all(
            (w in self.inputs) == (w in inputs) and equal(self.inputs.get(w), inputs.get(w))
            for w in wires
        )


@dataclass(frozen=True)
class StackState:
    """A stack's state, as `pulumi stack export` prints it."""

    resources: tuple[Resource, ...] = ()
    creating: tuple[Resource, ...] = ()
    deleting: tuple[Resource, ...] = ()
    #: When the first of the updates began that have failed since one succeeded, ISO 8601 in UTC;
    #: None where the last one succeeded. Such an update may have started a run that nothing names:
    #: the engine drops its note where the plugin alone dies.
    failing_since: str | None = None
    #: When the last update before those began that succeeded, None where there was none. Whatever
    #: was started before it is recorded, or was released.
    succeeded_at: str | None = None
    #: When the oldest resource of any kind was recorded.
    begun_at: str | None = None

    @functools.cached_property
    def own(self) -> tuple[Resource, ...]:
        """The resources of this package.

        Others may have outputs of the same names, and so may what the stack itself exports.
        """
        return tuple(r for r in self.resources if own_kind(kind_of(str(r.get("urn")))))

    @property
    def lost_since(self) -> datetime | None:
        """When failed updates may first have started what nothing names; None where none failed."""
        if not self.failing_since:
            return None
        begin = datetime.fromisoformat(self.failing_since) - _CLOCKS
        if self.succeeded_at:
            return max(begin, datetime.fromisoformat(self.succeeded_at))
        return begin

    def unnoticed_since(self, update: datetime) -> datetime | None:
        """When an update may first have started what neither a note nor the history tells of.

        The engine drops its note where the plugin dies. Where it dies itself before it has written
        the history, nothing says that there was an update. `update` is when this one began. None
        where no other came before it, or where the history tells of failures. A few days at most:
        in a busy account there are many runs to look through.
        """
        if self.failing_since:
            return None
        first = self.succeeded_at or self.begun_at
        if first is None or datetime.fromisoformat(first) >= update:
            return None
        return max(datetime.fromisoformat(first), update - _UNNOTICED)

    def lost(self, stack: str, urn: str, earlier: Iterable[EarlierStart]) -> Callable[[Mark], bool]:
        """Return what tells the marks of those starts of resource `urn` that nothing names.

        `stack` is the one in the resource's inputs, `earlier` are the starts that the state names.
        """
        own = Mark.of(stack, urn, "").resource
        recorded, named = self.tokens, {start.token for start in earlier}
        return lambda mark: (
            mark.resource == own
            and mark.token not in recorded
            and mark.token not in named
            and not is_retry(mark.token)
        )

    def notes(self, mark: str) -> bool:
        """Tell whether the engine has noted that it is about to create what carries `mark`."""
        return any(mark in _marks(each) for each in self.creating)

    def knows(self, mark: str) -> bool:
        """Tell whether a recorded resource carries `mark`, or a note of the engine."""
        return mark in self._known or self.notes(mark)

    def holders(self, key: str) -> Set[str]:
        """Return the URNs that record an ARN, or the id of what has none.

        What another resource holds is not what a start of resource `urn` made; what `urn` itself
        holds may be. Two accounts or Regions may use the same id at once, and ids are used again:
        what a resource leaves behind may have given its id to the next.
        """
        return self._holders.get(key, frozenset())

    def is_ending(self, urn: str, run_id: str) -> bool:
        """Tell whether an update was interrupted while it ended the run that `urn` still has."""
        return any(
            each.get("urn") == urn and str(each.get("id")) == run_id and self._has(each)
            for each in self.deleting
        )

    def is_ending_another(self, urn: str) -> bool:
        """Tell the same of a run of another resource of the kind of `urn`."""
        return any(
            each.get("urn") != urn
            and own_kind(kind_of(str(each.get("urn")))) == own_kind(kind_of(urn))
            and self._has(each)
            for each in self.deleting
        )

    def is_left_over(self, urn: str, id_: str) -> bool:
        """Tell whether `id_` is what an earlier replacement of `urn` is still to delete."""
        marks = [bool(r.get("delete")) for r in self._of(urn) if r.get("id") == id_]
        return bool(marks) and all(marks)

    def beside(self, urn: str, arn: str) -> list[Resource]:
        """Return the resources that go through the provider of `urn`, in the Region of `arn`."""
        through = {r.get("provider") for r in self._of(urn)}
        return [
            r
            for r in self.resources
            if r.get("provider") in through
            and region_of(_arn(r)) == region_of(arn)
            and account_of(_arn(r)) == account_of(arn)
        ]

    def keeps(self, urn: str) -> bool:
        """Tell whether, of the resources `urn`, one stays after another is deleted.

        The one that is being deleted is among them: alone in a destroy, marked in a replacement.
        """
        return _one_stays(self._of(urn))

    def keeps_run(self, uuid: str) -> bool:
        """Tell the same of the resources that point to the run of `uuid`, but those of `get`."""
        return _one_stays([r for r in self._by_uuid.get(uuid, ()) if not r.get("external")])

    def keeps_run_in_destroy(self, uuid: str) -> bool:
        """Tell whether a resource that adopted the run of `uuid` leaves it to another one.

        In the destroy of a whole stack that is the one that started it, or one that spares it.
        """
        return any(
            not r.get("external")
            and (
                "requestId" in _outputs(r)
                or _outputs(r).get("onDelete") == "keep"
                or is_left_in_destroy(r)
            )
            for r in self._by_uuid.get(uuid, ())
        )

    def records(self, uuid: str) -> bool:
        """Tell whether a resource that is not about to be deleted has the run of `uuid`."""
        return any(not r.get("delete") for r in self._by_uuid.get(uuid, ()))

    def unconfirmed(self, urn: str, own_attempt: str) -> tuple[EarlierStart, ...]:
        """Return the starts of `urn` before `own_attempt` that nothing records, oldest first."""
        settled = self._settled(urn)
        starts = {start.token: start for start in self._starts(urn, own_attempt)}
        return tuple(start for token, start in starts.items() if token not in settled)

    @functools.cached_property
    def tokens(self) -> frozenset[str]:
        """The requestIds that recorded runs were started with."""
        return frozenset(t for r in self.own for t in _settled(_outputs(r)))

    def settled(self, urn: str) -> tuple[str, ...]:
        """Return the tokens that the engine still holds for interrupted, but that are not."""
        settled = self._settled(urn)
        tokens = dict.fromkeys(start.token for start in self._starts(urn, ""))
        return tuple(token for token in tokens if token in settled)

    def outlived(self, urn: str) -> tuple[str, ...]:
        """Return the requestIds of runs of `urn` that live on after a replacement, the last ones.

        Without a note of them, one would be taken for the run of an update that failed.
        """
        tokens: list[str] = []
        for outputs in map(_outputs, self._of(urn)):
            tokens += outputs.get(SETTLED, ())
            if outputs.get("requestId") and outputs.get("onDelete") != DEFAULT_ON_DELETE:
                tokens.append(str(outputs["requestId"]))
        return tuple(dict.fromkeys(tokens))[-_NOTED:]

    def _settled(self, urn: str) -> set[str]:
        return {t for r in self._of(urn) for t in _settled(_outputs(r))}

    def _starts(self, urn: str, own_attempt: str) -> Iterator[EarlierStart]:
        for resource in self.creating:
            if resource.get("urn") == urn:
                yield from _starts(urn, _inputs(resource), {}, own_attempt)
        for resource in self._of(urn):
            if is_placeholder(_outputs(resource)):
                yield from _starts(urn, _inputs(resource), _outputs(resource), own_attempt)

    def _has(self, deleting: Resource) -> bool:
        """Tell whether what is being deleted is recorded as what its resource stands for."""
        return any(
            r.get("id") == deleting.get("id") and not r.get("delete")
            for r in self._of(str(deleting.get("urn")))
        )

    def _of(self, urn: str) -> list[Resource]:
        return self._by_urn.get(urn, [])

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(mark for each in self.own for mark in _marks(each))

    # Each of these is asked for each run of an update: its work must not grow with the stack.

    @functools.cached_property
    def _holders(self) -> dict[str, set[str]]:
        """The URNs that record each ARN, or each id without one."""
        found: dict[str, set[str]] = {}
        for resource in self.resources:
            if resource.get("id") and not is_leaving(resource):
                key = _arn(resource) or str(resource["id"])
                found.setdefault(key, set()).add(str(resource.get("urn")))
        return found

    @functools.cached_property
    def _by_uuid(self) -> dict[str, list[Resource]]:
        return _grouped(self.own, lambda each: str(_outputs(each).get("uuid")))

    @functools.cached_property
    def _by_urn(self) -> dict[str, list[Resource]]:
        return _grouped(self.resources, lambda each: str(each.get("urn")))


def _grouped(
    resources: Iterable[Resource], key: Callable[[Resource], str]
) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        found.setdefault(key(resource), []).append(resource)
    return found


def mark_of(properties: Mapping[str, Any]) -> str:
    """Return what tells a resource from all others of all stacks; empty where nothing does.

    Its attempt is drawn at random when it is about to be created, so a stack of the same name, with
    a resource of the same name, has another.
    """
    return next((found for found in map(properties.get, _MARKS) if isinstance(found, str)), "")


def parse(export: Mapping[str, Any], history: Sequence[Mapping[str, Any]] = ()) -> StackState:
    """Read what `pulumi stack export` (deployment version 3) and `pulumi stack history` printed."""
    deployment = export.get("deployment") or {}
    resources: Sequence[Resource] = deployment.get("resources") or ()
    pending: Sequence[Mapping[str, Any]] = deployment.get("pending_operations") or ()
    return StackState(
        tuple(resources),
        tuple(op["resource"] for op in pending if op.get("type") == _CREATING),
        tuple(op["resource"] for op in pending if op.get("type") == _DELETING),
        *_outcomes(history),
        min((str(each["created"]) for each in resources if each.get("created")), default=None),
    )


def _outcomes(history: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Return since when updates have failed, and when the last one began that succeeded."""
    ended = [u for u in history if u.get("kind") in _CHANGING and u.get("result") in _ENDED]
    failed = list(itertools.takewhile(lambda u: u["result"] != "succeeded", ended))
    since = min((str(update["startTime"]) for update in failed), default=None)
    succeeded = next((str(u["startTime"]) for u in ended[len(failed) :]), None)
    return since, succeeded


def _marks(resource: Resource) -> Iterator[str]:
    for properties in (resource.get("inputs") or {}, _outputs(resource)):
        for name in _MARKS:
            found = properties.get(name)
            if isinstance(found, str):
                yield found


def is_leaving(resource: Resource) -> bool:
    """Tell whether another resource takes a recorded one's place, or has taken it."""
    return bool(resource.get("delete") or resource.get("pendingReplacement"))


def is_placeholder(outputs: Mapping[str, Any]) -> bool:
    """Tell whether recorded outputs stand for a start whose outcome is not known."""
    return bool(outputs.get("requestId")) and not outputs.get("uuid")


def is_left_in_destroy(resource: Resource) -> bool:
    """Tell whether the engine will not ask for the delete of a recorded resource.

    It refuses to delete what is protected only when its turn comes: others are gone by then.
    """
    return any(resource.get(mark) for mark in _LEFT)


def _one_stays(resources: Sequence[Resource]) -> bool:
    return len(resources) > 1 and any(not r.get("delete") for r in resources)


def _starts(
    urn: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], own_attempt: str
) -> Iterator[EarlierStart]:
    for token in outputs.get(EARLIER, ()):
        yield EarlierStart(str(token), inputs)
    attempt = inputs.get(ATTEMPT)
    if attempt and attempt != own_attempt:
        stack = str(inputs.get(STACK, ""))
        yield EarlierStart(start_token(stack, urn_in(stack, urn), str(attempt)), inputs)


def _settled(outputs: Mapping[str, Any]) -> Iterator[str]:
    yield from outputs.get(SETTLED, ())
    if outputs.get("uuid") and outputs.get("requestId"):
        yield str(outputs["requestId"])


def _inputs(resource: Resource) -> Mapping[str, Any]:
    return {key: _revealed(value) for key, value in (resource.get("inputs") or {}).items()}


def _revealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        if SIGNATURE in value and "plaintext" in value:
            return json.loads(value["plaintext"])
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return value


def _arn(resource: Resource) -> str:
    found = _outputs(resource).get("arn")
    return found if isinstance(found, str) else ""


def _outputs(resource: Resource) -> Mapping[str, Any]:
    found: Mapping[str, Any] = resource.get("outputs") or {}
    return found
