"""The reference of the stacks' keys says all that the programs read, and nothing else."""

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

ROOT = Path(__file__).parents[3]
PROGRAMS = [*(ROOT / "stacks").glob("*.py"), ROOT / "__main__.py"]
READ = re.compile(r"(?:config|Config\(\))\.(?:get|require)\w*\(\s*\"(\w+)\"")
REFERENCE = (ROOT / "stacks" / "README.md").read_text("utf-8")


def documented() -> set[str]:
    table = REFERENCE.partition("<!-- keys -->")[2].partition("<!-- end of keys -->")[0]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {key for first in firsts for key in re.findall(r"`(\w+)`", first)}


def read() -> set[str]:
    return {key for path in PROGRAMS for key in READ.findall(path.read_text("utf-8"))}


def test_every_key_is_in_the_reference_and_the_other_way_round() -> None:
    assert len(read()) > 20
    assert documented() == read()


def test_the_site_has_the_reference() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert "{include} ../stacks/README.md" in page


@pytest.mark.parametrize("stack", ["local", "dev", "production"])
def test_a_stack_sets_nothing_that_nobody_reads(stack: str) -> None:
    text = (ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text("utf-8")
    keys = {key for key in yaml.safe_load(text)["config"] if key.startswith("omics-runs:")}
    assert keys
    assert {key.removeprefix("omics-runs:") for key in keys} <= read()
