"""A report as one HTML page that needs nothing else: no script, no font, no address but links.

Bars are inline SVG whose coordinates are shares of the width, so the page fits any screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from omics_provider.base.status import ACTIVE
from omics_provider.base.words import plain
from omics_provider.explain.rules import reasons

from .data import COST, Run, RunsReport, Task, Time, Use

#: Steps between two marks of a time axis, in seconds.
_STEPS: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
    172800, 604800, 1209600, 2419200,
)  # fmt: skip
_MARKS: Final = 6
#: Of so many runs the tasks are drawn; the JSON has all.
_DRAWN: Final = 200


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a timeline, in percent of its width: waiting up to `start`, then at work."""

    left: float
    start: float
    right: float


@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of time that fills the width of a timeline."""

    begin: datetime
    seconds: float
    now: datetime

    @staticmethod
    def over(things: Iterable[Run | Task], now: datetime) -> Scale:
        """Return the scale that holds all `things`."""
        things = list(things)
        times = [time for each in things for time in (each.created, each.started, each.stopped)]
        known = [time for time in times if time is not None]
        if any(_at_work(each) for each in things):
            known.append(now)
        begin = min(known, default=now)
        return Scale(begin, max((max(known, default=now) - begin).total_seconds(), 1.0), now)

    def bar(self, thing: Run | Task) -> Bar | None:
        """Return the bar of a run or task; None where no time is known."""
        begun = thing.created or thing.started
        if begun is None:
            return None
        end = thing.stopped or (self.now if _at_work(thing) else thing.started or begun)
        # A clock that is behind the service's must not turn a bar round.
        begun, start = min(begun, end), min(thing.started or end, end)
        return Bar(self._at(begun), self._at(start), self._at(end))

    def marks(self) -> list[tuple[float, str]]:
        """Return the marks of the axis: place in percent, and time since the begin."""
        step = next((s for s in _STEPS if self.seconds / s <= _MARKS), _STEPS[-1])
        return [
            (100 * at / self.seconds, duration(at)) for at in range(0, int(self.seconds) + 1, step)
        ]

    def _at(self, time: datetime) -> float:
        share = (time - self.begin).total_seconds() / self.seconds
        return round(100 * min(max(share, 0.0), 1.0), 3)


def _at_work(thing: Run | Task) -> bool:
    return thing.stopped is None and thing.status in ACTIVE


def duration(seconds: float) -> str:
    """Return a length of time as 2 d 03:04:05, or 03:04:05."""
    whole = timedelta(seconds=round(seconds))
    clock = f"{whole.seconds // 3600:02}:{whole.seconds // 60 % 60:02}:{whole.seconds % 60:02}"
    return f"{whole.days} d {clock}" if whole.days else clock


def in_utc(time: Time) -> str:
    """Return a time in UTC, to the second."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if time else "-"


def percent(share: float | None) -> str:
    """Return a share as percent; a dash where it is not known."""
    return "-" if share is None else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def hours(value: float) -> str:
    """Return hours with as many digits as say something."""
    return f"{value:.3f}" if value < 1 else f"{value:,.1f}"


def code(text: str) -> Markup:
    """Return text in which `this` is set as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def counts(runs: Iterable[Run]) -> list[tuple[str, int]]:
    """Return how many runs are in each state, the most frequent first."""
    found: dict[str, int] = {}
    for run in runs:
        found[run.status] = found.get(run.status, 0) + 1
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def is_told(use: Use) -> bool:
    """Tell whether any figure of use is known."""
    return use != Use()


def rendered(report: RunsReport) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("omics_provider.commands.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {"duration": duration, "moment": in_utc, "percent": percent, "hours": hours,
         "plain": plain, "code": code}
    )  # fmt: skip
    environment.tests["told"] = is_told
    return environment.get_template("page.html.j2").render(
        report=report,
        counts=counts(report.runs),
        scale=Scale.over(report.runs, report.made),
        scale_of=lambda run: Scale.over(run.tasks, report.made),
        cause=reasons.cause,
        console_link=reasons.console_link,
        log_link=reasons.log_link,
        drawn=_DRAWN,
        cost=COST,
    )
