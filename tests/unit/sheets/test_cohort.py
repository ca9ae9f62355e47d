"""From a sheet to each sample's parameters: references, types, rows of one sample, problems."""

from __future__ import annotations

import time
from typing import Any

import pytest

from omics_provider.sheets.parameters import Column, EachRow, read_samples
from omics_provider.sheets.sheet import SheetError
from omics_provider.sheets.table import Problem

SHEET = (
    "sample,cram,depth,purity,paired,note\n"
    "NA1,s3://b/1,30,0.25,TRUE,x\n"
    "NA2,s3://b/2,-7,1e-3,false,\n"
)
LANES = (
    "sample,fastq_1,fastq_2,strandedness\n"
    "A,s3://b/A_2_1,s3://b/A_2_2,auto\n"
    "B,s3://b/B_1_1,,reverse\n"
    "A,s3://b/A_1_1,s3://b/A_1_2,auto\n"
)


def made(source: Any, parameters: Any = None, **options: Any) -> dict[str, dict[str, Any]]:
    return {id_: s.parameters for id_, s in read_samples(source, parameters, **options).items()}


def problems(source: Any, parameters: Any = None, **options: Any) -> list[Problem]:
    with pytest.raises(SheetError) as error:
        read_samples(source, parameters, **options)
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["sample", "cram"], {"sample": "NA1", "cram": "s3://b/1"}),
        (["depth", Column("purity", float)], {"depth": "30", "purity": 0.25}),
        ({"name": "{sample}"}, {"name": "NA1"}),
        ({"name": "{ sample }_{depth}x"}, {"name": "NA1_30x"}),
        ({"name": "{{{sample}}}"}, {"name": "{NA1}"}),
        ({"depth": int, "paired": bool}, {"depth": 30, "paired": True}),
        ({"coverage": Column("depth", int)}, {"coverage": 30}),
        ({"depth": Column("depth")}, {"depth": "30"}),
        ({"reads": ["{cram}", "{cram}.crai"]}, {"reads": ["s3://b/1", "s3://b/1.crai"]}),
        (
            {"in": {"cram": str, "by": "hand", "n": [1, Column("depth", int)]}},
            {"in": {"cram": "s3://b/1", "by": "hand", "n": [1, 30]}},
        ),
        (
            None,
            {
                "sample": "NA1", "cram": "s3://b/1", "depth": "30", "purity": "0.25",
                "paired": "TRUE", "note": "x",
            },
        ),
        ([], {}),
    ],
)  # fmt: skip
def test_what_a_parameter_takes_from_the_sheet(parameters: Any, expected: dict[str, Any]) -> None:
    found = made(SHEET, parameters)["NA1"]
    assert found == expected
    assert [type(found[name]) for name in expected] == [type(v) for v in expected.values()]


