"""Pages show their examples as they are. That they do what is shown: tests/engine."""

from __future__ import annotations

import re

import pytest

from tests.worked_examples import ROOT, TEXTS, capture


@pytest.mark.parametrize("text", TEXTS.values(), ids=[page.stem for page in TEXTS])
def test_a_page_has_the_files_as_they_are(text: str) -> None:
    assert capture.with_files(text) == text, "Run: python tools/capture.py"


def test_each_example_is_shown_by_one_page() -> None:
    folders = [path.name for path in (ROOT / "docs" / "examples").iterdir() if path.is_dir()]
    marked = [re.findall(r"^<!-- file: ([\w-]+)/", text, re.MULTILINE) for text in TEXTS.values()]
    assert sorted(name for names in marked for name in set(names)) == sorted(folders)
    for text, names in zip(TEXTS.values(), marked, strict=True):
        assert set(capture.examples(text)) <= set(names)
    assert len(folders) > 3


#: Commands that are shown without what they write, and where they are run.
RUN_ELSEWHERE = {
    "python -m omics_provider drift [--stack NAME] [--format markdown|text|json] [--fix]": (
        "tests/engine/commands/test_drift.py"
    ),
    ". tools/env": "tests/contract/house/test_tools.py",
    "cd docs/examples/one-run": "tests/engine/docs/test_worked_examples.py",
    "pulumi stack init local": "tests/engine/docs/test_worked_examples.py",
    "pulumi up": "tests/engine/docs/test_worked_examples.py",
    **dict.fromkeys(
        (
            "python3 -m venv venv",
            ". venv/bin/activate",
            "pip install omics-provider",
            'export PULUMI_BACKEND_URL="file://$PWD?metadata=skip"',
            "export PULUMI_CONFIG_PASSPHRASE=local",
            "python3 -m venv ~/omics",
            "~/omics/bin/pip install omics-provider",
            'pulumi plugin install resource omics "$(~/omics/bin/pulumi-resource-omics --version)"'
            " --file ~/omics/bin/pulumi-resource-omics",
        ),
        "tests/engine/docs/test_pages_as_text.py",
    ),
    "pulumi new /path/to/clone/templates/omics-runs": (
        "tests/engine/docs/test_wheel_and_template.py"
    ),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=[page.stem for page in TEXTS])
def test_every_command_that_a_page_shows_is_run(text: str) -> None:
    unmarked = re.findall(r"(?<!-->\n)^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^\$ (.*?)(?: +#.*)?$", "".join(unmarked), re.MULTILINE)
    assert [command for command in shown if command not in RUN_ELSEWHERE] == []


# What may differ, and what may not ---------------------------------------------------------------

SHOWN = """\
 +   ├─ pulumi-python:dynamic/omics:Run  A       created (0.62s)
 +   └─ pulumi-python:dynamic/omics:Run  B       created (1m2s)
    Run A (2371579) ended COMPLETED after 00:00:02.
    Run B (4457193) ended FAILED: SERVICE_ERROR.
    results: "s3://b/2371579/3963fb1b-0462-4a3b-9f9f-dd9635fdc465"
Duration: 6s
"""
LATER = """\
 +   ├─ pulumi-python:dynamic/omics:Run  B    created (2s)
 +   └─ pulumi-python:dynamic/omics:Run  A    created (0.1s)
    Run B (4457194) ended FAILED: SERVICE_ERROR.
    Run A (2371570) ended COMPLETED after 00:00:03.
    results: "s3://b/2371570/0963fb1b-0462-4a3b-9f9f-dd9635fdc465"
Duration: 1m7s
"""


def test_ids_times_and_the_order_of_what_happens_at_once_may_differ() -> None:
    assert capture.normal(SHOWN) == capture.normal(LATER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("COMPLETED", "CANCELLED"),
        ("SERVICE_ERROR", "RUN_TASK_FAILED"),
        ("created (2s)", "updated (2s)"),
        ("Run  B", "Run  C"),
        ("s3://b/", "s3://c/"),
        ("    results", "    result"),
        ("Duration: 1m7s\n", ""),
    ],
)
def test_nothing_else_may_differ(old: str, new: str) -> None:
    assert old in LATER
    assert capture.normal(SHOWN) != capture.normal(LATER.replace(old, new, 1))


TOLD = """\
Diagnostics:
  pulumi:pulumi:Stack (region-local):
    error: update failed

  pulumi-python:dynamic/omics:Run (A):
    error: GetRun for run A failed.
    Nothing was done.

Outputs:
    a: "b"
"""


def test_resources_may_tell_what_they_have_in_any_order() -> None:
    first, second = TOLD.index("  pulumi:"), TOLD.index("  pulumi-")
    end = TOLD.index("Outputs")
    other = f"{TOLD[:first]}{TOLD[second:end]}{TOLD[first:second]}{TOLD[end:]}"
    assert other != TOLD
    assert capture.normal(other) == capture.normal(TOLD)
    assert capture.normal(TOLD.replace("Nothing was", "All was")) != capture.normal(TOLD)
    assert capture.normal(TOLD.replace("(A)", "(B)")) != capture.normal(TOLD)


def test_a_screen_shows_what_was_drawn_last() -> None:
    screen = capture.Screen()
    screen.feed("one\x1b[K\r\ntwo two\x1b[K\r\n\r\x1b[2A1\x1b[K\r\n2\x1b[K\r\n\x1b[?25hend\r\n")
    assert screen.shown() == "1\n2\nend"
