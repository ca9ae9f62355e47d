"""Sample sheets: CSV in, samples out, or every problem with its line.

The columns are those of the manifest that AWS uses with the GATK-BP germline workflow
(aws-samples/aws-healthomics-eventbridge-integration): one row for each pair of FASTQ files.
Rows with the same sample_name are pairs of one sample, wherever they stand in the sheet.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

COLUMNS = ("sample_name", "read_group", "fastq_1", "fastq_2", "platform")
# A sample's name is the run's name, a Pulumi resource's name and a part of file names.
SAMPLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
S3_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^\s?*]*[^\s?*/])")


class SheetError(pulumi.RunError):
    """A sample sheet that can't be used. The message has one line for each problem."""


@dataclass(frozen=True)
class FastqPair:
    """The two FASTQ files of one read group."""

    read_group: str
    fastq_1: str
    fastq_2: str
    platform: str


@dataclass(frozen=True)
class Sample:
    """One sample: what one run works on."""

    name: str
    pairs: tuple[FastqPair, ...]

    def parameters(self) -> dict[str, Any]:
        """Write the run parameters of the GATK-BP workflows that start from FASTQ."""
        return {
            "sample_name": self.name,
            "fastq_pairs": [
                {
                    "read_group": pair.read_group,
                    "fastq_1": pair.fastq_1,
                    "fastq_2": pair.fastq_2,
                    "platform": pair.platform,
                }
                for pair in self.pairs
            ],
        }

    def files(self) -> Iterator[str]:
        """List the S3 URIs that the run reads."""
        for pair in self.pairs:
            yield pair.fastq_1
            yield pair.fastq_2


def read_sheet(path: Path) -> list[Sample]:
    """Read a sample sheet, UTF-8 with or without BOM, with any line ends.

    Raises:
        SheetError: the file is missing, or anything in it is wrong.

    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return parse(lines, path.name)
    except FileNotFoundError:
        raise SheetError(
            f"there is no sample sheet {path}. Set omics-runs:sampleSheet to a file of "
            "stacks/samples/."
        ) from None


def parse(lines: Iterable[str], sheet: str) -> list[Sample]:
    """Return the samples of a sheet, in the order in which they first appear.

    Columns that no parameter uses are left alone, and so are empty lines.

    Raises:
        SheetError: names every problem with its line.

    """
    reader = csv.DictReader(lines, skipinitialspace=True)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise SheetError(f"{sheet}: line 1: no column {', '.join(missing)}. Needed: {COLUMNS}.")
    problems: list[str] = []
    samples: dict[str, list[FastqPair]] = {}
    first_seen: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        found = [*_wrong_cells(row), *_repeated_files(row, line, first_seen)]
        problems += [f"{sheet}: line {line}: {problem}" for problem in found]
        pair = FastqPair(*((row[column] or "").strip() for column in COLUMNS[1:]))
        samples.setdefault((row["sample_name"] or "").strip(), []).append(pair)
    if not samples:
        problems.append(f"{sheet}: no samples below the header.")
    if problems:
        raise SheetError("\n".join(problems))
    return [Sample(name, tuple(pairs)) for name, pairs in samples.items()]


def _wrong_cells(row: dict[str, str | None]) -> Iterator[str]:
    cells = {column: (row[column] or "").strip() for column in COLUMNS}
    empty = [column for column, text in cells.items() if not text]
    if empty:
        yield f"nothing in {', '.join(empty)}."
    if cells["sample_name"] and not SAMPLE_NAME.fullmatch(cells["sample_name"]):
        yield (
            f"sample_name {cells['sample_name']!r} can't name a run: use letters, digits, "
            "'.', '_' and '-', at most 100."
        )
    for column in ("fastq_1", "fastq_2"):
        if cells[column] and not S3_URI.fullmatch(cells[column]):
            yield f"{column} {cells[column]!r} is no file in S3: write s3://bucket/key."


def _repeated_files(
    row: dict[str, str | None], line: int, first_seen: dict[str, int]
) -> Iterator[str]:
    for column in ("fastq_1", "fastq_2"):
        uri = (row[column] or "").strip()
        if uri and first_seen.setdefault(uri, line) != line:
            yield f"{column} {uri} is in line {first_seen[uri]} already."
        elif column == "fastq_2" and uri and uri == (row["fastq_1"] or "").strip():
            yield f"fastq_1 and fastq_2 are the same file {uri}."
