"""docs/cohorts.md: its program makes what it says, and a wrong sheet is told as it shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with pulumi

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "cohorts.md").read_text("utf-8")
RUNNER = Path(__file__).with_name("readme_program.py")
WRONG_ROWS = """\
NA18536,CHB,30,
NA18917,YRI,30x,s3://1000genomes/NA18917.cram
NA12718,CEU,30,s3://1000genomes/NA12718.cram
NA 1,CEU,30,s3://1000genomes/NA1.cram
"""


def block(mark: str) -> str:
    """Return the fenced block below the comment of this name."""
    (found,) = re.findall(rf"^<!-- {mark} -->\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def run(folder: Path, sheet: str, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "samples.csv").write_text(sheet, "utf-8")
    (folder / "__main__.py").write_text(program, "utf-8")
    settings = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text("utf-8"))
    # The runs of the page are simulated, wherever the folder is.
    config = json.dumps(
        {
            key: str(value)
            for key, value in settings["config"].items()
            if not key.startswith("omics:local")
        }
    )
    return subprocess.run(
        [sys.executable, str(RUNNER), "__main__.py", str(folder / "state.db"), config],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_program_starts_a_run_for_each_row(tmp_path: Path) -> None:
    done = run(tmp_path, block("samples"), block("program"))
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    ids = [line.split(",")[0] for line in block("samples").splitlines()[1:]]
    # They are made side by side, so in any order.
    assert sorted(each["name"] for each in told["made"]) == sorted(f"panel-{id_}" for id_ in ids)
    assert list(told["exported"]["results"]) == ids


def test_a_wrong_sheet_is_told_as_the_page_shows(tmp_path: Path) -> None:
    good = "".join(block("samples").splitlines(keepends=True)[:2])
    done = run(tmp_path, good + WRONG_ROWS, block("program"))
    assert done.returncode != 0
    assert block("wrong") in f"{done.stderr}\n"


def test_every_example_compiles() -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        compile(example, "docs/cohorts.md", "exec")


def test_every_file_that_the_page_links_exists() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
