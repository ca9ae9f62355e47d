"""The command explain: why runs failed."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from omics_provider.base.errors import OmicsError
from omics_provider.base.settings import Settings
from omics_provider.base.status import RunStatus
from omics_provider.commands.options import settings, write
from omics_provider.commands.report.gather import NOT_READ, Wanted, look_up
from omics_provider.commands.report.of_stack import runs_of
from omics_provider.engine import cli
from omics_provider.explain.gather import Explanation, Gaps


def run(options: argparse.Namespace) -> int:
    """Explain the runs that are named, and return the exit code."""
    needs_stack = options.stack or not options.runs or not all(map(_is_id, options.runs))
    place = settings(options, cli.config(options.stack) if needs_stack else {})
    known = runs_of(cli.state(options.stack)) if needs_stack else []
    wanted = list(_named(known, options.runs) if options.runs else _not_completed(known))
    found, is_whole = explained(place, wanted)
    text = "\n\n".join(each.text for each in found if each.text)
    text = text or "All runs of the stack are recorded as completed."
    write("-", f"{text}\n", is_prose=True)
    return 0 if is_whole else 1


def explained(place: Settings, wanted: Sequence[Wanted]) -> tuple[list[Explanation], bool]:
    """Explain runs, those of each place together; tell whether all of them could be read.

    Raises the errors of `omics_provider.base.errors` for credentials, settings and connections:
    without them nothing can be read.
    """
    gaps = Gaps()
    answers, found = look_up(place, wanted, gaps)
    first, *rest = found or [Explanation((), (), None)]
    told = [replace(first, gaps=(*gaps.told, *first.gaps)), *rest]
    return told, not any(live["status"] in (RunStatus.DELETED, NOT_READ) for live in answers)


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal()


def _not_completed(known: Iterable[Wanted]) -> Iterator[Wanted]:
    for each in known:
        if each.recorded.get("status") != RunStatus.COMPLETED:
            yield each


def _named(known: Sequence[Wanted], names: Iterable[str]) -> Iterator[Wanted]:
    by_name = {str(each.resource): each for each in known}
    by_id = {each.id: each for each in known}
    for name in dict.fromkeys(names):
        found = by_name.get(name) or by_id.get(name) or (Wanted(name) if _is_id(name) else None)
        if found is None:
            near = get_close_matches(name, by_name, n=3)
            raise OmicsError(
                "Reading the stack",
                f"it has no run {name}" + (f"; it has {', '.join(near)}" if near else ""),
                advice="Give the id of a run, or the name of its resource with --stack.",
            )
        yield found
