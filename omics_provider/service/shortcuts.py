"""Two detours of botocore that a session of this package does not take.

Like sign_in, only the module of clients imports this one, when it makes a session: it imports
botocore.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from botocore.session import Session
from botocore.utils import parse_timestamp

#: The least of a time as HealthOmics writes it: 2026-01-01T00:00:00Z.
_SHORTEST: Final = 20


def take(session: Session) -> None:
    """Have `session` take both, before it makes a client."""
    loader: Any = session.get_component("data_loader")
    # botocore looks into 900 folders to tell that it knows the one service that it is asked for.
    loader.list_available_services = lambda _kind: _folders(loader.search_paths)
    # botocore tries every way to write a time, which takes a quarter of a GetRun.
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


def _folders(paths: Iterable[str]) -> list[str]:
    """Return the names of the services that have any model; asking for one tells which it has."""
    return sorted({name for path in paths if os.path.isdir(path) for name in os.listdir(path)})
