"""Preflight: what a preview says of the runs that the update would start.

It runs in the program, in a preview alone. A run that is to be made or replaced has no id yet; all
such runs are gathered, everything that they name is looked up once, and all problems are reported
together. A preview of a stack that starts nothing calls nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args
from weakref import WeakKeyDictionary

import pulumi
from pulumi import CustomResource, Output, ResourceOptions

from omics_provider.base import errors, settings
from omics_provider.base.settings import Mode
from omics_provider.base.values import contains_unknown
from omics_provider.base.words import some
from omics_provider.batches.rules.rows import Sample
from omics_provider.preflight import calls
from omics_provider.preflight.rules import judge, quotas, words
from omics_provider.preflight.rules.answers import Answer, Kind, Look
from omics_provider.providers._wire import received
from omics_provider.service import clients

from ._declare import Declared
from ._known import any_to_be_made, known_of, resources_of
from .provider import config_value, place_of

#: Seconds without news of a run after which those gathered are looked at, though others are still
#: to come; seconds between two looks at whether all have come.
_QUIET: Final = 2.0
_BETWEEN: Final = 0.05


@dataclass(frozen=True)
class Start:
    """A run that the update would start, or runs of a batch that are judged by one of them."""

    resource: pulumi.Resource
    name: str
    mode: Mode
    inputs: Mapping[str, Any]
    #: Inputs that resources of this stack give: the update may mend what is wrong with them.
    own: frozenset[str]
    #: Whether the run waits for a resource that this update makes.
    comes_after: bool
    #: The parameter template of a workflow that this update makes or changes.
    planned: Mapping[str, Any] | None
    #: How many runs it stands for, and the input files to look for: those of `inputs` where None.
    count: int = 1
    named: Mapping[str, str] | None = None

    def files(self) -> Mapping[str, str]:
        """Return the input files, each with where it stands."""
        return judge.files(self.inputs) if self.named is None else self.named

    def may_come(self, problem: judge.Problem) -> bool:
        """Tell whether what is missing may be made by this update, before the run."""
        is_version = problem.property == "workflowVersionName"
        return problem.is_absence and (
            self.comes_after or (is_version and problem.property in self.own)
        )


def declared(
    run: Declared, inputs: Mapping[str, Any], mode: Mode | None, opts: ResourceOptions | None
) -> None:
    """Have `run` looked at before it is started, where this is a preview and the mode says so.

    Raises ValueError for a mode that is none; RunError for one in the stack's configuration.
    """
    found = _gathering_of(run, mode)
    if found is None:
        return
    gathered, chosen = found
    gathered.declared += 1

    async def seen(run_id: Any) -> Any:
        # A run that stays has its id already.
        starts = []
        if not isinstance(run_id, str):
            starts = [await start(run, chosen, inputs, opts)]
        await gathered.add(starts)

    run.id.apply(seen, run_with_unknowns=True)


def batch_declared(
    batch: Declared,
    shared: Mapping[str, Any],
    samples: Sequence[Sample],
    mode: Mode | None,
    opts: ResourceOptions | None,
) -> None:
    """Have the batch's samples looked at before they start, as `declared` has a run.

    `shared` are the settings of all of them. Raises what that raises.
    """
    found = _gathering_of(batch, mode)
    if found is None:
        return
    gathered, chosen = found
    gathered.declared += 1

    async def seen(batches: Any) -> Any:
        starts: list[Start] = []
        # A resource that stays knows its batches; one that is made or changed does not yet.
        if not isinstance(batches, list):
            starts = list(_starts(await start(batch, chosen, shared, opts), samples))
        await gathered.add(starts)

    batch._output("batches").apply(seen, run_with_unknowns=True)


def _gathering_of(resource: CustomResource, mode: Mode | None) -> tuple[Gathering, Mode] | None:
    """Return what gathers the starts of this preview, and the mode; None where nothing looks.

    Raises ValueError for a mode that is none; RunError for one in the stack's configuration.
    """
    if mode is not None and mode not in get_args(Mode):
        raise ValueError(f'preflight is "off", "warn" or "fail", not {mode!r}.')
    if not pulumi.runtime.is_dry_run():
        return None
    try:
        mode = mode or settings.preflight_mode(config_value)
    except errors.SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    return None if mode == "off" else (_gathering(place_of(resource)), mode)


# One run -------------------------------------------------------------------------------------


async def start(
    resource: pulumi.Resource,
    mode: Mode,
    inputs: Mapping[str, Any],
    opts: ResourceOptions | None,
) -> Start:
    """Return a start with what a preview knows of it."""
    own: set[str] = set()
    known: dict[str, Any] = {}
    for wire, value in inputs.items():
        if value is not None:
            known[wire], is_own = await known_of(value)
            if is_own:
                own.add(wire)
    comes_after = await any_to_be_made(await resources_of(opts.depends_on) if opts else [])
    name, planned = resource._name, await _planned(inputs)
    # A run to take over is looked for, and starts nothing.
    count = 1 if judge.is_start(inputs) else 0
    return Start(resource, name, mode, known, frozenset(own), comes_after, planned, count)


async def _planned(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the template of the version that an OmicsWorkflow of the stack will have.

    None where no such workflow gives the version, or where it has no template of its own: then the
    service reads it from the definition.
    """
    version = inputs.get("workflowVersionName")
    source = inputs.get("workflowId") if version is None else version
    if not isinstance(source, Output):
        return None
    for maker in await source.resources():
        if isinstance(maker, Declared) and "parameterTemplate" in maker._table.by_wire:
            if version is None and await maker.id.is_known():
                continue
            template = await maker._output("parameterTemplate").future(with_unknowns=True)
            known = received({"template": template})["template"]
            return known if isinstance(known, dict) and not contains_unknown(known) else None
    return None


