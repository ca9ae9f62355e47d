"""Pages of a list: an opaque token that holds the place after which the next page starts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from .exceptions import ValidationException

DEFAULT_SIZE: Final = 100
_MARK: Final = "omics-page:"


def token(place: int) -> str:
    """Give the token of the page that starts after `place`."""
    return base64.urlsafe_b64encode(f"{_MARK}{place}".encode()).decode()


def place(text: str | None) -> int | None:
    """Give the place that a token holds; None for the first page."""
    if text is None:
        return None
    try:
        held = base64.urlsafe_b64decode(text.encode()).decode()
    except (binascii.Error, UnicodeError) as error:
        raise _bad(text) from error
    digits = held.removeprefix(_MARK)
    if digits == held or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise _bad(text)
    return int(digits)


def _bad(text: str) -> ValidationException:
    return ValidationException(f"The startingToken {text!r} is not one that this service gave.")


def page(rows: Sequence[Any], size: int) -> tuple[Sequence[Any], str | None]:
    """Give the first `size` of rows, asked for with one more, and the next page's token."""
    if len(rows) <= size:
        return rows, None
    return rows[:size], token(rows[size - 1]["pk"])
