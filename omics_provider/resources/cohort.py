"""RunCohort: one run for each sample of a sample sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from functools import cached_property, partial
from typing import Any, Final, Unpack

import pulumi
from pulumi import Output, ResourceOptions

from omics_provider.base.settings import Settings
from omics_provider.base.words import some
from omics_provider.batches.samples import Overrides, Sheet, override_of
from omics_provider.preflight import columns
from omics_provider.runs.rules import cohort, declaration
from omics_provider.runs.rules.run_table import COHORT, TABLE
from omics_provider.sheets.parameters import Sample
from omics_provider.sheets.sheet import SheetError

from ._arguments import CohortArguments
from ._declare import inputs_of, known_now, takes
from ._facts import RunFacts, facts_by_key
from ._samples import content
from .provider import place_of_child
from .run import OmicsRun
from .wait import OnFailure, wait_all

#: Arguments of OmicsRun that say which workflow is run.
_WORKFLOW: Final = (
    "workflow_id", "workflow_type", "workflow_owner_id", "workflow_version_name",
)  # fmt: skip


@takes(COHORT)
class RunCohort(pulumi.ComponentResource):
    """The samples of a sample sheet, each with its own run: an OmicsRun `<name>-<sample id>`.

    The sheet in git is the declaration. A new row starts a run, a changed row replaces a run, and
    a removed row deletes a run. The order of rows and columns, line ends, quotes and unused
    columns make no difference.

    The other arguments are those of OmicsRun, as in `template`. `name` and `parameters` of a run
    go into the template, because they mean something else here.

    Raises:
        pulumi.RunError: names all problems of the sheet, with lines. Then no run of the cohort
            starts.

    Args:
        name: Pulumi's name of the cohort, and the beginning of the names of its runs.
        samples: Path of a CSV, TSV or JSON file, relative to the project; or the bytes of a file.
            Or Python values: mappings from column to cell, in a list or by sample id.
        template: Arguments of OmicsRun that all runs share. The sheet's parameters override the
            template's. `name` is by default the sample's id.
        id_column: The column with the sample ids; by default the column that Terra marks, or
            `sample`, `sample_id` or `sample_name`. Ids are letters, digits, '.', '_' and '-'.
        format: "csv", "tsv" or "json", if the file's name does not say it.
        parameters: What the workflow's parameters take from the sheet. A list names columns, each
            for the parameter of the same name. A mapping gives each parameter one of these: a text
            with "{column}" in it, a Column, a type, or an EachRow. A type is for the column of the
            parameter's name. With an EachRow, a sample may have several rows. Other columns are
            ignored. By default, one call of GetWorkflow finds the workflow's parameters. Each
            column with the name of a parameter gives it, if the cell is not empty.
        overrides: Further arguments of OmicsRun for single samples, by sample id, or a function
            that gives them for a row. Parameters and tags are merged with the shared ones, and None
            removes one. Any other argument is replaced.
        max_failures: How many samples may fail before `wait` and `outputs` fail the update; by
            default 0. A run that can't be started always fails it.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        runs: The runs by sample id, in the sheet's order.
        outputs: The workflow's outputs for each sample, when all runs have ended; None for a failed
            run.
    """

    #: The runs by sample id, in the sheet's order.
    runs: dict[str, OmicsRun]

    def __init__(
        self,
        name: str,
        opts: ResourceOptions | None = None,
        **arguments: Unpack[CohortArguments],
    ) -> None:
        given: dict[str, Any] = {**arguments}
        own = {argument.name: given.pop(argument.name, None) for argument in COHORT.arguments}
        try:
            shared = _shared(own["template"], given)
            found = _samples(own)
            headers = _Headers() if own["parameters"] is None else None
            self._max_failures = _allowed(own["max_failures"])
            runs = cohort.runs(
                found, partial(_arguments, shared, own["overrides"], headers, opts), _wrong
            )
        except (SheetError, cohort.Wrong, pulumi.RunError) as error:
            raise pulumi.RunError(
                f"Cohort {name} can't be created, and none of its runs starts or changes:\n{error}"
            ) from None
        super().__init__("omics:index:RunCohort", name, None, opts)
        beside = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        self.runs = {}
        for id_, run in runs.items():
            run_opts = ResourceOptions.merge(run.pop("opts"), beside)
            self.runs[id_] = OmicsRun(f"{name}-{id_}", **run, opts=run_opts)
        self.register_outputs({})

    def wait(
        self,
        timeout: float | None = None,
        on_failure: OnFailure = "fail",
        *,
        outputs: bool = False,
    ) -> Output[dict[str, RunFacts]]:
        """Wait for the end of all runs and return the facts of each, by sample id.

        Facts, arguments and previews are those of `wait_all`. Up to `max_failures` failed samples
        give a warning. More fail the update, after all runs have ended.
        """
        if not self._max_failures or on_failure != "fail":
            return wait_all(self.runs, timeout, on_failure, outputs=outputs)
        ended = wait_all(self.runs, timeout, "warn", outputs=outputs)
        return facts_by_key(ended.apply(self._tolerated), self.runs.keys())

    @cached_property
    def outputs(self) -> Output[dict[str, Any]]:
        """Each sample's workflow outputs, when all runs have ended; None for a failed run."""
        return self.wait(outputs=True).apply(
            lambda ended: {id_: facts["outputs"] for id_, facts in ended.items()}
        )

    def _tolerated(self, ended: dict[str, RunFacts]) -> dict[str, RunFacts]:
        failed = [id_ for id_, facts in ended.items() if facts["status"] != "COMPLETED"]
        if len(failed) > self._max_failures and not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(
                f"{len(failed)} of {len(ended)} samples of the cohort {self._name} failed, "
                f"{self._max_failures} may: {some(failed)}. The warning before this has the "
                f"reasons. Give the samples a new `rerun`, or allow more max_failures."
            )
        return ended


