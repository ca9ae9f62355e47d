"""Sample sheets that are wrong: every problem at once, with its line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from omics_provider.sheets.sheet import SheetError, Source
from omics_provider.sheets.table import Problem
from tests.sheets import read_sheet

HEADER = "sample,cram,sex\n"
GOOD = "NA1,s3://b/1,male\n"


def problems(source: Any, **options: Any) -> list[Problem]:
    with pytest.raises(SheetError) as error:
        read_sheet(source, **{"required": ["cram", "sex"], "name": "s", **options})
    return list(error.value.problems)


#: What is wrong, the sheet, and the line and a part of the reason of each problem.
MALFORMED: list[tuple[str, Source, list[tuple[int, str]]]] = [
    ("empty file", b"", [(0, "is empty")]),
    ("only blank lines", "\n \r\n,,\n", [(0, "is empty")]),
    ("only a mark of byte order", b"\xef\xbb\xbf", [(0, "is empty")]),
    ("only a header", HEADER, [(0, "no samples below its header")]),
    ("no column of sample ids", "name,cram,sex\nNA1,x,y\n", [(1, "no column of sample ids")]),
    ("two columns of ids", "sample,sample_id,cram,sex\na,b,x,y\n", [(1, "name the column")]),
    ("a missing column", "sample,cram\nNA1,x\n", [(1, "no column 'sex'. It has sample, cram")]),
    ("a misspelt column", "sample,cram,Sex\nNA1,x,y\n", [(1, "did you mean 'Sex'")]),
    ("two missing columns", "sample\nNA1\n", [(1, "no column 'cram'"), (1, "no column 'sex'")]),
    ("a column twice", "sample,cram,sex,cram\nNA1,x,y,z\n", [(1, "'cram' occurs 2 times")]),
    ("the ids twice", "sample,sample,cram,sex\na,a,x,y\n", [(1, "'sample' occurs 2 times")]),
    ("an id twice", HEADER + GOOD * 2, [(3, "sample NA1 is in line 2 already")]),
    ("an id thrice", HEADER + GOOD * 3, [(3, "in line 2 already"), (4, "in line 2 already")]),
    ("no id", HEADER + ",s3://b/1,male\n", [(2, "nothing in sample")]),
    ("an empty cell", HEADER + "NA1,,male\n", [(2, "nothing in cram")]),
    ("blanks for a cell", HEADER + 'NA1," \u00a0\t",male\n', [(2, "nothing in cram")]),
    ("a short row", HEADER + "NA1,s3://b/1\n", [(2, "has 2 cells, the header has 3")]),
    ("a long row", HEADER + "NA1,s3://b/1,male,x\n", [(2, "has 4 cells, the header has 3")]),
    ("a comma not quoted", HEADER + "NA1,s3://b/a,b,male\n", [(2, "has 4 cells")]),
    ("another delimiter in a row", HEADER + "NA1\ts3://b/1\tmale\n", [(2, "has 1 cells")]),
    ("blanks in an id", HEADER + "NA 1,x,y\n", [(2, "sample 'NA 1' can't be the name of a run")]),
    ("a slash in an id", HEADER + "../NA1,x,y\n", [(2, "can't be the name of a run")]),
    ("an id with ::", HEADER + "a::b,x,y\n", [(2, "can't be the name of a run")]),
    ("an id that begins with -", HEADER + "-NA1,x,y\n", [(2, "can't be the name of a run")]),
    ("an id of other letters", HEADER + "Süß,x,y\n", [(2, "can't be the name of a run")]),
    ("an id too long", HEADER + f"{'N' * 101},x,y\n", [(2, "at most 100")]),
    ("a formula's error for an id", HEADER + "#REF!,x,y\n", [(2, "can't be the name of a run")]),
    ("not UTF-8", HEADER.encode() + b"NA1,x,m\xe4nnlich\n" + b"NA2,\xff,y\n",
     [(2, "is not UTF-8"), (3, "is not UTF-8")]),
    ("NUL bytes", (HEADER + "NA1,x\0,y\nNA2,x,y\n").encode(), [(2, "has a NUL byte")]),
    ("UTF-16 without a mark", HEADER.encode("utf-16-le"), [(0, "as in UTF-16")]),
    ("broken UTF-16", b"\xff\xfe\x00\xd8\x00", [(0, "broken UTF-16")]),
    ("a quote never closed", HEADER + 'NA1,"s3://b/1,male\n' + GOOD,
     [(2, "look for a quote that is not closed")]),
    ("text after a quote", HEADER + 'NA1,"s3://b"/1,male\n' + "NA2,,y\n",
     [(2, "can't be read as a row"), (3, "nothing in cram")]),
    ("a cell beyond all measure", HEADER + f"NA1,{'x' * 140_000},y\n", [(2, "can't be read")]),
    ("an Excel workbook", b"PK\x03\x04\x14\x00\x06\x00", [(0, "save the sheet as CSV")]),
    ("an old Excel workbook", b"\xd0\xcf\x11\xe0\xa1\xb1", [(0, "save the sheet as CSV")]),
    ("a compressed file", b"\x1f\x8b\x08\x00abc", [(0, "unpack it")]),
    ("two of Terra's marks", "entity:a_id\tentity:b_id\tcram\tsex\n1\t2\tx\ty\n",
     [(1, "more than one column begins with entity:")]),
    ("JSON cut off", '[{"sample": "a", "cram": "x", "sex": "y"},\n', [(2, "not JSON here")]),
    ("JSON with a trailing comma", '[{"sample": "a", "cram": "x", "sex": "y"},]', [(1, "JSON")]),
    ("JSON without a comma", '[{"sample": "a", "cram": "x", "sex": "y"}\n{}]', [(2, "',' or ']'")]),
    ("JSON and more", '[{"sample": "a", "cram": "x", "sex": "y"}]\n[]', [(2, "after the end")]),
    ("JSON of NaN", '[\n{"sample": "a", "cram": NaN, "sex": "y"}]', [(2, "NaN is not a JSON "
        "number")]),
    ("JSON of no objects", '["NA1",\n7,\n{"sample": "a", "cram": "x", "sex": "y"}]',
     [(1, "is 'NA1', where an object"), (2, "is 7, where an object")]),
    ("JSON with a cell twice", '[{"sample": "a", "cram": "x", "cram": "z", "sex": "y"},\n'
     '{"sample": "b", "cram": "x", "sex": "y"}]', [(1, "has 'cram' twice")]),
    ("JSON with an id twice", '{"a": {"cram": "x", "sex": "y"},\n"a": {"cram": "x", "sex": "y"}}',
     [(2, "sample a is in line 1 already")]),
    ("JSON with two ids for one", '{"a": {"sample": "b", "cram": "x", "sex": "y"}}',
     [(1, "is the sample 'a' by its key, 'b' by sample")]),
    ("JSON with null", '[{"sample": null, "cram": null, "sex": "y"}]',
     [(1, "nothing in cram"), (1, "nothing in sample")]),
    ("JSON without ids in quotes", '{7: {}}', [(1, "a sample id in quotes")]),
    ("JSON without a colon", '{"a" {}}', [(1, "':' is expected")]),
    ("JSON nested without end", "[" * 100_000, [(0, "is nested too deeply")]),
    ("an empty list", "[]", [(0, "is empty")]),
    ("nothing at all", [], [(0, "is empty")]),
    ("Python values that are no mappings", ["NA1"], [(1, "is 'NA1', where an object")]),
    ("a Python id that is no text", [{"sample": 1.5, "cram": "x", "sex": "y"}],
     [(1, "sample 1.5 can't be the name of a run")]),
    ("a Python column without a name", [{"": 1, "sample": "a"}], [(1, "no text")]),
    ("a zero-width space in a cell", HEADER + "NA1,s3://b/1\u200b.cram,male\n",
     [(2, "column 2, cram 's3://b/1\\u200b.cram', has an invisible character: ZERO WIDTH SPACE "
          "(U+200B), its character 9")]),
    ("a byte order mark inside", HEADER + "NA1,\ufeffs3://b/1,male\n",
     [(2, "ZERO WIDTH NO-BREAK SPACE (U+FEFF), its character 1")]),
    ("a no-break space", HEADER + "NA1,s3://b/1,fe\xa0male\n",
     [(2, "column 3, sex 'fe\\xa0male', has an invisible character: NO-BREAK SPACE")]),
    ("a soft hyphen and a mark of direction", HEADER + "NA1,s3://b/\xad1,\u202emale\n",
     [(2, "SOFT HYPHEN"), (2, "RIGHT-TO-LEFT OVERRIDE")]),
    ("a zero-width space in a header", "sample,cram,sex,no\u200bte\nNA1,x,y,z\n",
     [(1, "column 4, the header 'no\\u200bte', has an invisible character: ZERO WIDTH SPACE")]),
    ("a zero-width space in JSON", '[{"sample": "a", "cram": "x\u200b", "sex": "y"}]',
     [(1, "column 2, cram 'x\\u200b', has an invisible")]),
    ("a sheet of Illumina",
     "[Header],,\nFileFormatVersion,2,\n\n[BCLConvert_Data],,\nSample_ID,a,b\n",
     [(1, "of an Illumina instrument, with sections such as [Header]: save the table below")]),
    ("pandas' empty cell", [{"sample": "a", "cram": float("nan"), "sex": "y"}],
     [(1, "nothing in cram")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_a_malformed_sheet(source: Source, expected: list[tuple[int, str]]) -> None:
    found = problems(source)
    assert len(found) == len(expected), found
    for problem, (line, part) in zip(found, expected, strict=True):
        assert problem.line == line, found
        assert part in problem.reason


def test_a_column_that_nothing_uses_may_have_them() -> None:
    sheet = read_sheet("sample,cram,note\nNA1,x,10\xa0%\n", required=["cram"])
    assert sheet.rows[0]["note"] == "10\xa0%"
    with pytest.raises(SheetError, match="NO-BREAK SPACE"):
        read_sheet("sample,cram,note\nNA1,x,10\xa0%\n", every=True)


@pytest.mark.parametrize("kind", ["csv", None])
def test_a_sheet_of_illumina_is_known_without_a_name(kind: str | None) -> None:
    (problem,) = problems('"[Data]",,\nSample_ID,a,b\n', format=kind)
    assert "sections such as [Data]" in problem.reason


def test_all_problems_come_at_once_in_the_order_of_the_lines() -> None:
    source = (
        b"sample,cram,cram,note\r\n"
        b"NA1,s3://b/1,x,\r\n"
        b"NA 2,s3://b/2,x,\r\n"
        b"NA1,,x,\r\n"
        b"NA3,s3://b/3\r\n"
        b"NA4,s3://b/\xff,x,\r\n"
    )
    with pytest.raises(SheetError) as error:
        read_sheet(source, required=["cram", "sex"], name="trio.csv")
    assert str(error.value).splitlines() == [
        "trio.csv: line 1: the column 'cram' occurs 2 times.",
        "trio.csv: line 1: the sheet has no column 'sex'. It has sample, cram, cram, note.",
        "trio.csv: line 3: sample 'NA 2' can't be the name of a run: use letters, digits, '.', "
        "'_' and '-', a letter or digit first, at most 100.",
        "trio.csv: line 4: the sample NA1 is in line 2 already.",
        "trio.csv: line 5: has 2 cells, the header has 4.",
        "trio.csv: line 6: is not UTF-8: save the sheet as UTF-8.",
    ]


def test_very_many_problems_are_counted() -> None:
    with pytest.raises(SheetError) as error:
        read_sheet(HEADER + "NA 1,x,y\n" * 5000)
    told = str(error.value).splitlines()
    assert len(told) == 101
    assert told[-1] == "… and 4,900 problems more."
    assert len(error.value.problems) == 5000


def test_entries_of_python_are_named_as_such() -> None:
    with pytest.raises(SheetError, match=r"^samples: entry 2: nothing in sample"):
        read_sheet([{"sample": "a"}, {"sample": ""}], name="samples")


def test_a_format_that_does_not_exist() -> None:
    with pytest.raises(SheetError, match="format is one of csv, tsv, json, not 'xlsx'"):
        read_sheet(HEADER, format="xlsx")


def test_an_ids_column_that_does_not_exist() -> None:
    (problem,) = problems(HEADER + GOOD, id_column="sampel")
    assert problem == Problem(1, "the sheet has no column 'sampel': did you mean 'sample'?")


def test_a_hint_ends_as_a_question() -> None:
    with pytest.raises(SheetError) as error:
        read_sheet("sampel\nNA1\n", id_column="sample")
    assert str(error.value).endswith("did you mean 'sampel'?")


def test_a_long_cell_is_shown_in_part() -> None:
    (problem,) = problems(json.dumps([{"sample": "x y" * 1000, "cram": 1, "sex": 1}]))
    assert len(problem.reason) < 200
