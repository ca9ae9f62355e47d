"""tools/prose finds what it is to find, in pages and in messages. `make check` runs it on both."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.prose import ROOT, messages, pages, rules

LIMITS = rules.Limits(25, 40)
LONG = " ".join(["word"] * 26)


def found(text: str, *, is_cell: bool = False) -> list[str]:
    return [finding.what for finding in rules.findings(text, LIMITS, is_cell=is_cell)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"{LONG}.", "a sentence of 26 words, at most 25"),
        (f"Short. {LONG}.", "a sentence of 26 words, at most 25"),
        ("The reason is told once.", "'is told', better"),
        ("It can be had as a page.", "'can be had', better"),
        ("Five where unset.", "'where unset', better 'by default'"),
        ("The runs go on.", "'go on', better 'continue'"),
        ("A run that is AT WORK.", "'AT WORK', better 'active' (of a run)"),
    ],
)
def test_odd_prose_is_found(text: str, what: str) -> None:
    assert any(each.startswith(what) for each in found(text)), found(text)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(["word"] * 25) + ".",
        f"{' '.join(['word'] * 20)}: {' '.join(['word'] * 20)}.",
        "A run is active. You tell a colleague.",
        "A hold-up at workflows.",
    ],
)
def test_plain_prose_is_passed(text: str) -> None:
    assert found(text) == []


def test_a_cell_may_have_forty_words() -> None:
    ten = "word " * 9 + "word."
    assert found(" ".join([ten] * 4), is_cell=True) == []
    assert found(" ".join([*[ten] * 4, "More."]), is_cell=True) == [
        "a cell of 41 words, at most 40"
    ]


PAGE = """# A heading

A text with `some code in it`.

```text
told once
```

```{toctree}
told twice
```

- Before: it is told
- An item

| a | b |
| --- | --- |
| one | `x` |
"""


def test_the_prose_of_a_page_is_without_code_and_bad_examples() -> None:
    assert [tuple(each) for each in pages.passages(PAGE)] == [
        (1, "A heading", False),
        (3, "A text with `code`.", False),
        (14, "An item", False),
        (16, "a", True),
        (16, "b", True),
        (18, "one", True),
        (18, "`code`", True),
    ]


def test_the_messages_of_the_package_are_collected() -> None:
    found = dict(messages.messages())
    assert len(found) > 50
    assert any(place.startswith("omics_provider/runs/") for place in found)


def test_every_text_that_people_read_is_collected_once() -> None:
    found = list(messages.words())
    texts = [text for _, text in found]
    for module in ("runs/rules/run_table", "commands/cli", "resources/wait", "emulator/__main__"):
        assert any(place.startswith(f"omics_provider/{module}.py:") for place, _ in found)
    assert "Wait for the end of all `runs`." in texts  # a docstring of a public name
    assert not any(text.lstrip().startswith("SELECT ") for text in texts)
    whole = [text for text in texts if "it is not known whether it is this run" in text]
    assert whole == [
        "the state has no uuid for run id …, so it is not known whether it is this run"
    ]


@pytest.mark.parametrize(("text", "code"), [("The reason is told once.\n", 1), ("Fine.\n", 0)])
def test_the_program_says_where_and_what(tmp_path: Path, text: str, code: int) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{text}")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "prose", page],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, "")
    assert (f"{page}:3: 'is told', better" in done.stdout) is bool(code)