def _shared(template: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    template = {} if template is None else template
    if not isinstance(template, Mapping):
        raise pulumi.RunError(
            f"template is a {type(template).__name__}: give the arguments of OmicsRun by name."
        )
    twice = sorted(template.keys() & arguments.keys())
    if twice:
        raise pulumi.RunError(f"{', '.join(twice)}: given in the template, and beside it.")
    if "resource_name" in template or "resource_name" in arguments:
        raise pulumi.RunError("resource_name comes from the cohort's name and the sample's id.")
    return {**template, **arguments}


def _samples(own: Mapping[str, Any]) -> dict[str, Sample]:
    source, name = content(own["samples"])
    sheet = Sheet(source, name, own["parameters"], own["id_column"], own["format"])
    return sheet.samples(own["overrides"])


def _allowed(max_failures: int | None) -> int:
    if max_failures is None:
        return 0
    if isinstance(max_failures, bool) or not isinstance(max_failures, int) or max_failures < 0:
        raise pulumi.RunError(f"max_failures must be a whole number from 0, not {max_failures!r}.")
    return max_failures


def _wrong(run: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the arguments of a run, as far as the program knows them."""
    given = {name: value for name, value in run.items() if value is not None and name != "opts"}
    inputs = {wire: known_now(value) for wire, value in inputs_of(TABLE, given).items()}
    return [problem.told(TABLE) for problem in declaration.problems(inputs)]


def _arguments(
    shared: Mapping[str, Any],
    overrides: Overrides | None,
    headers: _Headers | None,
    opts: ResourceOptions | None,
    sample: Sample,
) -> dict[str, Any]:
    override = cohort.override(override_of(sample, overrides), TABLE.resource)
    given: dict[str, Any] = {"name": sample.id, **shared, **override}
    given["opts"] = ResourceOptions.merge(shared.get("opts"), override.get("opts"))
    cells: Any = sample.parameters
    if headers:
        cells = headers.parameters(place_of_child(sample.id, given["opts"], opts), given, cells)
    for argument, from_sheet in (("parameters", cells), ("tags", None)):
        given[argument] = _merged(shared.get(argument), from_sheet, override.get(argument))
    return given


def _merged(*layers: Any) -> Any:
    """Merge the fixed values, those from the sheet, and the overrides, the last one first."""
    if any(isinstance(layer, Output) for layer in layers):
        return Output.all(*layers).apply(lambda known: cohort.merged(*known))
    return cohort.merged(*layers)


# Columns that the program does not name ----------------------------------------------------------


class _Headers:
    """The parameters of the workflows that a program runs, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Output[frozenset[str] | None]] = {}

    def parameters(
        self, place: Settings, arguments: Mapping[str, Any], cells: Mapping[str, Any]
    ) -> Output[dict[str, Any]]:
        """Return the cells whose column is a parameter of the workflow that `arguments` name.

        The workflow is looked up at `place`. All cells where it has no parameter template, or the
        arguments name none.
        """
        named = [arguments.get(name) for name in _WORKFLOW]
        by_name = (each if isinstance(each, str | None) else id(each) for each in named)
        key = (place, *by_name)
        if key not in self._known:
            self._known[key] = Output.all(*named).apply(partial(_looked_up, place))
        return self._known[key].apply(lambda names: cohort.named(cells, names))


async def _looked_up(place: Settings, named: list[str | None]) -> frozenset[str] | None:
    try:
        return await asyncio.to_thread(columns.parameters, place, *named)
    except columns.Unknown as error:
        raise pulumi.RunError(f"{error}\nName them in the program: parameters=[…].") from None
