"""Which other stacks know a run that carries this stack's mark.

The mark is outside of the state: after `pulumi stack rename` a run has the old name until the next
update, and another stack may have that name by then. Only the states tell whose the run is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from omics_provider.base.errors import OmicsError
from omics_provider.engine import cli

from .rules.record import StackRecord, read_record

#: Stacks whose states are read, those of this project first.
_MOST: Final = 50
_THREADS: Final = 2


def with_others(state: StackRecord) -> StackRecord:
    """Return the state with those of the backend's other stacks; what was not read is told."""
    try:
        names = sorted(cli.stacks(), key=lambda name: ("/" in name, name))
    except OmicsError as error:
        return replace(state, unread=(error.detail,))
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="stacks") as pool:
        read = list(pool.map(_read, names[:_MOST]))
    unread = [each for each in read if isinstance(each, str)]
    if len(names) > _MOST:
        unread.append(f"{len(names) - _MOST:,} of {len(names):,} stacks were not asked")
    found = (each for each in read if isinstance(each, StackRecord))
    others = tuple(each for each in found if each.suffix != state.suffix)
    return replace(state, others=others, unread=tuple(unread))


def _read(stack: str) -> StackRecord | str:
    """Return a stack's state, or why it can't be had."""
    try:
        return read_record(cli.state(stack))
    except OmicsError as error:
        return error.detail
