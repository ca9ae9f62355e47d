"""The samples of a batch as rows: checked all at once, and written as the file of their settings.

A row is one entry of StartRunBatch's settings: runSettingId and what the sample has of its own. Up
to 100,000 rows are checked in a few seconds: each value first by one quick test, and only a value
that does not pass it by the table's own check, which knows the words.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from omics_provider.base import checks
from omics_provider.base.identity import MARK
from omics_provider.base.table import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS, Field, Kind, Table
from omics_provider.base.values import UNSAFE_INTEGER, cannot_cross, misfits
from omics_provider.runs.rules import run_table
from omics_provider.sheets import scalars

from . import batch_table

#: How many problems of rows are named one by one.
TOLD: Final = 20

Row = dict[str, Any]

_encode: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
_S3: Final = re.compile(r"s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?")


class Sample(NamedTuple):
    """One sample as declared: its id, its own settings by the API's names, and where it stands.

    `line` is the line of the sheet that it comes from, 0 where there is none.
    """

    id: Any
    own: Mapping[str, Any]
    line: int = 0

    @property
    def place(self) -> str:
        """Where it is found, for a message."""
        return f"line {self.line}, {self.id}" if self.line else f"{self.id}"


class Sheet(NamedTuple):
    """The rows as a file: one JSON array, a row a line, in the order of the sample ids.

    The same samples in any order give the same bytes. `problems` says what is wrong with the
    samples; where there are any, content is empty.
    """

    content: bytes
    sha256: str
    total: int
    problems: tuple[str, ...] = ()


def sheet(
    samples: Iterable[Sample],
    shared: Mapping[str, Any] | None = None,
    own: Table = batch_table.OWN_TABLE,
) -> Sheet:
    """Check all samples and write them as a file; `own` has the names that the program uses.

    `shared` are the batch's own settings as far as the program knows them: with their parameters a
    sample must stay within 50,000 bytes, and either must name an outputUri. None among a sample's
    own settings, parameters or run tags takes that away.
    """
    writer = _Writer(shared or {}, own)
    for sample in samples:
        writer.add(sample)
    return writer.sheet()


def rows(content: bytes) -> list[Row]:
    """Return the rows of a file that `sheet` wrote."""
    found: list[Row] = json.loads(content)
    return found


def file_of(chosen: Iterable[Row]) -> bytes:
    """Return the file with these rows, in the order of their ids."""
    lines = {row["runSettingId"]: _encode(row) for row in chosen}
    return _joined(lines)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _joined(lines: Mapping[str, str]) -> bytes:
    text = ",\n".join(lines[name] for name in sorted(lines))
    return f"[\n{text}\n]\n".encode()


class _Writer:
    def __init__(self, shared: Mapping[str, Any], own: Table) -> None:
        self._table = own
        self._lines: dict[str, str] = {}
        self._first: dict[str, Sample] = {}
        self._problems: list[str] = []
        self._more = 0
        self._shared = {wire: _known(shared.get(wire), wire) for wire in batch_table.MERGED}
        self._parameters = self._shared["parameters"]
        self._room = run_table.MAX_PARAMETERS_BYTES - (
            len(_encoded(self._parameters)) if self._parameters else 1
        )
        self._needs_output = "outputUri" not in shared

    def add(self, sample: Sample) -> None:
        row: Row = {}
        bad = [*_wrong_id(sample.id), *self._own(sample.own, row)]
        if not bad:
            bad = self._write(sample, row)
        for why in bad:
            self._tell(f"{sample.place}: {why}")

    def sheet(self) -> Sheet:
        if not self._lines and not self._problems:
            self._tell("there is no sample: a batch has 1 to 100,000")
        if len(self._lines) > batch_table.MOST_RUNS:
            self._tell(
                f"at most {batch_table.MOST_RUNS:,} samples fit a batch: {len(self._lines):,}"
            )
        if self._problems:
            more = [f"and {self._more:,} more problems of samples"] if self._more else []
            return Sheet(b"", "", len(self._lines), (*self._problems, *more))
        content = _joined(self._lines)
        return Sheet(content, digest(content), len(self._lines))

    def _tell(self, problem: str) -> None:
        if len(self._problems) < TOLD:
            self._problems.append(problem)
        else:
            self._more += 1

    def _own(self, own: Mapping[str, Any], row: Row) -> Iterator[str]:
        """Put a sample's own settings into its row; give what is wrong with them."""
        for wire, value in own.items():
            field = self._table.by_wire.get(wire)
            if field is None:
                yield f"{wire} can't differ between the samples of a batch"
                continue
            try:
                plain = _plain(value, field.name)
            except _NoJsonError as error:
                yield str(error)
                continue
            if plain is None:
                continue
            if wire in batch_table.MERGED and isinstance(plain, dict):
                yield from self._taken_away(field, plain)
                plain = {name: item for name, item in plain.items() if item is not None}
            if not _is_fine(field, plain):
                words = checks.problems(_one(field), {wire: plain})
                yield from (f"{field.name}: {each.reason}" for each in words)
            row[wire] = plain
        if self._needs_output and "outputUri" not in own:
            yield f"{self._table.named('outputUri')}: give one to the batch, or to each sample"

    def _taken_away(self, field: Field, plain: Mapping[str, Any]) -> Iterator[str]:
        for name, item in plain.items():
            if item is None and name in self._shared[field.wire]:
                yield (
                    f"{field.name}.{name}: all samples of the batch share this value, and the "
                    f"service can't remove it from one sample: give it only to the samples that "
                    f"need it"
                )

    def _write(self, sample: Sample, row: Row) -> list[str]:
        name = sample.id
        if name in self._lines:
            return [f"occurs twice, first as {self._first[name].place}"]
        row["runSettingId"] = name
        try:
            line = _encode(row)
            size = len(line.encode())
        except UnicodeEncodeError:
            return [f"{path.removeprefix('.')} {why}" for path, why in misfits(row, "")]
        if size > self._room and (why := self._too_large(row)):
            return [why]
        self._lines[name] = line
        self._first[name] = sample
        return []

    def _too_large(self, row: Row) -> str:
        merged = {**self._parameters, **row.get("parameters", {})}
        size, most = len(_encoded(merged)), run_table.MAX_PARAMETERS_BYTES
        if size <= most:
            return ""
        return (
            f"parameters: must be at most {most:,} bytes of JSON together with the batch's, are "
            f"{size:,}: put long lists into a file in S3 and give its URI"
        )


