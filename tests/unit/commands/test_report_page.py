from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from omics_provider.commands.report import page
from omics_provider.commands.report.data import Run, RunsReport, run_of
from omics_provider.explain.rules.reasons import FailedTask, Failure, Log, grouped

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVIL = '<script>alert("x")</script>\x1b[31m'


class Reader(HTMLParser):
    """Takes the page apart and sees that every element is closed."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [
            found
            for name, found in self.elements
            if name == tag and attributes.items() <= found.items()
        ]


def read(report: RunsReport) -> Reader:
    reader = Reader()
    reader.feed(page.rendered(report))
    assert reader.open == []
    return reader


def run(minutes: float = 0, status: str = "COMPLETED", tasks: Any = (), **more: Any) -> Run:
    at = NOW - timedelta(hours=2) + timedelta(minutes=minutes)
    live = {
        "id": str(int(minutes)),
        "uuid": f"u{minutes}",
        "status": status,
        "creationTime": at.isoformat(),
        "startTime": (at + timedelta(minutes=30)).isoformat(),
        "stopTime": (at + timedelta(minutes=60)).isoformat(),
        **more,
    }
    return run_of(live, tasks, [], NOW)


def report(*runs: Run, failures: Any = (), gaps: Any = (), region: str | None = None) -> RunsReport:
    return RunsReport("Stack dev", NOW, "wgs", runs, tuple(grouped(failures)), gaps, region)


TASK = {
    "taskId": "7",
    "uuid": "t7",
    "name": "align",
    "status": "FAILED",
    "cpus": 4,
    "memory": 8,
    "gpus": 1,
    "instanceType": "omics.g4dn.xlarge",
    "failureReason": "OUT_OF_MEMORY_ERROR",
    "creationTime": "2026-11-23T10:00:00Z",
    "startTime": "2026-11-23T10:20:00Z",
    "stopTime": "2026-11-23T10:40:00Z",
}


def test_the_page_needs_nothing_else() -> None:
    failure = Failure("0", "FAILED", engine_stream="run/0/engine")
    found = read(report(run(tasks=[TASK]), failures=[failure], region="eu-west-1"))
    names = {tag for tag, _ in found.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "use", "image"}
    addresses = [
        (tag, key, value)
        for tag, attributes in found.elements
        for key, value in attributes.items()
        if key in ("src", "href", "srcset", "data", "xlink:href", "action")
    ]
    assert {(tag, key) for tag, key, _ in addresses} == {("a", "href")}
    assert all(
        str(value).startswith("https://eu-west-1.console.aws.amazon.com/")
        for *_, value in addresses
    )
    style = page.rendered(report(run()))
    assert "url(" not in style
    assert "@import" not in style
    (policy,) = found.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert found.all("meta", name="viewport")


def test_the_head_names_project_account_and_region() -> None:
    arns = [f"arn:aws:omics:{place}:run/1" for place in ("us-east-1:111122223333",) * 2]
    arns.append("arn:aws:omics:eu-west-1:444455556666:run/2")
    found = read(report(*(run(arn=arn) for arn in arns)))
    head = "Project wgs, account 111122223333 in us-east-1, account 444455556666 in eu-west-1"
    assert head in found.text


def test_text_of_a_run_is_only_text() -> None:
    task = FailedTask("7", EVIL, EVIL, EVIL, EVIL)
    failure = Failure(
        "0", "FAILED", name=EVIL, code=EVIL, message=EVIL, task=task, log=Log(EVIL, (EVIL,))
    )
    tasks = [{**TASK, "name": EVIL, "failureReason": EVIL, "instanceType": EVIL}]
    evil = run(name=EVIL, statusMessage=EVIL, runOutputUri=EVIL, workflowId=EVIL, tasks=tasks)
    found = read(report(evil, failures=[failure], gaps=(EVIL,), region="r"))
    assert not found.all("script")
    assert found.text.count("alert") > 5


def test_bars_stand_where_the_times_say() -> None:
    scale = page.Scale.over([run(0), run(60)], NOW)
    assert scale.bar(run(0)) == page.Bar(0, 25, 50)
    assert scale.bar(run(60)) == page.Bar(50, 75, 100)


def test_a_run_at_work_reaches_to_now_and_one_that_waits_is_waiting() -> None:
    working = run(0, "RUNNING", stopTime=None)
    waiting = run(60, "PENDING", stopTime=None, startTime=None)
    scale = page.Scale.over([working, waiting], NOW)
    assert scale.bar(working) == page.Bar(0, 25, 100)
    assert scale.bar(waiting) == page.Bar(50, 100, 100)


def test_a_clock_behind_the_service_turns_no_bar_round() -> None:
    ahead = run(600, "RUNNING", stopTime=None)
    bar = page.Scale.over([run(0), ahead], NOW).bar(ahead)
    assert bar is not None
    assert bar.left <= bar.start <= bar.right


def test_a_run_without_times_has_no_bar() -> None:
    unknown = run(0, "DELETED", creationTime=None, startTime=None, stopTime=None)
    assert page.Scale.over([unknown], NOW).bar(unknown) is None
    assert "DELETED" in read(report(unknown)).text


@pytest.mark.parametrize("seconds", [1, 7, 59, 3600, 86_400, 604_800, 60 * 86_400])
def test_an_axis_has_a_few_marks(seconds: int) -> None:
    marks = page.Scale(NOW, float(seconds), NOW).marks()
    assert 2 <= len(marks) <= 10
    assert marks[0] == (0, "00:00:00")
    assert all(0 <= at <= 100 for at, _ in marks)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00:00"), (59.6, "00:01:00"), (3661, "01:01:01"), (90_000, "1 d 01:00:00")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert page.duration(seconds) == shown


def test_every_run_has_a_row_with_a_bar_that_is_told_in_words() -> None:
    runs = [run(n, "COMPLETED" if n % 2 else "FAILED", name=f"S{n}") for n in range(8)]
    found = read(report(*runs))
    bars = found.all("svg", **{"class": "bar", "role": "img"})
    assert [each["aria-label"] for each in bars] == [
        f"S{n} {'COMPLETED' if n % 2 else 'FAILED'}, 00:30:00" for n in range(8)
    ]
    assert "4COMPLETED" in re.sub(r"\s", "", found.text)


def test_failures_are_explained_once_a_group() -> None:
    failures = [
        Failure(str(n), "FAILED", name=f"N{n}", code="OUT_OF_MEMORY_ERROR") for n in range(30)
    ]
    text = read(report(run(), failures=failures)).text
    assert "30 runs: OUT_OF_MEMORY_ERROR" in text
    assert text.count("A task needed more memory than it asked for.") == 1
    assert "and 10 more" in text


def test_what_is_left_out_is_said() -> None:
    text = read(report(run(), gaps=("manifests (denied).",))).text
    assert "Costs: no call of HealthOmics" in text
    assert "`" not in text
    assert "Not read: manifests (denied)." in text


def test_an_empty_report_is_a_page() -> None:
    assert "There are no runs." in read(report()).text


def test_of_very_many_runs_the_first_show_their_tasks() -> None:
    drawn = page._DRAWN
    runs = [run(n, tasks=[TASK]) for n in range(drawn + 3)]
    text = read(report(*runs)).text
    assert text.count("1 tasks: they are in the JSON.") == 3


def test_advice_shows_code_as_code() -> None:
    assert page.code("give `rerun` a <b>") == "give <code>rerun</code> a &lt;b&gt;"


def test_figures_that_nothing_tells_are_left_out() -> None:
    bare = read(report(run()))
    assert "Used of it" not in bare.text
    assert "Reserved" not in bare.text
    started = read(report(run(tasks=[TASK])))
    assert "Reserved" in started.text
    assert "CPU used" not in started.text
    assert not started.all("td", **{"data-name": "CPU used"})
    entry = {"uuid": "t7", "metrics": {"cpusReserved": 4, "cpusAverage": 1, "runningSeconds": 60}}
    live = {"id": "0", "uuid": "u", "status": "COMPLETED"}
    known = read(report(run_of(live, [TASK], [entry], NOW)))
    assert "Used of it CPU 25 %" in " ".join(known.text.split())
    assert known.all("td", **{"data-name": "CPU used"})
