"""docs/behaviours.md says what is true."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from omics_provider.emulator import service
from omics_provider.emulator.world import faults, settings
from tests.emulator.protocol.test_conformance import MODEL

TEXT = (Path(__file__).parents[3] / "docs" / "behaviours.md").read_text()


def test_its_table_holds_every_operation_that_is_emulated():
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| yes \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(service.OPERATIONS)


def test_it_names_every_operation_that_is_not():
    section = TEXT.split("## Operations that are not emulated\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (\w+(?:, \w+)*) \|$", section, re.MULTILINE)
    names = [name for row in rows if row != "operations" for name in row.split(", ")]
    assert sorted(names) == sorted(set(MODEL.operation_names) - set(service.OPERATIONS))
    assert int(re.search(r"does not have (\d+) operations", section)[1]) == len(names)


@pytest.mark.parametrize("name", [each.name for each in fields(settings.Settings)])
def test_it_names_every_setting(name):
    known_elsewhere = {"runSeconds"}
    assert f"`{name}`" in TEXT or name in known_elsewhere


@pytest.mark.parametrize("name", faults.KINDS)
def test_it_names_every_fault(name):
    assert re.search(rf"\b{name}\b", TEXT)


def test_its_numbers_go_up():
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", TEXT, re.MULTILINE)]
    assert numbers == sorted(set(numbers))