# Runs of a batch ---------------------------------------------------------------------------


def _starts(whole: Start, samples: Sequence[Sample]) -> Iterator[Start]:
    """Give a start for the samples that have parameters of the same names and the same bucket."""
    groups: dict[tuple[frozenset[str], str | None], list[Sample]] = {}
    for sample in samples:
        bucket = judge.bucket_of(sample.own.get("outputUri"))
        groups.setdefault((frozenset(_parameters(sample)), bucket), []).append(sample)
    for group in groups.values():
        such_as = f", such as {group[0].id}" if len(groups) > 1 else ""
        yield replace(_judged_by(whole, group), name=f"{whole.name}{such_as}", count=len(group))


def _judged_by(whole: Start, group: Sequence[Sample]) -> Start:
    own, shared = _parameters(group[0]), whole.inputs.get("parameters", {})
    inputs = {**whole.inputs}
    if "outputUri" in group[0].own:
        inputs["outputUri"] = group[0].own["outputUri"]
    left: Mapping[str, Any] = {}
    if isinstance(shared, Mapping):
        # Where the program does not know them all yet, none is missed.
        inputs["parameters"] = {**shared, **own}
        left = {name: value for name, value in shared.items() if name not in own}
    return replace(whole, inputs=inputs, named=_files(left, group))


def _files(shared: Mapping[str, Any], group: Sequence[Sample]) -> dict[str, str]:
    """Return the input files of some samples from all parts of the group."""
    found = judge.files({"parameters": shared})
    places = judge.sample(range(len(group)), calls.FILES)
    for sample in (group[place] for place in places):
        for uri, path in judge.files({"parameters": _parameters(sample)}).items():
            found.setdefault(uri, f"{path} of {sample.id}")
    return found


def _parameters(sample: Sample) -> Mapping[str, Any]:
    """Return the sample's own parameters, without those that None takes away."""
    own = sample.own.get("parameters") or {}
    return {name: value for name, value in own.items() if value is not None}


# All runs ------------------------------------------------------------------------------------


