"""The budget guard: what an update may cost, start and cancel before a human has to look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml  # type: ignore[import-untyped]  # comes with pulumi

from omics_provider.base.errors import SettingsError

from .data import Figures


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules for one update; None, or no, is no rule.

    `max_cost` is in USD and holds for the high end of the estimate. A cost that is not known breaks
    it, unless `allow_unknown_cost`. `max_runs` counts the runs that start, replacements included.
    `no_cancel_running` forbids to cancel a run that is active, or that may be.
    """

    max_cost: float | None = None
    max_runs: int | None = None
    no_cancel_running: bool = False
    allow_unknown_cost: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it has no rule."""
        return self.max_cost is None and self.max_runs is None and not self.no_cancel_running


class Breach(NamedTuple):
    """A rule that is broken, and by how much."""

    rule: str
    words: str


def breaches(figures: Figures, policy: Policy) -> list[Breach]:
    """Return every rule that the update would break."""
    return [*_cost(figures, policy), *_runs(figures, policy), *_cancels(figures, policy)]


def _cost(figures: Figures, policy: Policy) -> Iterator[Breach]:
    if policy.max_cost is None:
        return
    high = figures.usd.high if figures.usd else 0.0
    over = high - policy.max_cost
    if over > 0:
        yield Breach(
            "max_cost",
            f"max_cost: up to {high:,.2f} USD, allowed: {policy.max_cost:,.2f}: "
            f"{over:,.2f} too much.",
        )
    if figures.usd_unknown and not policy.allow_unknown_cost:
        yield Breach(
            "max_cost",
            f"max_cost: runs of unknown cost: {figures.usd_unknown:,} of {figures.starting:,}; "
            f"allow_unknown_cost allows them.",
        )


def _runs(figures: Figures, policy: Policy) -> Iterator[Breach]:
    if policy.max_runs is not None and figures.starting > policy.max_runs:
        yield Breach(
            "max_runs",
            f"max_runs: runs that start: {figures.starting:,}, allowed: {policy.max_runs:,}: "
            f"{figures.starting - policy.max_runs:,} too many.",
        )


def _cancels(figures: Figures, policy: Policy) -> Iterator[Breach]:
    if not policy.no_cancel_running:
        return
    if figures.cancelled:
        yield Breach(
            "no_cancel_running",
            f"no_cancel_running: active runs are cancelled: {figures.cancelled:,}; none may be.",
        )
    if figures.maybe_cancelled:
        yield Breach(
            "no_cancel_running",
            "no_cancel_running: runs are cancelled if they are still active (not known): "
            f"{figures.maybe_cancelled:,}.",
        )


# From a file and from options ----------------------------------------------------------------

_NAMES: Final = tuple(field.name for field in fields(Policy))


def policy(file: str | None, options: Mapping[str, Any]) -> Policy:
    """Return the policy of a YAML file, with the options that are given over it.

    Raises SettingsError for a file that is no policy, naming all that is wrong with it.
    """
    given = _read(file) if file else {}
    # 0 is a limit, and equals False.
    chosen = {k: v for k, v in options.items() if v is not None and v is not False}
    found = {**given, **chosen}
    problems = [words for name, value in found.items() if (words := _problem(name, value))]
    if problems:
        raise _wrong(file, "; ".join(problems))
    return replace(Policy(), **found)


def _read(file: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(Path(file).read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _wrong(file, "it is not YAML") from error
    if not isinstance(found, dict):
        raise _wrong(file, "it has no rules")
    return {str(name): value for name, value in found.items()}


def _problem(name: str, value: Any) -> str | None:
    if name not in _NAMES:
        return f"{name} is not a rule (there are {', '.join(_NAMES)})"
    if name in ("no_cancel_running", "allow_unknown_cost"):
        return None if isinstance(value, bool) else f"{name} is neither true nor false"
    kinds = (int,) if name == "max_runs" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value < float("inf"):
        return f"{name} is not a number from 0" + (" of runs" if name == "max_runs" else " of USD")
    return None


def _wrong(file: str | None, why: str) -> SettingsError:
    return SettingsError(
        "Policy",
        f"{file or 'the options'}: {why}",
        advice="docs/preview.md shows the rules.",
    )
