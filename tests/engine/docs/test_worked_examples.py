"""The examples of docs/ do what their pages show, each in a terminal of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worked_examples import TEXTS, capture


@pytest.mark.parametrize(
    ("page", "name"),
    [
        # The one with most commands; `make scale` runs the others.
        pytest.param(page, name, marks=() if name == "cohort" else pytest.mark.slow)
        for page, text in TEXTS.items()
        for name in capture.examples(text)
    ],
    ids=lambda each: each if isinstance(each, str) else each.stem,
)
def test_an_example_shows_what_the_page_shows(page: Path, name: str, tmp_path: Path) -> None:
    now = capture.renewed(TEXTS[page], name, tmp_path)

    told = capture.differences(name, TEXTS[page], now)
    assert told == [], "\n".join([f"If that is meant: python tools/capture.py {name}", *told])
