"""The one line that says it all, and how it writes money and time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .data import Figures, Report
from .prices import Range

TO: Final = "\N{EN DASH}"


def headline(report: Report) -> str:
    """Return the one line that says what starts, what is replaced and cancelled, and the cost."""
    figures = report.figures
    if not report.entries:
        failed = "The preview failed. " if report.errors else ""
        return f"{failed}No run starts, changes or ends"
    failed = "The preview failed. As far as it got: " if report.errors else ""
    parts = [
        _new(figures),
        counted(figures.replaced, "{} is replaced", "{} are replaced"),
        *_more(figures),
        f"{figures.cancelled} cancelled" + _maybe(figures.maybe_cancelled),
    ]
    if figures.starting:
        parts += [_cost(figures), _longest(figures)]
    return failed + ", ".join(parts)


def _new(figures: Figures) -> str:
    if figures.new_least == figures.new:
        return counted(figures.new, "{} new run starts", "{} new runs start")
    return f"{figures.new_least:,} to {figures.new:,} new runs start"


def _more(figures: Figures) -> Iterator[str]:
    if figures.adopted:
        yield counted(figures.adopted, "{} is adopted", "{} are adopted")
    if figures.removed:
        yield counted(figures.removed, "{} is removed", "{} are removed")
    if figures.updated:
        yield counted(figures.updated, "{} changes in place", "{} change in place")


def _maybe(count: int) -> str:
    return f" (and {count:,} more if still active)" if count else ""


def _cost(figures: Figures) -> str:
    unknown = counted(figures.usd_unknown, "{} run", "{} runs") + " of unknown cost"
    if figures.usd is None:
        return "cost unknown"
    known = f"about {money(figures.usd)}"
    return f"{known} and {unknown}" if figures.usd_unknown else known


def _longest(figures: Figures) -> str:
    if figures.longest is None:
        return "time unknown"
    return f"{'at least ' if figures.longest_unknown else ''}{span(figures.longest)}"


def counted(count: int, one: str, many: str) -> str:
    """Return a count in words."""
    return (one if count == 1 else many).format(f"{count:,}")


def money(usd: Range) -> str:
    """Return an amount such as 41 to 52 USD, in cents where it is small."""
    if 0 < usd.high < _CENT:
        return f"less than {_CENT} USD"
    texts = dict.fromkeys(_amount(value, 0 if usd.high >= 20 else 2) for value in usd)
    return f"{TO.join(texts)} USD"


_CENT: Final = 0.01


def _amount(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".removesuffix(".00")


_UNITS: Final = ((172_800, 86_400, "d"), (5_400, 3_600, "h"), (90, 60, "min"), (0, 1, "s"))


def span(seconds: Range) -> str:
    """Return lengths of time such as 6 h, or 4.5 to 6 h."""
    _, unit, name = next(each for each in _UNITS if seconds.high >= each[0])
    if seconds.low < unit / 10 and seconds.low < seconds.high:
        low, high = (span(Range(value, value)) for value in seconds)
        return low if low == high else f"{low} {TO} {high}"
    texts = dict.fromkeys(f"{value / unit:.1f}".removesuffix(".0") for value in seconds)
    return f"{TO.join(texts)} {name}"