@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "\ufeff" + text,
    lambda text: text.replace(",", '","').replace("\n", '"\n"')[:-1].join(['"', ""]),
    lambda text: "".join([*text.splitlines(True)[:1], *reversed(text.splitlines(True)[1:])]),
    lambda text: "\n".join(",".join(reversed(r.split(","))) for r in text.splitlines()),
    lambda text: text.replace("\n", ",?\n").replace(",?", ",lab", 1).replace("?", '"Ghent, B"'),
    lambda text: text.replace(",note", ",remark").replace(",x", ",another"),
    lambda text: text + "\n,,,,,\n",
])  # fmt: skip
def test_what_no_parameter_uses_makes_no_difference(change: Any) -> None:
    uses = {"sample": str, "cram": str, "depth": int}
    assert made(change(SHEET), uses) == made(SHEET, uses)


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("30", int, 30), ("-7", int, -7), ("+7", int, 7), ("007", int, 7), (30.0, int, 30),
        ("0.5", float, 0.5), (".5", float, 0.5), ("3", float, 3.0), ("1e-3", float, 0.001),
        (2, float, 2), ("TRUE", bool, True), ("False", bool, False), (True, bool, True),
        (7, str, "7"), (1.5, str, "1.5"), (True, str, "true"), ("x", None, "x"), (7, None, 7),
        ('["a", 1]', list, ["a", 1]), ([1], list, [1]), ('{"a": 1}', dict, {"a": 1}),
    ],
)  # fmt: skip
def test_a_cell_of_a_type(cell: Any, kind: type | None, value: Any) -> None:
    found = made([{"sample": "A", "x": cell}], {"p": Column("x", kind)})["A"]["p"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("cell", "kind", "reason"),
    [
        ("30x", int, "is not a whole number"), ("3.0", int, "is not a whole number"),
        ("1_000", int, "is not a whole number"), ("٣", int, "is not a whole number"),
        (True, int, "is not a whole number"), (1.5, int, "is not a whole number"),
        ("9" * 31, int, "is not a whole number"), ("nan", float, "is not a number"),
        ("#REF!", None, "is the error of a spreadsheet's formula"),
        ("#DIV/0!", str, "is the error of a spreadsheet's formula"),
        ("1e400", float, "is not a number"), ("inf", float, "is not a number"),
        ("1,5", float, "is not a number"), (False, float, "is not a number"),
        ("yes", bool, "is neither true nor false"),
        (1, bool, "is neither true nor false"), ([1], str, "is a list, which can't be"),
        ("a,b", list, "holds no JSON array"), ("{}", list, "holds no JSON array"),
        ("[NaN]", list, "holds no JSON array"), ("[]", dict, "holds no JSON object"),
        (7, dict, "holds no JSON object"),
    ],
)  # fmt: skip
def test_a_cell_that_is_not_of_its_type(cell: Any, kind: type, reason: str) -> None:
    (problem,) = problems([{"sample": "A", "x": cell}], {"p": Column("x", kind)})
    assert problem.line == 1
    assert problem.reason.startswith("x ")
    assert reason in problem.reason


def test_a_cell_that_two_parameters_take_is_told_once() -> None:
    found = problems("sample,depth\nA,x\n", {"p": Column("depth", int), "depth": int})
    assert found == [Problem(2, "depth 'x' is not a whole number")]


def test_cells_of_python_are_taken_as_they_are() -> None:
    marker = object()
    found = made([{"sample": "A", "x": marker, "y": {"z": [1]}}], ["x", "y"])["A"]
    assert found["x"] is marker
    assert found["y"] == {"z": [1]}


def test_an_optional_cell_that_is_empty_is_left_out() -> None:
    sheet = "sample,fastq_1,fastq_2\nA,1,2\nB,1,\n"
    second = Column("fastq_2", optional=True)
    assert made(sheet, {"reads": ["{fastq_1}", second]}) == {
        "A": {"reads": ["1", "2"]},
        "B": {"reads": ["1"]},
    }
    assert made(sheet, ["fastq_1", second])["B"] == {"fastq_1": "1"}
    assert made(sheet, {"in": {"r1": "{fastq_1}", "r2": second}})["B"] == {"in": {"r1": "1"}}
    # By header name alone, too.
    assert made(sheet)["B"] == {"sample": "B", "fastq_1": "1"}


def test_rows_of_one_sample_become_lists() -> None:
    parameters = {
        "sample": str,
        "fastq_1": EachRow(str),
        "second": EachRow(Column("fastq_2", optional=True)),
        "pairs": EachRow({"files": ["{fastq_1}"], "kind": "illumina"}),
        "strandedness": str,
    }
    found = made(LANES, parameters)
    assert found["A"] == {
        "sample": "A",
        "fastq_1": ["s3://b/A_1_1", "s3://b/A_2_1"],
        "second": ["s3://b/A_1_2", "s3://b/A_2_2"],
        "pairs": [
            {"files": ["s3://b/A_1_1"], "kind": "illumina"},
            {"files": ["s3://b/A_2_1"], "kind": "illumina"},
        ],
        "strandedness": "auto",
    }
    # One row is a list of one; no second file in any row is no list.
    assert found["B"]["fastq_1"] == ["s3://b/B_1_1"]
    assert "second" not in found["B"]


def test_the_order_of_a_samples_rows_makes_no_difference() -> None:
    header, *rows = LANES.splitlines()
    turned = "\n".join([header, *reversed(rows)])
    parameters = {"fastq_1": EachRow(str), "fastq_2": EachRow(Column("fastq_2", optional=True))}
    assert made(turned, parameters) == made(LANES, parameters)


def test_rows_of_one_sample_need_eachrow() -> None:
    (problem,) = problems(LANES, ["sample", "fastq_1"])
    assert problem == Problem(4, "the sample A is in line 2 already")


