"""Sample sheets: what is read, what is refused, and that the ones in the repository are good."""

import gzip
import json
import runpy
from importlib import resources
from pathlib import Path

import pulumi
import pytest

from stacks._samples import Sample, parse, read_sheet
from stacks._settings import SHEETS

HEADER = "sample_name,read_group,fastq_1,fastq_2,platform"


def row(name: str = "HG002", lane: int = 1, **cells: str) -> str:
    written = {
        "sample_name": name,
        "read_group": f"L{lane}",
        "fastq_1": f"s3://bucket/{name}.{lane}.R1.fastq.gz",
        "fastq_2": f"s3://bucket/{name}.{lane}.R2.fastq.gz",
        "platform": "illumina",
    } | cells
    return ",".join(written.values())


def samples(*rows: str) -> list[Sample]:
    return parse("\n".join([HEADER, *rows]), "sheet.csv")


def problems(*rows: str) -> list[str]:
    with pytest.raises(pulumi.RunError) as error:
        samples(*rows)
    return str(error.value).splitlines()


def test_a_row_is_a_sample() -> None:
    assert samples(row()) == [
        Sample(
            "HG002",
            (
                {
                    "read_group": "L1",
                    "fastq_1": "s3://bucket/HG002.1.R1.fastq.gz",
                    "fastq_2": "s3://bucket/HG002.1.R2.fastq.gz",
                    "platform": "illumina",
                },
            ),
        )
    ]


def test_rows_of_one_sample_are_one_run_wherever_they_stand() -> None:
    apart = samples(row("a", 1), row("b", 1), row("a", 2))
    assert [sample.name for sample in apart] == ["a", "b"]
    assert [pair["read_group"] for pair in apart[0].pairs] == ["L1", "L2"]


def test_parameters_are_those_of_the_catalogued_workflow() -> None:
    catalogue = json.loads(
        resources.files("omics_provider.emulator.workflows")
        .joinpath("ready2run.json")
        .read_text("utf-8")
    )
    template = next(
        workflow["parameterTemplate"]
        for workflow in catalogue["workflows"]
        if workflow["id"] == "9500764"
    )
    (sample,) = samples(row("a", 1), row("a", 2))
    parameters = sample.parameters()
    assert set(parameters) == set(template)
    assert parameters["fastq_pairs"][1] == {
        "read_group": "L2",
        "fastq_1": "s3://bucket/a.2.R1.fastq.gz",
        "fastq_2": "s3://bucket/a.2.R2.fastq.gz",
        "platform": "illumina",
    }


def test_files_are_every_fastq() -> None:
    (sample,) = samples(row("a", 1), row("a", 2))
    assert [uri.rsplit("/", 1)[1] for uri in sample.files()] == [
        "a.1.R1.fastq.gz",
        "a.1.R2.fastq.gz",
        "a.2.R1.fastq.gz",
        "a.2.R2.fastq.gz",
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{row()}\n",
        f"\ufeff{HEADER}\r\n{row()}\r\n",
        f"{HEADER}\n\n{row()}\n\n",
        f'{HEADER},note\n{row()},"kept, not used"\n',
        ",".join(reversed(HEADER.split(","))) + "\n" + ",".join(reversed(row().split(","))) + "\n",
        f"{HEADER}\n{row().replace(',', ' , ')}\n",
    ],
    ids=["plain", "bom-crlf", "empty-lines", "further-column", "other-order", "spaces"],
)
def test_the_same_sheet_in_other_clothes_is_the_same_cohort(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content.encode())
    assert read_sheet(path) == samples(row())


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"platform": ""}, "nothing in platform."),
        ({"read_group": " "}, "nothing in read_group."),
        ({"fastq_1": "https://host/a.fastq.gz"}, "is no file in S3"),
        ({"fastq_1": "s3://bucket/folder/"}, "is no file in S3"),
        ({"fastq_1": "s3://bucket"}, "is no file in S3"),
        ({"fastq_2": "s3://Bucket/a.fastq.gz"}, "is no file in S3"),
        ({"sample_name": "two words"}, "can't be the name of a run"),
        ({"sample_name": "../up"}, "can't be the name of a run"),
        ({"sample_name": "x" * 101}, "can't be the name of a run"),
        ({"fastq_2": "s3://bucket/HG002.1.R1.fastq.gz"}, "are the same file"),
    ],
)
def test_a_bad_cell_is_named_with_its_line(cells: dict[str, str], expected: str) -> None:
    (problem,) = problems(row("fine"), row("HG002", 1, **cells))
    assert problem.startswith("sheet.csv: line 3: ")
    assert expected in problem


def test_a_file_in_two_rows_is_refused() -> None:
    first, second = problems(row("a"), row("b"), row("a"))
    assert first == "sheet.csv: line 4: fastq_1 s3://bucket/a.1.R1.fastq.gz is in line 2 already."
    assert "fastq_2" in second


def test_all_problems_come_at_once() -> None:
    found = problems(row(platform=""), row("b", fastq_1="nowhere"), row("b c"))
    assert [problem.split(":")[1] for problem in found] == [" line 2", " line 3", " line 4"]


def test_a_short_row_is_refused() -> None:
    assert "has 3 cells, the header has 5." in problems("HG002,L1,s3://bucket/a.fastq.gz")[0]


def test_missing_columns_are_named() -> None:
    with pytest.raises(pulumi.RunError, match="has no column 'read_group'"):
        parse("sample_name,fastq_1,fastq_2", "sheet.csv")


def test_a_sheet_without_samples_is_refused() -> None:
    assert problems() == ["sheet.csv: has no samples below its header."]


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="is empty"):
        parse("", "sheet.csv")


def test_a_missing_sheet_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="omics-runs:sampleSheet"):
        read_sheet(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("sheet", "names"),
    [
        ("ashkenazim-trio.csv", ["HG002", "HG003", "HG004"]),
        ("made-trio.csv", ["HG002", "HG003", "HG004"]),
        ("vendor-5-percent.csv", ["ERR194159"]),
    ],
)
def test_the_sheets_of_the_repository_are_good(sheet: str, names: list[str]) -> None:
    assert [sample.name for sample in read_sheet(SHEETS / sheet)] == names


def test_every_bucket_of_the_sheets_has_its_source_written_down() -> None:
    told = (SHEETS / "README.md").read_text("utf-8")
    sheets = sorted(SHEETS.glob("*.csv"))
    assert sheets
    for sheet in sheets:
        assert f"`{sheet.name}`" in told
        for sample in read_sheet(sheet):
            for uri in sample.files():
                assert f"s3://{uri.split('/')[2]}/" in told


def test_the_made_reads_are_what_their_tool_makes(tmp_path: Path) -> None:
    runpy.run_path(str(SHEETS.parents[1] / "tools" / "made_reads.py"))["write"](tmp_path)
    made = {path.name: gzip.decompress(path.read_bytes()) for path in tmp_path.iterdir()}
    kept = (SHEETS / "made-reads").iterdir()
    assert made == {path.name: gzip.decompress(path.read_bytes()) for path in kept}
