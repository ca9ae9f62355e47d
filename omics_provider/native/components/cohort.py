"""omics:RunCohort: one run for each sample of a sheet, an omics:Run `<name>-<sample id>`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2

from omics_provider.base import checks
from omics_provider.base.keys import ON_FAILURE, WAIT
from omics_provider.base.settings import Settings
from omics_provider.base.status import UNSUCCESSFUL
from omics_provider.base.values import UNKNOWN, contains_unknown
from omics_provider.base.words import some
from omics_provider.batches.samples import override_of
from omics_provider.engine.urn import RUN, native
from omics_provider.native import tables, values
from omics_provider.native.declarations import SHEET, sheet_of
from omics_provider.native.failures import Told
from omics_provider.native.values import Bag, Path
from omics_provider.preflight import columns
from omics_provider.runs.rules import cohort, declaration
from omics_provider.sheets import content
from omics_provider.sheets.parameters import Sample
from omics_provider.sheets.sheet import SheetError

from .monitor import Monitor, Registered, monitor

Properties = dict[str, Any]

_RUN: Final = native(RUN)
_RUNS: Final = tables.RUN.in_api_names()
_COHORT: Final = tables.COHORT.in_api_names()
_TOLD: Final = tuple(row.wire for row in tables.TYPES["CohortRun"] if row.wire != "id")
#: Inputs of a run that say which workflow it is of.
_WORKFLOW: Final = ("workflowId", "workflowType", "workflowOwnerId", "workflowVersionName")
#: What stands in a sheet for a cell that a preview does not know.
_LATER: Final = "(not known yet)"


def construct(request: Any, settings: Settings) -> Any:
    """Register the runs of a cohort, and return it. Raises Told with all that is wrong with it."""
    given = values.received(request.inputs)
    try:
        declared = _Runs(_declared(given.properties, given.concealed), settings)
        runs = declared.of_all()
    except (SheetError, content.Unreadable, cohort.Wrong, columns.Unknown) as error:
        raise Told(
            f"Cohort {request.name} can't be created, and none of its runs starts or changes:\n"
            f"{error}"
        ) from None
    with monitor(request) as engine:
        urn = engine.component()
        bags = {id_: Bag(run, _secrets(given.secrets, id_, run)) for id_, run in runs.items()}
        registered = _registered(request.name, engine, urn, bags)
        told = {id_: _told(each) for id_, each in registered.items()}
        borne = {id_: told[id_] for id_ in declared.borne if id_ in told}
        _require_enough(request.name, declared.most, borne)
        engine.tell(urn, {"runs": told})
    dependencies = provider_pb2.ConstructResponse.PropertyDependencies(
        urns=[each.urn for each in registered.values()]
    )
    return provider_pb2.ConstructResponse(
        urn=urn, state=values.sent({"runs": told}), stateDependencies={"runs": dependencies}
    )


# What is declared --------------------------------------------------------------------------------


def _declared(given: Properties, concealed: list[str]) -> Properties:
    """Return what the program gives, if nothing is wrong with it. Raises cohort.Wrong."""
    found = checks.problems(_COHORT, {**given, checks.CONCEALED: concealed})
    wrong = [each.told(_COHORT) for each in found]
    wrong += [
        f"{wire}: is not known yet. Each sample names a resource, so give a file, or known values"
        for wire in (*SHEET, "template", "maxFailures")
        if given.get(wire) is UNKNOWN
    ]
    if wrong:
        raise cohort.Wrong("\n".join(wrong))
    return given


class _Runs:
    """The inputs of a cohort's runs."""

    def __init__(self, declared: Properties, settings: Settings) -> None:
        self._template: Properties = declared["template"]
        self._overrides: Properties | None = declared.get("overrides")
        #: How many runs may fail, and the samples whose runs count.
        self.most = int(declared.get("maxFailures") or 0)
        self.borne: list[str] = []
        self._columns = _Columns(settings) if declared.get("parameters") is None else None
        self._declared = declared

    def of_all(self) -> dict[str, Properties]:
        """Return the inputs of each sample's run, by sample id.

        Raises SheetError, content.Unreadable, cohort.Wrong and columns.Unknown.
        """
        sheet = sheet_of({**self._declared, "samples": _hidden(self._declared["samples"])})
        return cohort.runs(sheet.samples(self._overrides), self._of, _wrong)

    def _of(self, sample: Sample) -> Properties:
        override = cohort.override(override_of(sample, self._overrides), _RUNS.resource)
        run = {"name": sample.id, **self._template, **override}
        cells: Any = _shown(sample.parameters)
        if self._columns:
            cells = self._columns.named(run, cells)
        for wire, from_sheet in (("parameters", cells), ("tags", None)):
            run[wire] = _merged(self._template.get(wire), from_sheet, override.get(wire))
        if self.most and run.get(WAIT) is True and run.get(ON_FAILURE) != "warn":
            # The cohort counts, and fails for them.
            run[ON_FAILURE] = "warn"
            self.borne.append(sample.id)
        return {wire: value for wire, value in run.items() if value is not None}


