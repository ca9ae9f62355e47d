"""Sample sheets that are good: every spelling of one sheet gives the same rows."""

from __future__ import annotations

import json
import random
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_provider.sheets.sheet import Sheet, SheetError, Source
from tests.sheets import read_sheet

PLAIN = "sample,cram,sex\nNA12718,s3://b/NA12718.cram,female\nHG00118,s3://b/HG00118.cram,male\n"
ROWS = {
    "NA12718": {"sample": "NA12718", "cram": "s3://b/NA12718.cram", "sex": "female"},
    "HG00118": {"sample": "HG00118", "cram": "s3://b/HG00118.cram", "sex": "male"},
}


def by_id(sheet: Sheet) -> dict[str, dict[str, object]]:
    return {row.id: {name: row[name] for name in ("sample", "cram", "sex")} for row in sheet.rows}


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.rstrip("\n"),
        PLAIN + "\n\n",
        "sep=,\r\n" + PLAIN.replace("\n", "\r\n"),
        '"sep=;"\n' + PLAIN.replace(",", ";"),
        "SEP=|,,\n" + PLAIN.replace(",", "|"),
        PLAIN + ",,\r\n , ,\r\n",
        "\n" + PLAIN,
        PLAIN.replace("\nHG", "\n\n\nHG"),
        PLAIN.replace("\n", ",,\n"),
        PLAIN.replace(",", " , "),
        PLAIN.replace(",", '","').replace("\n", '"\n"').rstrip('"').join(['"', ""]),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ";"),
        # Commas inside of cells, which the other lines do not have.
        PLAIN.replace(",", ";").replace("sex", "sex;Alter, Jahre").replace("male\n", "male;34\n"),
        PLAIN.replace(",", "\t").replace("sex", "sex\ta, b; c").replace("male\n", "male\tx\n"),
        PLAIN.replace("sex", "sex,a; b").replace("male\n", "male,x\n"),
        PLAIN.encode("utf-16"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.replace("sex\n", "sex,note\n").replace("female\n", 'female,"a, b"\n').replace(
            ",male\n", ',male,"two\r\nlines"\n'
        ),
        "sex,sample,cram\nmale,HG00118,s3://b/HG00118.cram\nfemale,NA12718,s3://b/NA12718.cram\n",
        json.dumps(list(ROWS.values())),
        json.dumps(list(ROWS.values()), indent=2).encode("utf-8-sig"),
        json.dumps(ROWS),
        json.dumps({id_: {"cram": row["cram"], "sex": row["sex"]} for id_, row in ROWS.items()}),
        list(ROWS.values()),
        tuple(reversed(ROWS.values())),
        ROWS,
        {id_: {"cram": row["cram"], "sex": row["sex"]} for id_, row in ROWS.items()},
    ],
)  # fmt: skip
def test_one_sheet_in_many_clothes(source: Source) -> None:
    assert by_id(read_sheet(source, required=["cram", "sex"])) == ROWS


def test_rows_are_mappings_with_their_lines() -> None:
    sheet = read_sheet("\n" + PLAIN.replace("\nHG", "\n\nHG").replace("female", '"fe\nmale"'))
    first, second = sheet.rows
    assert dict(first) == {
        "sample": "NA12718", "cram": "s3://b/NA12718.cram", "sex": "fe\nmale",
    }  # fmt: skip
    assert (first.line, second.line) == (3, 6)
    assert sheet.columns == ("sample", "cram", "sex")
    assert (sheet.id_column, sheet.unit) == ("sample", "line")
    assert "note" not in first
    with pytest.raises(KeyError):
        _ = first["note"]


def test_entries_of_json_have_the_lines_where_they_begin() -> None:
    sheet = read_sheet('[\n  {"sample": "a",\n   "n": 1},\n\n  {"sample": "b", "n": 2.5}\n]')
    assert [(row.line, row["n"]) for row in sheet.rows] == [(2, 1), (5, 2.5)]
    by_key = read_sheet('{"a": {"n": 1},\n "b": {}}')
    assert [(row.id, row.line, row["n"]) for row in by_key.rows] == [("a", 1, 1), ("b", 2, None)]


def test_entries_of_python_are_counted() -> None:
    sheet = read_sheet([{"sample": 1001, "n": 1}, {"sample": "b", "n": [1, 2]}])
    assert [(row.id, row.line, row["n"]) for row in sheet.rows] == [
        ("1001", 1, 1),
        ("b", 2, [1, 2]),
    ]
    assert sheet.unit == "entry"


def test_an_unnamed_column_is_left_alone() -> None:
    # As pandas writes its index.
    sheet = read_sheet(",sample,cram\n0,a,s3://b/a\n1,b,s3://b/b\n")
    assert sheet.columns == ("sample", "cram")
    assert dict(sheet.rows[1]) == {"sample": "b", "cram": "s3://b/b"}


def test_cells_may_be_empty_where_nothing_needs_them() -> None:
    (row,) = read_sheet("sample,fastq_1,fastq_2\na,s3://b/1,\n", required=["fastq_1"]).rows
    assert row["fastq_2"] == ""


