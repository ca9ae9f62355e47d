"""A program's samples: where they come from, and how a batch hands them to the plugin."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi import Output

from omics_provider.batches.folder import Folder
from omics_provider.batches.rules import batch_table, rows
from omics_provider.batches.rules.rows import Sample
from omics_provider.sheets import parameters as cohort
from omics_provider.sheets.parameters import Parameters
from omics_provider.sheets.sheet import Row, SheetError, Source

#: A path of a CSV, TSV or JSON file, the bytes of one, or Python values: mappings from column to
#: cell in a sequence, or by sample id.
Samples = (
    str | os.PathLike[str] | bytes | Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]
)
#: Arguments by sample id, or a function that gives them for a row.
Overrides = Mapping[str, Mapping[str, Any]] | Callable[[Row], Mapping[str, Any] | None]

_OWN: Final = {field.name: field.wire for field in batch_table.OWN}


def content(samples: Samples) -> tuple[Source, str]:
    """Return what holds the samples, and what problems call it.

    Raises:
        pulumi.RunError: the file can't be read, or `samples` is nothing that holds samples.

    """
    if isinstance(samples, pulumi.Output):
        raise pulumi.RunError(
            "samples is an Output. Each sample names a resource, so the samples have to be known "
            "when the program runs: give a file, or Python values."
        )
    if isinstance(samples, str | os.PathLike):
        return _read(Path(samples)), Path(samples).name
    if isinstance(samples, bytes | Mapping):
        return samples, "samples"
    if isinstance(samples, Iterable):
        return list(samples), "samples"
    raise pulumi.RunError(
        f"samples is a {type(samples).__name__}: give the path of a CSV, TSV or JSON file, or "
        "mappings from column to cell, in a list or by sample id."
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise pulumi.RunError(
            f"the sample sheet {path} can't be read: {error.strerror}. "
            f"Paths are relative to {Path.cwd()}."
        ) from None


# Of a batch --------------------------------------------------------------------------------------


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


class Declared:
    """The declared samples, and what they are called; or the words on why there are none."""

    def __init__(self, name: str, samples: Sequence[Sample], problem: str = "") -> None:
        self.name = name
        self.samples = samples
        self.problem = problem


def read(
    samples: Samples,
    parameters: Parameters | None,
    id_column: str | None,
    format: str | None,  # noqa: A002
    overrides: Overrides | None,
) -> Declared:
    """Read the sheet, and give each sample its own settings by the API's names."""
    source, name = content(samples)
    expected = list(overrides) if isinstance(overrides, Mapping) else ()
    try:
        found = cohort.read_samples(
            source, parameters, id_column=id_column, format=format, name=name, expected=expected
        )
    except SheetError as error:
        return Declared(name, [], str(error))
    good: list[Sample] = []
    wrong: list[str] = []
    for each in found.values():
        given = override_of(each, overrides)
        if isinstance(given, Mapping | None):
            good.append(_sample(each, given or {}))
        else:
            kind = type(given).__name__
            wrong.append(f"{name}: {each.id}: the overrides are a {kind}: give arguments by name")
    return Declared(name, good, "\n".join(wrong))


def override_of(sample: cohort.Sample, overrides: Overrides | None) -> Any:
    """Return what is given for one sample, whatever it is; None where nothing is."""
    if callable(overrides):
        return overrides(sample.rows[0])
    return (overrides or {}).get(sample.id)


def _sample(found: cohort.Sample, given: Mapping[str, Any]) -> Sample:
    row = found.rows[0]
    own: dict[str, Any] = {"parameters": found.parameters}
    if given:
        for name, value in given.items():
            wire = _OWN.get(name, name)
            merged = name in ("parameters", "run_tags") and isinstance(value, Mapping)
            own[wire] = {**own.get(wire, {}), **value} if merged else value
    return Sample(found.id, own, row.line)


def written(
    folder: Path, declared: Declared, given: Mapping[str, Any], rerun: Any
) -> dict[str, Any]:
    """Write the rows for the plugin; return the inputs that stand for them."""
    if declared.problem:
        return _wrong(0, [declared.problem])
    named = "name" in given
    samples = declared.samples if named else [_named(each) for each in declared.samples]
    shared = {wire: value for wire, value in given.items() if not isinstance(value, Output)}
    if "outputUri" in given:
        shared["outputUri"] = given["outputUri"]
    sheet = rows.sheet(samples, shared)
    wrong = [f"{declared.name}: {each}" for each in sheet.problems]
    problems = [*wrong, *_wrong_reruns(rerun, samples)]
    if problems:
        return _wrong(sheet.total, problems)
    Folder(folder).keep_rows(sheet.sha256, sheet.content)
    described = {"count": sheet.total, "sha256": sheet.sha256}
    return {"samples": described, batch_table.FOLDER: folder.as_posix()}


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