@dataclass
class Gathering:
    """The runs of one preview, and what was found for them."""

    place: settings.Settings
    declared: int = 0
    come: int = 0
    latest: float = 0.0
    starts: list[Start] = field(default_factory=list)
    answers: dict[Look, Answer] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    files: int = 0
    report: asyncio.Task[bool] | None = None

    async def add(self, starts: Sequence[Start]) -> None:
        """Take what a resource starts, nothing where it stays, and wait until it is looked at."""
        self.come += 1
        self.latest = time.monotonic()
        if not starts:
            return
        self.starts += starts
        if self.report is not None:
            await asyncio.wait([self.report])
            return
        self.report = asyncio.ensure_future(self._report())
        if await self.report:
            # What is logged for a resource is on its way one turn of the loop later.
            await asyncio.sleep(0)
            raise pulumi.RunError(
                f"{words.HEADLINE}: nothing starts, because of the problems above. "
                'With preflight="warn", or omics:preflight, the update continues.'
            )

    async def _report(self) -> bool:
        """Look at the runs that have come, and tell whether the preview has to fail."""
        # boto3 takes a quarter of a second, in which more runs come.
        await asyncio.to_thread(clients.load)
        while self.come < self.declared and time.monotonic() < self.latest + _QUIET:
            await asyncio.sleep(_BETWEEN)
        starts = sorted(self.starts, key=lambda start: start.name)
        self.starts, self.report = [], None
        try:
            place = await self._looked_up(starts)
        except errors.OmicsError as error:
            self._note(words.blind(error), pulumi.log.warn)
            return False
        return self._tell(starts, place)

    async def _looked_up(self, starts: Sequence[Start]) -> judge.Place:
        region = await asyncio.to_thread(calls.region, self.place)
        looks = [look for start in starts for look in judge.looks(start.inputs)]
        uris = [uri for start in starts for uri in start.files()]
        chosen = judge.sample(list(dict.fromkeys(uris)), calls.FILES - self.files)
        self.files += len(chosen)
        await asyncio.gather(
            self._look([Look(Kind.PLACE), *looks], calls.SECONDS),
            self._look([Look(Kind.FILE, (uri,)) for uri in chosen], calls.FILE_SECONDS),
        )
        storages = {quotas.storage_of(s.inputs, self.answers) for s in starts if s.count}
        codes = [code for storage, code in quotas.CONCURRENT.items() if storage in storages]
        limits = [Look(Kind.QUOTA, (code,)) for code in (*codes, quotas.STORED)]
        await self._look(limits if storages else [], calls.QUOTA_SECONDS)
        return calls.place(self.place, region, self.answers)

    async def _look(self, looks: Iterable[Look], seconds: float) -> None:
        """Look up what has not been looked up yet."""
        new = [look for look in dict.fromkeys(looks) if look not in self.answers]
        self.answers |= await asyncio.to_thread(calls.look_up, self.place, new, seconds)

    # What is told ------------------------------------------------------------------------

    def _tell(self, starts: Sequence[Start], place: judge.Place) -> bool:
        found: dict[tuple[str, bool], list[Start]] = {}
        later = 0
        for start in starts:
            for problem in judge.problems(
                start.inputs, self.answers, place, start.planned, start.named
            ):
                if start.may_come(problem):
                    later += 1
                    continue
                fails = start.mode == "fail" and problem.property not in start.own
                found.setdefault((str(problem), fails), []).append(start)
        troubles, news = quotas.quota_news(
            [quotas.storage_of(s.inputs, self.answers) for s in starts for _ in range(s.count)],
            self.answers,
        )
        for trouble in troubles:
            found[trouble, all(s.mode == "fail" for s in starts)] = list(starts)
        _report(found)
        for line, stops in words.unseen(self.answers).items():
            self._note(line, pulumi.log.warn if stops else pulumi.log.info)
        for line in news:
            self._note(line)
        if later:
            self._note(_not_checked(later))
        return any(fails for _, fails in found)

    def _note(self, text: str, tell: Callable[[str], None] = pulumi.log.info) -> None:
        if text not in self.told:
            self.told.add(text)
            at = f" at {self.place.provider}" if self.place.provider else ""
            tell(f"{words.HEADLINE}{at}: {text}")


def _report(found: Mapping[tuple[str, bool], Sequence[Start]]) -> None:
    """Report the problems: those of the same runs in one message."""
    messages: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    by_name: dict[str, Start] = {}
    for (text, fails), starts in found.items():
        names = tuple(start.name for start in starts)
        by_name |= {start.name: start for start in starts}
        messages.setdefault((names, fails), []).append(text)
    for (names, fails), lines in messages.items():
        tell = pulumi.log.error if fails else pulumi.log.warn
        starts = [by_name[name] for name in names]
        resources = {start.resource for start in starts}
        text = "\n".join(f"  {line}" for line in lines)
        about = resources.pop() if len(resources) == 1 else None
        tell(f"{words.HEADLINE} of {_which(starts)}:\n{text}", resource=about)


def _which(starts: Sequence[Start]) -> str:
    many = sum(start.count for start in starts)
    if many == 1 and starts[0].name == starts[0].resource._name:
        return "this run"
    of_one = len(starts) > 1 and len({start.resource for start in starts}) == 1
    names = [starts[0].resource._name] if of_one else [start.name for start in starts]
    return f"{many:,} {'run' if many == 1 else 'runs'} ({some(names, 5)})"


def _not_checked(missing: int) -> str:
    one = "1 thing is missing and was not checked: this update may create it before the runs."
    many = f"{missing:,} things are missing and were not checked: this update may create them"
    return one if missing == 1 else f"{many} before the runs."


_gatherings: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[settings.Settings, Gathering]] = (
    WeakKeyDictionary()
)


def _gathering(place: settings.Settings) -> Gathering:
    """Return the gathering of this preview: one for each place and event loop."""
    loop = asyncio.get_event_loop()
    return _gatherings.setdefault(loop, {}).setdefault(place, Gathering(place))
