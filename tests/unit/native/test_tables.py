"""What only the native provider takes is checked by its tables, as every input is."""

from typing import Any

import pytest

from omics_provider.base import checks
from omics_provider.base.table import Table
from omics_provider.base.values import UNKNOWN
from omics_provider.native import tables

WAITING = Table("Run", tables.WAITING)


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"waitForCompletion": True, "onFailure": "warn"}, []),
        ({"waitForCompletion": UNKNOWN}, []),
        ({"waitForCompletion": "yes"}, ['"yes": must be true or false']),
        ({"waitForCompletion": 1}, ["1: must be true or false"]),
        ({"onFailure": "ignore"}, ['"ignore": must be one of fail, warn']),
    ],
)
def test_waiting_is_true_or_false_and_a_failure_fails_or_warns(
    inputs: dict[str, Any], told: list[str]
) -> None:
    assert [each.reason for each in checks.problems(WAITING, inputs)] == told


def test_a_template_takes_what_a_run_takes_and_needs_none_of_it() -> None:
    template = tables.TYPES["RunTemplate"]
    assert {row.wire for row in template} == tables.RUN.by_wire.keys()
    assert not any(isinstance(row, tables.Field) and row.required for row in template)


def test_a_batch_is_told_what_its_template_gives() -> None:
    given, recorded = tables.RESOURCES["omics:index:RunBatch"]
    template = {row.wire for row in tables.TYPES["RunBatchTemplate"]}
    assert template <= recorded.by_wire.keys()
    # The names that mean something else for the batch itself.
    assert template & given.by_wire.keys() == {"parameters"}
    assert recorded.by_wire.keys() - template <= given.by_wire.keys()
