"""What a wait shows meanwhile, by a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pulumi
import pytest

from omics_provider.base import errors
from omics_provider.resources import _view
from omics_provider.resources._view import LiveView, Progress, chosen
from omics_provider.waits.rules.progress import Tally
from omics_provider.waits.rules.targets import Facts
from omics_provider.waits.watcher import News

Told = list[tuple[int, str]]


BEGUN = (
    "Waiting for {}. Ctrl-C ends the wait, not the {}. The next `pulumi up` waits again. "
    "`pulumi destroy` stops all runs of the stack."
)


class Wait:
    """A watcher whose runs change their states at given seconds, and the clock of its view."""

    def __init__(self, changes: dict[int, list[str]], news: dict[int, News]) -> None:
        self.now = 0
        self.changes = changes
        self.later = news
        self.states: list[str] = changes[0]
        self.has_looked = True

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds)
        self.states = self.changes.get(self.now, self.states)
        await asyncio.sleep(0)

    def tally(self) -> Tally:
        active = [{"status": s} for s in self.states if s != "COMPLETED"]
        return Tally(active, Counter(s for s in self.states if s == "COMPLETED"))

    def news(self) -> News:
        return self.later.pop(self.now, News([], [], False, [], []))


def shown(
    monkeypatch: pytest.MonkeyPatch,
    progress: Progress,
    seconds: int,
    changes: dict[int, list[str]],
    news: dict[int, News] | None = None,
    has_looked: bool = True,
) -> tuple[Told, Told]:
    """Give what was written and what was warned of, each with its second."""
    wait = Wait(changes, news or {})
    wait.has_looked = has_looked
    said: Told = []
    warned: Told = []

    def info(text: str, ephemeral: bool = False) -> None:
        lasting = "ended" in text or "Attempt" in text or text.startswith("Waiting for")
        assert ephemeral is (progress == "line" and not lasting)
        said.append((wait.now, text))

    monkeypatch.setattr(pulumi.log, "info", info)
    monkeypatch.setattr(pulumi.log, "warn", lambda text: warned.append((wait.now, text)))

    async def waited() -> None:
        watcher: Any = wait
        view = LiveView(progress, clock=lambda: wait.now, sleep=wait.sleep)
        view.begin([watcher])
        while wait.now < seconds:
            await asyncio.sleep(0)
        view.end()

    asyncio.run(waited())
    return said, warned


def ended(name: str) -> tuple[str, Facts]:
    facts = dict.fromkeys(["status_message", "failure_reason", "start_time", "stop_time"])
    return name, {**facts, "id": "1", "status": "COMPLETED"}


def news(**more: Any) -> News:
    return News(**{"ends": [], "trouble": [], "is_over": False, "retries": [], "refused": [],
                   **more})  # fmt: skip


def test_a_log_has_a_line_a_minute_and_one_at_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {
        0: ["PENDING"] * 3,
        75: ["RUNNING", "PENDING", "PENDING"],
        # Within ten seconds of the last line: one for both.
        78: ["RUNNING", "RUNNING", "PENDING"],
        80: ["RUNNING"] * 3,
        200: ["RUNNING", "RUNNING", "COMPLETED"],
    }
    said, _ = shown(monkeypatch, "log", 330, changes, {200: news(ends=[ended("S2")])})
    assert said == [
        (1, BEGUN.format("3 runs", "runs")),
        (60, "3 pending"),
        (75, "1 running, 2 pending"),
        (85, "3 running"),
        (200, "Run S2 (1) ended COMPLETED."),
        (200, "2 running, 1 completed"),
    ]


def test_where_nothing_but_time_has_changed_the_line_says_so_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ages = iter(range(1, 1000))
    monkeypatch.setattr(
        "omics_provider.waits.rules.progress.line",
        lambda *_: f"1 running, oldest 00:{next(ages):02}:00",
    )
    said, _ = shown(monkeypatch, "log", 301, {0: ["RUNNING"]})
    assert [second for second, _ in said] == [1, 60, 120, 180, 240, 300]


def test_a_terminal_has_one_line_that_is_always_current(monkeypatch: pytest.MonkeyPatch) -> None:
    said, _ = shown(monkeypatch, "line", 10, {0: ["PENDING"], 4: ["RUNNING"]})
    assert said == [
        (1, BEGUN.format("1 run", "run")),
        (1, "1 pending"),
        (4, "1 running"),
    ]


def test_where_all_have_ended_nothing_is_said_of_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    said, _ = shown(monkeypatch, "log", 10, {0: ["COMPLETED"] * 3})
    assert said == []


def test_before_the_first_look_nothing_is_said_of_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    said, _ = shown(monkeypatch, "log", 10, {0: ["PENDING"]}, has_looked=False)
    assert said == []


def test_off_says_what_goes_wrong_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = errors.Throttled("ListRuns", "too many calls", code="ThrottlingException")
    said, warned = shown(
        monkeypatch,
        "off",
        0,
        {0: ["RUNNING"]},
        {0: news(ends=[ended("S")], trouble=[trouble], retries=["again"], refused=["refused"])},
    )
    assert said == []
    assert [text for _, text in warned][1:] == ["refused"]
    assert "This message comes once." in warned[0][1]


def test_an_attempt_and_the_end_of_trouble_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {2: news(retries=["Attempt 2 of 3 is run 7."], is_over=True)}
    said, _ = shown(monkeypatch, "log", 5, {0: ["RUNNING"]}, told)
    assert [text for _, text in said[1:]] == [
        "Attempt 2 of 3 is run 7.",
        "The service answers again.",
    ]


@pytest.mark.parametrize("asked", ["line", "log", "off"])
def test_what_is_asked_for_holds(asked: str) -> None:
    assert chosen(asked, {"CI": "true"}) == asked


def test_a_pipeline_gets_a_log() -> None:
    assert chosen("auto", {"CI": "true"}) == "log"


def test_a_system_without_terminals_of_this_kind_gets_a_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Process:
        """psutil's on Windows, which has neither /proc nor `terminal`."""

        pid = 0

        def exe(self) -> str:
            return "pulumi.exe"

        def cmdline(self) -> list[str]:
            return ["pulumi", "up"]

        def parents(self) -> list[Process]:
            return [self]

    monkeypatch.setattr(_view.psutil, "Process", Process)
    assert chosen("auto", {}) == "log"