def _merged(*layers: Any) -> Any:
    if any(layer is UNKNOWN for layer in layers):
        return UNKNOWN
    wrong = [layer for layer in layers if not isinstance(layer, Mapping | None)]
    # The check of the run says what is wrong with it.
    return wrong[0] if wrong else cohort.merged(*layers)


def _wrong(run: Properties) -> Iterator[str]:
    concealed = {checks.CONCEALED: list(run)}
    for problem in declaration.problems({**run, **concealed}, _RUNS):
        yield problem.told(_RUNS)


def _hidden(cells: Any) -> Any:
    """Return the samples with a text for each cell that a preview does not know."""
    if cells is UNKNOWN:
        return _LATER
    if isinstance(cells, Mapping):
        return {key: _hidden(each) for key, each in cells.items()}
    return [_hidden(each) for each in cells] if isinstance(cells, list) else cells


def _shown(value: Any) -> Any:
    if isinstance(value, str) and _LATER in value:
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value


class _Columns:
    """The parameters of the workflows that a cohort runs, each looked up once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[tuple[Any, ...], frozenset[str] | None] = {}

    def named(self, run: Properties, cells: Properties) -> Any:
        """Return the cells whose column is a parameter of the run's workflow."""
        key = tuple(run.get(wire) for wire in _WORKFLOW)
        if contains_unknown(list(key)):
            return UNKNOWN
        if any(not isinstance(each, str | None) for each in key):
            # The check of the run says what is wrong with it.
            return cells
        if key not in self._known:
            self._known[key] = columns.parameters(self._settings, *key)
        return cohort.named(cells, self._known[key])


def _secrets(secrets: frozenset[Path], id_: str, run: Properties) -> frozenset[Path]:
    """Return where the secrets of what the program gives are among the inputs of a sample's run."""
    found: set[Path] = set()
    for path in secrets:
        below = path[1:] if path[0] == "template" else path[2:]
        if path[0] == "overrides" and len(path) > 1 and path[1] != id_:
            continue
        if path[0] not in ("template", "overrides"):
            found.add(("parameters",))
        elif below:
            found.add(below)
        else:
            found |= {(wire,) for wire in run}
    return frozenset(found)


# At the engine -----------------------------------------------------------------------------------


def _registered(
    name: str, engine: Monitor, urn: str, runs: Mapping[str, Bag]
) -> dict[str, Registered]:
    """Register all runs at once; return what the engine tells of those that it could make."""
    child = partial(engine.child, urn, _RUN)
    asked = {id_: child(f"{name}-{id_}", inputs) for id_, inputs in runs.items()}
    try:
        found = {id_: future.result() for id_, future in asked.items()}
    except grpc.RpcError:
        # The update ends: of a run that could not be made, or by the user.
        _fail(name)
    return {id_: each for id_, each in found.items() if each.result == resource_pb2.Result.SUCCESS}


def _fail(name: str) -> NoReturn:
    raise Told(
        f"Cohort {name} is not complete: the engine ended the update before all of its runs were "
        f"created. The engine's messages beside the runs have the reason. Run `pulumi up` again: "
        f"it continues with the missing runs."
    )


def _told(registered: Registered) -> Properties:
    known = values.received(registered.object).properties
    return {
        "id": registered.id or UNKNOWN,
        **{wire: known[wire] for wire in _TOLD if wire in known},
    }


def _require_enough(name: str, most: int, ended: Mapping[str, Properties]) -> None:
    """Raise Told where more of the runs that ended have failed than the declaration allows."""
    failed = [id_ for id_, each in ended.items() if each.get("status") in UNSUCCESSFUL]
    if len(failed) > most:
        raise Told(
            f"{len(failed)} of {len(ended)} samples of the cohort {name} failed, {most} may: "
            f"{some(failed)}. The warnings beside the runs have the reasons. Give the samples a "
            f"new "
            "`rerun`, or allow more maxFailures."
        )
