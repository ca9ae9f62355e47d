"""docs/troubleshooting.md quotes messages as the code has them, and no error is left out of it.

A quoted message has … for what differs. The code's messages are the string constants and f-strings
of the package, with … for each value. A quote stands for a message if its texts occur in it, in
order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from omics_provider.service import boto_errors
from tests.prose import messages

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
#: Its messages are botocore's, S3's and Pulumi's own, which are not in this code.
NOT_OURS = {"The service's answer", "Pulumi's own messages"}
BOTOCORE = {"You must specify a region.", "Unable to locate credentials", "could not be found"}


def quotes(text: str) -> Iterator[str]:
    """Give every message that the page quotes: code in the first column of its tables."""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        if section.splitlines()[0] not in NOT_OURS:
            for row in re.findall(r"^\| (`.*?`+) (?:\([^|]*\) )?\|", section, re.MULTILINE):
                for found in re.finditer(r"(`+) ?(.+?) ?\1(?!`)", row):
                    yield found[2]


@cache
def pieces(message: str) -> tuple[str, ...]:
    """Return the texts of a message between its values, blanks made equal."""
    parts = [" ".join(part.split()) for part in message.split(messages.VALUE)]
    return tuple(part for part in parts if part)


@cache
def on_one_line(message: str) -> str:
    """Return the whole of a message, blanks made equal."""
    return " ".join(message.split())


@cache
def pattern(quote: str) -> re.Pattern[str]:
    """Return what finds a quote's pieces in their order."""
    return re.compile(".*".join(re.escape(piece) for piece in pieces(quote)), re.DOTALL)


def stands_for(quote: str, message: str) -> bool:
    """Tell whether a quote is of this message; one of few words has to be the whole of it."""
    if len(" ".join(pieces(quote)).split()) < 4:
        return pieces(quote) == pieces(message)
    return pattern(quote).search(on_one_line(message)) is not None


# The page ----------------------------------------------------------------------------------------

QUOTES = list(quotes(TEXT))
MESSAGES = messages.texts()


def test_every_quoted_message_is_in_the_code() -> None:
    unknown = [
        quote
        for quote in QUOTES
        if quote not in BOTOCORE and not any(stands_for(quote, text) for text in MESSAGES)
    ]
    assert unknown == []


def test_every_error_that_is_raised_has_a_place_on_the_page() -> None:
    left_out = [
        f"{place}: {text}"
        for place, text in messages.messages()
        if not any(stands_for(quote, text) for quote in QUOTES)
    ]
    assert left_out == [], "Give each a row in docs/troubleshooting.md: why, and what to do."


def test_every_code_of_the_service_has_a_place_on_the_page() -> None:
    assert [code for code in boto_errors._BY_CODE if f"`{code}`" not in TEXT] == []


@pytest.mark.parametrize(
    ("quote", "message", "fits"),
    [
        ("there is no run … in …", "there is no run … in …", True),
        ("there is no run … in …", "there is no\nrun … in … at all", True),
        ("there is no run … in …", "there is no group … in …", False),
        ("there is no …", "there is no …", True),
        ("there is no …", "there is no run … in …", False),
    ],
)
def test_a_quote_stands_for_its_own_message(quote: str, message: str, fits: bool) -> None:
    assert stands_for(quote, message) is fits


def test_the_page_is_read_whole() -> None:
    assert len(QUOTES) > 100
    assert sum(1 for _ in messages.messages()) > 50
