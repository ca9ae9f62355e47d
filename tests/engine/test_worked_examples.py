"""The examples of docs/waiting.md do what the page shows, each in a terminal of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worked_examples import TEXT, capture


@pytest.mark.parametrize("name", capture.examples(TEXT))
def test_an_example_shows_what_the_page_shows(name: str, tmp_path: Path) -> None:
    now = capture.renewed(TEXT, name, tmp_path)

    told = capture.differences(name, TEXT, now)
    assert told == [], "\n".join(["If that is meant, run: python tools/capture.py", *told])
