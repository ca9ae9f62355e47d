"""Pages of a list: an opaque token that holds the place after which the next page starts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from .exceptions import ValidationException

T = TypeVar("T")

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
    return ValidationException(f"The token {text!r} is not one that this service gave.")


def page(rows: Sequence[Any], size: int) -> tuple[Sequence[Any], str | None]:
    """Give the first `size` of rows, asked for with one more, and the next page's token."""
    if len(rows) <= size:
        return rows, None
    return rows[:size], token(rows[size - 1]["pk"])


def of_numbered(
    numbered: Iterable[tuple[int, T]],
    params: Mapping[str, Any],
    size_member: str = "maxResults",
    token_member: str = "startingToken",  # noqa: S107  # a name, no secret
) -> tuple[list[T], str | None]:
    """Give the page of things that a List operation asks for, and the next page's token.

    Each thing comes with its number, in rising order: a token holds the last number that was shown.
    """
    shown_until = place(params.get(token_member)) or 0
    size = params.get(size_member, DEFAULT_SIZE)
    later = ({"pk": number, "thing": thing} for number, thing in numbered if number > shown_until)
    shown, next_token = page(list(islice(later, size + 1)), size)
    return [row["thing"] for row in shown], next_token
