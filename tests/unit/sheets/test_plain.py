"""Parameters written as plain data."""

from typing import Any

import pytest

from omics_provider.sheets.parameters import Column, EachRow, read_samples
from omics_provider.sheets.plain import TYPES, parameters_of
from omics_provider.sheets.sheet import SheetError


def test_data_of_both_forms_stays() -> None:
    given = {"reads": ["s3://b/{sample}_1", "s3://b/{sample}_2"], "of": {"name": "{sample}"}}
    assert parameters_of(given) == given
    assert parameters_of(["sample", "reads"]) == ["sample", "reads"]
    assert parameters_of(None) is None


@pytest.mark.parametrize(
    ("plain", "meant"),
    [
        ({"column": "depth"}, Column("depth")),
        ({"column": "depth", "type": "integer"}, Column("depth", int)),
        ({"column": "note", "optional": True}, Column("note", optional=True)),
        ({"eachRow": "{lane}"}, EachRow("{lane}")),
        ({"eachRow": {"of": {"column": "lane", "type": "integer"}}},
         EachRow({"of": Column("lane", int)})),
    ],
)  # fmt: skip
def test_objects_stand_for_cells_at_any_depth(plain: Any, meant: Any) -> None:
    assert parameters_of({"p": plain, "of": {"list": [plain]}}) == {
        "p": meant,
        "of": {"list": [meant]},
    }
    assert parameters_of([plain]) == [meant]


def test_a_parameter_may_be_called_as_what_stands_for_a_cell() -> None:
    assert parameters_of({"column": "{sample}"}) == {"column": "{sample}"}
    assert parameters_of({"eachRow": "{sample}"}) == {"eachRow": "{sample}"}
    assert parameters_of({"p": {}, "q": {"type": "{kind}"}}) == {"p": {}, "q": {"type": "{kind}"}}
    assert parameters_of({"p": {"column": "{a}", "row": "{b}"}}) == {
        "p": {"column": "{a}", "row": "{b}"}
    }


def test_each_type_reads_a_cell() -> None:
    cells = {
        "string": "x", "integer": "3", "number": "0.5", "boolean": "TRUE", "array": "[1]",
        "object": '{"a": 1}',
    }  # fmt: skip
    assert cells.keys() == TYPES.keys()
    asked = parameters_of({kind: {"column": kind, "type": kind} for kind in TYPES})
    found = read_samples([{"sample": "S1", **cells}], asked)
    assert found["S1"].parameters == {
        "string": "x", "integer": 3, "number": 0.5, "boolean": True, "array": [1],
        "object": {"a": 1},
    }  # fmt: skip


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SheetError) as told:
        parameters_of(
            {
                "depth": {"column": "depth", "type": "int"},
                "note": [{"column": 3}],
                "of": {"eachRow": {"column": "x", "optional": "yes"}},
            }
        )
    assert str(told.value).splitlines() == [
        "parameters: parameter depth: the type of a column is one of string, integer, number, "
        "boolean, array, object, not 'int'.",
        "parameters: parameter note: column is the name of one, not 3.",
        "parameters: parameter of: optional is true or false, not 'yes'.",
    ]
    with pytest.raises(SheetError, match="must be a list of columns, or an object, is 3"):
        parameters_of(3)
