"""The samples of a batch on their way to the plugin: read from a sheet, written as its rows."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from omics_provider.base.table import Table
from omics_provider.base.values import UNKNOWN
from omics_provider.sheets import parameters as cohort
from omics_provider.sheets.parameters import Parameters
from omics_provider.sheets.sheet import Row, SheetError, Source

from .folder import Folder
from .rules import batch_table, rows
from .rules.rows import Sample

#: Settings by sample id, or a function that gives them for a row.
Overrides: TypeAlias = Mapping[str, Mapping[str, Any]] | Callable[[Row], Mapping[str, Any] | None]


class Sheet(NamedTuple):
    """Where the samples are, what problems call that, and how it is read: see `read_samples`."""

    source: Source
    name: str
    parameters: Parameters | None = None
    id_column: str | None = None
    format: str | None = None

    def samples(self, overrides: Any) -> dict[str, cohort.Sample]:
        """Read it, with a sample for each id in overrides by sample id. Raises SheetError."""
        return cohort.read_samples(
            self.source,
            self.parameters,
            id_column=self.id_column,
            format=self.format,
            name=self.name,
            expected=list(overrides) if isinstance(overrides, Mapping) else (),
        )


class Declared(NamedTuple):
    """The declared samples, and what they are called; or the words on why there are none."""

    name: str
    samples: Sequence[Sample]
    problem: str = ""


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold Python's cycle collector: it would go through 100,000 rows many times, for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(sheet: Sheet, overrides: Overrides | None, wires: Mapping[str, str]) -> Declared:
    """Read the sheet, and give each sample its own settings by the API's names.

    `wires` has the API's names of what the overrides call otherwise.
    """
    try:
        found = sheet.samples(overrides)
    except SheetError as error:
        return Declared(sheet.name, [], str(error))
    good: list[Sample] = []
    wrong: list[str] = []
    for each in found.values():
        given = override_of(each, overrides)
        if isinstance(given, Mapping | None):
            good.append(_sample(each, given or {}, wires))
        else:
            kind = type(given).__name__
            wrong.append(
                f"{sheet.name}: {each.id}: the overrides are a {kind}: give arguments by name"
            )
    return Declared(sheet.name, good, "\n".join(wrong))


def override_of(sample: cohort.Sample, overrides: Overrides | None) -> Any:
    """Return what is given for one sample, whatever it is; None where nothing is."""
    if callable(overrides):
        return overrides(sample.rows[0])
    return (overrides or {}).get(sample.id)


def written(
    folder: Path,
    declared: Declared,
    given: Mapping[str, Any],
    rerun: Any,
    own: Table = batch_table.OWN_TABLE,
) -> dict[str, Any]:
    """Write the rows for the plugin; return the inputs that stand for them.

    `given` are the settings of all samples, UNKNOWN where a preview does not know them.
    `own` is the table of a single sample's as the program knows it.
    """
    if declared.problem:
        return _wrong(0, [declared.problem])
    named = "name" in given
    samples = declared.samples if named else [_named(each) for each in declared.samples]
    shared = {wire: value for wire, value in given.items() if value is not UNKNOWN}
    if "outputUri" in given:
        shared["outputUri"] = given["outputUri"]
    sheet = rows.sheet(samples, shared, own)
    wrong = [f"{declared.name}: {each}" for each in sheet.problems]
    problems = [*wrong, *_wrong_reruns(rerun, samples)]
    if problems:
        return _wrong(sheet.total, problems)
    Folder(folder).keep_rows(sheet.sha256, sheet.content)
    described = {"count": sheet.total, "sha256": sheet.sha256}
    return {"samples": described, batch_table.FOLDER: folder.as_posix()}


def _sample(found: cohort.Sample, given: Mapping[str, Any], wires: Mapping[str, str]) -> Sample:
    row = found.rows[0]
    own: dict[str, Any] = {"parameters": found.parameters}
    if given:
        for name, value in given.items():
            wire = wires.get(name, name)
            merged = wire in batch_table.MERGED and isinstance(value, Mapping)
            own[wire] = {**own.get(wire, {}), **value} if merged else value
    return Sample(found.id, own, row.line)


def _named(sample: Sample) -> Sample:
    return (
        sample if "name" in sample.own else sample._replace(own={**sample.own, "name": sample.id})
    )


def _wrong(count: int, problems: Sequence[str]) -> dict[str, Any]:
    return {"samples": {"count": count, "sha256": ""}, batch_table.PROBLEMS: list(problems)}


def _wrong_reruns(rerun: Any, samples: Sequence[Sample]) -> list[str]:
    if not isinstance(rerun, Mapping):
        return []
    ids = {each.id for each in samples}
    return [f"rerun: there is no sample {name}" for name in rerun if name not in ids][:5]
