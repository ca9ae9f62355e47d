"""The times of answers, read at once where they are written as HealthOmics writes them.

Like sign_in, only the module of clients imports this one, when it makes a session: it imports
botocore.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from botocore.session import Session
from botocore.utils import parse_timestamp

#: The least of a time as HealthOmics writes it: 2026-01-01T00:00:00Z.
_SHORTEST: Final = 20


def read_at_once(session: Session) -> None:
    """Have `session` read times by `time`, before it makes a client.

    botocore tries every way to write a time, which takes a quarter of a GetRun.
    """
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=time)


def time(value: Any) -> datetime:
    """Return the time that an answer has: as botocore does, and at once where it is ISO 8601."""
    is_usual = isinstance(value, str) and len(value) >= _SHORTEST and value[10] == "T"
    if is_usual and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    return parse_timestamp(value)