def _known(shared: Any, wire: str) -> Mapping[str, Any]:
    """Return the shared values, none of them where the program does not know them all yet."""
    try:
        plain = _plain(shared, wire)
    except _NoJsonError:
        return {}
    return plain if isinstance(plain, Mapping) else {}


def _wrong_id(name: Any) -> Iterator[str]:
    if isinstance(name, str) and 1 <= len(name) <= 128 and name.isprintable():
        return
    # What stands before each problem of a sample is its id.
    inputs = {"runSettingId": name, checks.CONCEALED: ("runSettingId",)}
    for each in checks.problems(_one(batch_table.SAMPLE), inputs):
        yield f"the sample id {each.reason}"


def _one(field: Field) -> Table:
    return Table("a sample", (field,))


def _encoded(value: Any) -> bytes:
    return _encode(value).encode("utf-8", "surrogatepass")


# Plain values ----------------------------------------------------------------------------------


class _NoJsonError(ValueError):
    """A value that JSON does not have."""


def _plain(value: Any, path: str) -> Any:
    """Return a JSON value with whole numbers as integers, at any depth; keys stay in order."""
    kind = type(value)
    if kind in (str, int, bool) or value is None:
        return value
    if isinstance(value, float):
        return _number(value, path)
    if isinstance(value, Mapping):
        return {_key(k, path): _plain(v, f"{path}.{k}") for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{n}]") for n, item in enumerate(value)]
    if isinstance(value, str | int):
        return value
    scalar = scalars.own(value)
    if scalar is not value:
        return _plain(scalar, path)
    raise _NoJsonError(
        f"{path}: {cannot_cross(value)}. Settings of samples are plain values: give a value that "
        f"Pulumi computes in the batch's own parameters"
    )


def _number(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise _NoJsonError(f"{path}: {cannot_cross(value)}")
    return int(value) if value.is_integer() and abs(value) < UNSAFE_INTEGER else value


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str) or not key:
        raise _NoJsonError(f"{path}: {cannot_cross({key: 0})}")
    return key


# One quick test a value --------------------------------------------------------------------------


def _is_fine(field: Field, value: Any) -> bool:
    return _FINE[field.kind](field, value)


def _fine_text(field: Field, value: Any) -> bool:
    if not isinstance(value, str) or not (field.low or 0) <= len(value) <= (field.high or 0):
        return False
    if field.pattern is not None:
        return re.fullmatch(field.pattern, value) is not None
    return value.isprintable()


def _fine_uri(field: Field, value: Any) -> bool:
    return _fine_text(field, value) and _S3.fullmatch(value) is not None


def _fine_integer(field: Field, value: Any) -> bool:
    return type(value) is int and (field.low or 0) <= value <= (field.high or 0)


def _fine_document(_field: Field, value: Any) -> bool:
    # It has been made plain: numbers beyond a double's digits are fine, for it goes as JSON.
    return isinstance(value, dict)


def _fine_tags(_field: Field, value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_TAGS
        and all(
            1 <= len(key) <= MAX_TAG_KEY
            and not key.startswith(MARK)
            and key[:4].lower() != "aws:"
            and isinstance(text, str)
            and len(text) <= MAX_TAG_VALUE
            for key, text in value.items()
        )
    )


_FINE: Final[Mapping[Kind, Callable[[Field, Any], bool]]] = {
    Kind.TEXT: _fine_text,
    Kind.S3_URI: _fine_uri,
    Kind.INTEGER: _fine_integer,
    Kind.DOCUMENT: _fine_document,
    Kind.TAGS: _fine_tags,
}
