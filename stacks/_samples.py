"""Sample sheets of the germline workflow: samples out, or every problem with its line.

The columns are those of the manifest that AWS uses with the GATK-BP germline workflow
(aws-samples/aws-healthomics-eventbridge-integration): one row for each pair of FASTQ files.
Rows with the same sample_name are pairs of one sample, wherever they stand in the sheet.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from omics_provider.sheets.sheet import Row, SheetError, Source, parsed
from omics_provider.sheets.table import Problem

FILES = ("fastq_1", "fastq_2")
# What the workflow takes of each row.
PAIR = ("read_group", *FILES, "platform")
S3_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^\s?*]*[^\s?*/])")


@dataclass(frozen=True)
class Sample:
    """One sample: what one run works on. Each pair has the columns of PAIR."""

    name: str
    pairs: tuple[dict[str, str], ...]

    def parameters(self) -> dict[str, Any]:
        """Write the run parameters of the GATK-BP workflows that start from FASTQ."""
        return {"sample_name": self.name, "fastq_pairs": [dict(pair) for pair in self.pairs]}

    def files(self) -> Iterator[str]:
        """List the S3 URIs that the run reads."""
        for pair in self.pairs:
            yield from (pair[column] for column in FILES)


def read_sheet(path: Path) -> list[Sample]:
    """Read a sample sheet.

    Raises:
        pulumi.RunError: the file is missing, or anything in it is wrong.

    """
    try:
        return parse(path.read_bytes(), path.name)
    except FileNotFoundError:
        raise pulumi.RunError(
            f"there is no sample sheet {path}. Set omics-runs:sampleSheet to a file of "
            "stacks/samples/."
        ) from None


def parse(source: Source, name: str) -> list[Sample]:
    """Return the samples of a sheet, in the order in which they first appear.

    Columns that no parameter uses are left alone, and so are empty lines.

    Raises:
        pulumi.RunError: names every problem with its line.

    """
    sheet, problems = parsed(
        source, id_column="sample_name", name=name, required=PAIR, repeated=True
    )
    problems += _wrong_files(sheet.rows)
    if problems:
        raise pulumi.RunError(str(SheetError(name, problems, sheet.unit)))
    return [
        Sample(id_, tuple({column: row[column] for column in PAIR} for row in rows))
        for id_, rows in sheet.by_id().items()
    ]


def _wrong_files(rows: Iterable[Row]) -> Iterator[Problem]:
    first_seen: dict[str, int] = {}
    for row in rows:
        for column in FILES:
            uri = row.get(column)
            if not uri:
                continue
            if not S3_URI.fullmatch(uri):
                yield Problem(row.line, f"{column} {uri!r} is no file in S3: write s3://bucket/key")
            if first_seen.setdefault(uri, row.line) != row.line:
                yield Problem(row.line, f"{column} {uri} is in line {first_seen[uri]} already")
            elif column == "fastq_2" and uri == row.get("fastq_1"):
                yield Problem(row.line, f"fastq_1 and fastq_2 are the same file {uri}")