NF_CORE = """\
sample,fastq_1,fastq_2,strandedness
CONTROL_REP1,AEG588A1_S1_L002_R1_001.fastq.gz,AEG588A1_S1_L002_R2_001.fastq.gz,auto
CONTROL_REP1,AEG588A1_S1_L003_R1_001.fastq.gz,AEG588A1_S1_L003_R2_001.fastq.gz,auto
TREATMENT_REP1,AEG588A4_S4_L003_R1_001.fastq.gz,,auto
"""


def test_nf_core_sheets_work_as_they_are() -> None:
    sheet = read_sheet(NF_CORE, repeated=True)
    assert {id_: len(rows) for id_, rows in sheet.by_id().items()} == {
        "CONTROL_REP1": 2,
        "TREATMENT_REP1": 1,
    }


TERRA = 'entity:sample_id\tparticipant\tcrams\nNA1\tp1\t["s3://b/1","s3://b/2"]\nNA2\tp2\t[]\n'


@pytest.mark.parametrize("id_column", [None, "sample_id", "entity:sample_id"])
def test_terra_sheets_work_as_they_are(id_column: str | None) -> None:
    sheet = read_sheet(TERRA, id_column=id_column, name="samples.tsv", required=["participant"])
    assert sheet.columns == ("sample_id", "participant", "crams")
    assert [row.id for row in sheet.rows] == ["NA1", "NA2"]
    assert sheet.rows[0]["crams"] == '["s3://b/1","s3://b/2"]'


def test_terras_mark_decides_even_where_another_column_could() -> None:
    sheet = read_sheet("sample\tentity:specimen_id\nblood\tNA1\nsaliva\tNA2\n")
    assert [row.id for row in sheet.rows] == ["NA1", "NA2"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("s.tsv", "sample\ta,b\nx\t1\n"), ("s.csv", "sample,a;b\nx,1\n"), ("s.txt", "sample\nx\n")],
)
def test_the_delimiter_is_one_that_the_header_has(name: str, text: str) -> None:
    (row,) = read_sheet(text, name=name).rows
    assert row.id == "x"


def test_what_is_quoted_in_the_header_separates_nothing() -> None:
    sheet = read_sheet('sample;"depth, x"\nA;30\n', name="a.csv")
    assert dict(sheet.rows[0]) == {"sample": "A", "depth, x": "30"}


def test_excels_line_for_the_separator_is_counted() -> None:
    with pytest.raises(SheetError, match="line 3: nothing in cram"):
        read_sheet("sep=;\nsample;cram\nA;\n", required=["cram"])


def test_a_header_is_the_same_however_its_accents_are_written() -> None:
    decomposed, composed = "Gr\u006f\u0308\u00dfe", "Gr\u00f6\u00dfe"
    sheet = read_sheet(f"sample,{decomposed}\nA,{decomposed}\n", required=[composed])
    # Cells stay as they are: keys in S3 are told apart by their bytes.
    assert sheet.rows[0][composed] == decomposed


def test_the_format_tells_how_to_read_what_could_be_both() -> None:
    (row,) = read_sheet("sample,a\tb\nx,1\n", format="csv").rows
    assert row["a\tb"] == "1"
    with pytest.raises(SheetError, match="not JSON here"):
        read_sheet("sample,a\nx,1\n", format="json")


def test_the_ids_column_can_be_said() -> None:
    sheet = read_sheet("sample,library\na,L1\na,L2\n", id_column="library")
    assert [row.id for row in sheet.rows] == ["L1", "L2"]


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).map(str.strip)


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True), cells),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.randoms(use_true_random=False),
)
def test_any_cells_survive_the_way_through_csv(
    samples: dict[str, str], end: str, shuffled: random.Random
) -> None:
    order = list(samples)
    shuffled.shuffle(order)
    text = end.join(
        ["note,sample", *(f'"{samples[id_].replace(chr(34), chr(34) * 2)}",{id_}' for id_ in order)]
    )
    if not samples:
        with pytest.raises(SheetError, match="no samples below its header"):
            read_sheet(text)
        return
    assert {row.id: row["note"] for row in read_sheet(text, format="csv").rows} == samples


def test_a_hundred_thousand_rows_are_read_in_seconds() -> None:
    lines = ["sample,fastq_1,fastq_2,strandedness,note"]
    lines += [f'S{n},s3://b/{n}_R1.fq.gz,s3://b/{n}_R2.fq.gz,auto,"x, y"' for n in range(100_000)]
    source = "\r\n".join(lines).encode()
    began = time.process_time()
    sheet = read_sheet(source, required=["fastq_1", "fastq_2"])
    assert time.process_time() - began < 5.0
    assert len(sheet.rows) == 100_000
    tracemalloc.start()
    read_sheet(source[: source.index(b"\r\nS10000,")])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Ten thousand rows: the text twice, and a string for each cell.
    assert peak < 10_000_000