def test_rows_of_one_sample_agree_in_what_is_the_samples_own() -> None:
    sheet = LANES.replace("A_1_2,auto", "A_1_2,forward")
    (problem,) = problems(sheet, {"fastq_1": EachRow(str), "strandedness": str})
    assert problem.line == 4
    assert "strandedness is 'forward', and 'auto' in line 2" in problem.reason
    # What nothing refers to may differ.
    assert made(sheet, {"fastq_1": EachRow(str)})["A"]["fastq_1"]


def test_a_row_of_a_sample_twice_is_refused() -> None:
    twice = LANES + "A,s3://b/A_2_1,s3://b/A_2_2,auto\n"
    (problem,) = problems(twice, {"fastq_1": EachRow(str)})
    assert problem == Problem(5, "repeats line 2")


def test_lists_of_pairs_keep_their_lengths() -> None:
    sheet = LANES.replace("s3://b/A_1_2", "")
    second = EachRow(Column("fastq_2", optional=True))
    (problem,) = problems(sheet, {"fastq_1": EachRow(str), "fastq_2": second})
    assert problem == Problem(
        4, "fastq_2 is empty here, but not in other rows of the sample A"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"p": "sample"}, "parameter p: 'sample' refers to no column"),
        ({"p": 7}, "parameter p: 7 refers to no column"),
        ({"p": ["a", {"b": None}]}, "refers to no column"),
        ({"p": "{sample} {"}, "parameter p: a brace alone in '{sample} {'"),
        ({"p": "{sample}{}"}, "a brace alone"),
        ({"p": "{crom}"}, "the sheet has no column 'crom': did you mean 'cram'?"),
        ({"p": Column("Depth", int)}, "no column 'Depth': did you mean 'depth'?"),
        ({"p": Column("xyz", optional=True)}, "the sheet has no column 'xyz'. It has sample"),
        ({"p": Column("depth", set)}, "the type of a column is one of str, int, float, bool, list"),
        ({"depth": complex}, "not <class 'complex'>"),
        ({"depth": EachRow(EachRow(int))}, "EachRow inside of EachRow"),
        (["cram", 7], "parameter 7: is neither the name of a column nor a Column"),
        ({"p": "{note}"}, "nothing in note"),
    ],
)
def test_a_reference_that_can_not_be_followed(parameters: Any, reason: str) -> None:
    (problem,) = problems(SHEET, parameters)
    assert reason in problem.reason


def test_a_single_column_may_be_named_alone() -> None:
    assert made(SHEET, "cram")["NA2"] == {"cram": "s3://b/2"}


def test_overrides_need_their_samples() -> None:
    (problem,) = problems(SHEET, ["cram"], expected=["NA1", "NA3"])
    assert problem.reason.startswith(
        "no sample 'NA3', for which there are overrides: did you mean"
    )  # fmt: skip


def test_all_problems_of_sheet_and_parameters_come_at_once() -> None:
    sheet = "sample,cram,depth\nNA1,,30\nNA1,s3://b/1,x\nNA 2,s3://b/2,\n"
    found = problems(
        sheet, {"cram": str, "depth": int, "purity": float, "q": "fix"}, expected=["NA9"]
    )
    assert [problem.line for problem in found] == [0, 0, 1, 2, 3, 3, 4, 4]
    assert [problem.reason.split(":")[0] for problem in found] == [
        "no sample 'NA9', for which there are overrides",
        "parameter q",
        "the sheet has no column 'purity'. It has sample, cram, depth",
        "nothing in cram",
        "depth 'x' is not a whole number",
        "the sample NA1 is in line 2 already",
        "nothing in depth",
        "sample 'NA 2' can't be the name of a run",
    ]


def test_a_hundred_thousand_samples_are_made_in_seconds() -> None:
    lines = ["sample,fastq_1,fastq_2,depth,note"]
    lines += [f"S{n},s3://b/{n}_1.fq.gz,s3://b/{n}_2.fq.gz,30,x" for n in range(100_000)]
    parameters = {"sample": str, "reads": ["{fastq_1}", "{fastq_2}"], "depth": int}
    began = time.process_time()
    samples = read_samples("\n".join(lines), parameters)
    assert time.process_time() - began < 5.0
    assert samples["S99999"].parameters["reads"][1] == "s3://b/99999_2.fq.gz"
