"""RunCohort: one run for each sample of a sample sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from omics_provider.base.words import some
from omics_provider.sheets import parameters as cohort
from omics_provider.sheets.parameters import Parameters, Sample
from omics_provider.sheets.sheet import Row, SheetError

from . import _place
from ._headers import Headers
from ._source import Samples, content
from .run import OmicsRun
from .wait import OnFailure, wait_all

#: Arguments of OmicsRun by sample id, or a function that gives them for a row.
Overrides = Mapping[str, Mapping[str, Any]] | Callable[[Row], Mapping[str, Any]]


class RunCohort(pulumi.ComponentResource):
    """The samples of a sample sheet, each with a run of its own: an OmicsRun `<name>-<sample id>`.

    The sheet in git is the declaration. A row added is one run to start, a row changed one run to
    replace, a row removed one run to delete. The order of rows and columns, line ends, quotes and
    columns that nothing refers to make no difference.
    """

    #: The runs by sample id, in the order in which the sheet names them first.
    runs: dict[str, OmicsRun]

    def __init__(
        self,
        name: str,
        *,
        samples: Samples,
        template: Mapping[str, Any] | None = None,
        id_column: str | None = None,
        format: str | None = None,  # noqa: A002  # as in sheet.parsed
        parameters: Parameters | None = None,
        overrides: Overrides | None = None,
        max_failures: int | None = None,
        opts: ResourceOptions | None = None,
        **arguments: Any,
    ) -> None:
        """Declare a run for each sample.

        Args:
            name: Pulumi's name of the cohort, and the beginning of the names of its runs.
            samples: Path of a CSV, TSV or JSON file, relative to the project; the bytes of one; or
                Python values: mappings from column to cell, in a list or by sample id.
            template: Arguments of OmicsRun that all runs share. Its parameters are fixed ones; what
                the sheet gives goes over them. `name` is the sample's id where it is unset.
            id_column: The column with the sample ids; unset, the one that Terra marks, else
                `sample`, `sample_id` or `sample_name`. Ids are letters, digits, '.', '_' and '-'.
            format: "csv", "tsv" or "json", where the file's name does not tell.
            parameters: What the workflow's parameters take from the sheet: a list of columns, each
                the parameter of its name; or a mapping from parameter to "{column}", to a text
                with such in it, to a Column, to a type for the column of the parameter's name, or
                to an EachRow, with which a sample may have several rows. Columns that are not
                referred to are left alone. Unset, each column whose header is a parameter of the
                workflow is that parameter, if its cell is not empty: one call of GetWorkflow.
            overrides: Further arguments of OmicsRun for single samples, by sample id, or a
                function that gives them for a row. Parameters and tags are merged over the others,
                None takes one away; any other argument is replaced.
            max_failures: How many samples may fail without failing the update, for `wait` and
                `outputs`; none where it is unset. A run that can't be started always fails it.
            opts: Pulumi's resource options. `depends_on` and a Provider hold for the runs, too;
                further options of the runs are `opts` of the template.
            **arguments: Arguments of OmicsRun, the same as in `template`; but `name` and
                `parameters`, which are other things here, have their place in the template alone.

        Raises:
            pulumi.RunError: names everything that is wrong with the sheet, with lines. Nothing of
                the cohort is started then.

        """
        try:
            shared = _shared({} if template is None else template, arguments)
            found = _samples(samples, parameters, id_column, format, overrides)
            headers = Headers() if parameters is None else None
            given = {id_: _arguments(shared, found[id_], overrides, headers, opts) for id_ in found}
            self._max_failures = _allowed(max_failures)
        except (SheetError, pulumi.RunError) as error:
            raise pulumi.RunError(
                f"Cohort {name} can't be made, and none of its runs is started or changed:\n{error}"
            ) from None
        super().__init__("omics:index:RunCohort", name, None, opts)
        beside = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        self.runs = {}
        for id_, run in given.items():
            run_opts = ResourceOptions.merge(run.pop("opts"), beside)
            self.runs[id_] = OmicsRun(f"{name}-{id_}", **run, opts=run_opts)
        self.register_outputs({})

    def wait(
        self,
        timeout: float | None = None,
        on_failure: OnFailure = "fail",
        *,
        outputs: bool = False,
    ) -> Output[dict[str, dict[str, Any]]]:
        """Wait for the end of all runs and return the facts of each, by sample id.

        Facts, arguments and previews are those of `wait_all`. Up to `max_failures` failed samples
        are told as a warning; more fail the update, after all runs have ended.
        """
        if not self._max_failures or on_failure != "fail":
            return wait_all(self.runs, timeout, on_failure, outputs=outputs)
        return wait_all(self.runs, timeout, "warn", outputs=outputs).apply(self._tolerated)

    @cached_property
    def outputs(self) -> Output[dict[str, Any]]:
        """The workflow's outputs of each sample, when all runs have ended; None for failed ones."""
        return self.wait(outputs=True).apply(
            lambda ended: {id_: facts["outputs"] for id_, facts in ended.items()}
        )

    def _tolerated(self, ended: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        failed = [id_ for id_, facts in ended.items() if facts["status"] != "COMPLETED"]
        if len(failed) > self._max_failures and not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(
                f"{len(failed)} of {len(ended)} samples of the cohort {self._name} failed, "
                f"{self._max_failures} may: {some(failed)}. The reasons are in the "
                "warning before this. Give the samples a new `rerun`, or allow more max_failures."
            )
        return ended


def _shared(template: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(template, Mapping):
        raise pulumi.RunError(
            f"template is a {type(template).__name__}: give the arguments of OmicsRun by name."
        )
    twice = sorted(template.keys() & arguments.keys())
    if twice:
        raise pulumi.RunError(f"{', '.join(twice)}: given in the template, and beside it.")
    if "resource_name" in template or "resource_name" in arguments:
        raise pulumi.RunError("resource_name is made from the cohort's name and the sample's id.")
    return {**template, **arguments}


def _samples(
    samples: Samples,
    parameters: Parameters | None,
    id_column: str | None,
    format: str | None,  # noqa: A002
    overrides: Overrides | None,
) -> dict[str, Sample]:
    source, name = content(samples)
    return cohort.read_samples(
        source,
        parameters,
        id_column=id_column,
        format=format,
        name=name,
        expected=list(overrides) if isinstance(overrides, Mapping) else (),
    )


def _allowed(max_failures: int | None) -> int:
    if max_failures is None:
        return 0
    if isinstance(max_failures, bool) or not isinstance(max_failures, int) or max_failures < 0:
        raise pulumi.RunError(f"max_failures is a whole number from 0, not {max_failures!r}.")
    return max_failures


def _override(overrides: Overrides | None, sample: Sample) -> Mapping[str, Any]:
    if callable(overrides):
        override = overrides(sample.rows[0])
    else:
        override = (overrides or {}).get(sample.id, {})
    if not isinstance(override, Mapping | None):
        raise pulumi.RunError(
            f"the overrides of sample {sample.id} are a {type(override).__name__}: give arguments "
            "of OmicsRun by name."
        )
    return override or {}


def _arguments(
    shared: Mapping[str, Any],
    sample: Sample,
    overrides: Overrides | None,
    headers: Headers | None,
    opts: ResourceOptions | None,
) -> dict[str, Any]:
    override = _override(overrides, sample)
    given: dict[str, Any] = {"name": sample.id, **shared, **override}
    given["opts"] = ResourceOptions.merge(shared.get("opts"), override.get("opts"))
    cells: Any = sample.parameters
    if headers:
        cells = headers.parameters(_place.of_child(sample.id, given["opts"], opts), given, cells)
    for argument, from_sheet in (("parameters", cells), ("tags", None)):
        given[argument] = _merged(shared.get(argument), from_sheet, override.get(argument))
    return given


def _merged(*layers: Any) -> Any:
    """Merge the fixed values, those from the sheet, and the overrides, the last one first."""
    if any(isinstance(layer, Output) for layer in layers):
        return Output.all(*layers).apply(lambda known: _over(*known))
    return _over(*layers)


def _over(fixed: Any, from_sheet: Any, override: Any) -> Any:
    changes = override or {}
    merged = {**(fixed or {}), **(from_sheet or {}), **changes}
    taken_away = {name for name, value in changes.items() if value is None}
    # No name at all is an argument that was not given.
    return {name: merged[name] for name in merged if name not in taken_away} or None
