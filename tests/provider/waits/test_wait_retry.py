"""retry, carried out by the waiting side: each attempt is started once, whatever goes wrong."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from omics_provider.base import errors
from omics_provider.base.identity import Mark, retry_token
from omics_provider.emulator import control
from omics_provider.engine.state import StackState
from omics_provider.runs.calls import Runs
from omics_provider.runs.rules import declaration
from omics_provider.waits.attempts import Attempts, Failed, Job, Succession
from omics_provider.waits.rules.targets import Declared, End, Pace, Target
from omics_provider.waits.watcher import Watcher
from tests.provider.harness import ROLE
from tests.provider.waits.test_wait import Place, until, until_nobody_waits

STACK, URN = "organization/omics-runs/dev", "urn:pulumi:dev::omics-runs::omics:Run::S"
FAST = Pace(0.05, 0.2)
SECOND = {"emulator:seconds": "1"}
HOUR = {"emulator:seconds": "3600"}
#: Seconds of the emulator in one of the clock: a run of a second is over in a fifth of one.
SPEED = 5
SETTINGS = ["replay", "conflict", "forget"]


@pytest.fixture
def place(tmp_path: Any) -> Place:
    made = Place(str(tmp_path / "state.db"))
    control.change_settings(made.state, {"speed": SPEED})
    return made


def declared(attempts: int = 3, **tags: str) -> dict[str, Any]:
    return {
        "roleArn": ROLE,
        "outputUri": "s3://results",
        "workflowId": "9500764",
        "workflowType": "READY2RUN",
        "parameters": {"sample": "S"},
        "retry": {"attempts": attempts},
        "tags": {**SECOND, **tags},
    }


def started(place: Place, inputs: dict[str, Any], token: str = "first") -> Target:
    """Start the run as a create does, and give what a program knows of it."""
    marked = {**inputs["tags"], **Mark.of(STACK, URN, token).tags(STACK)}
    made = place.aws.start_run(**{**declaration.start_arguments(inputs, token), "tags": marked})
    wires = ("uuid", "arn", "status", "runOutputUri")
    recorded = {wire: made[wire] for wire in wires}
    return Target("S", made["id"], made["uuid"], recorded, Declared(URN, inputs, made["uuid"]))


def failures(place: Place, count: int, reason: str = "SERVICE_ERROR") -> None:
    """Have the next runs that are started end FAILED."""
    place.fault("StartRun", "fails", count=count, reason=reason)


def waiting(place: Place, target: Target) -> tuple[Watcher, Future[End]]:
    """Wait as a program from scratch does."""
    attempts = Attempts(Runs(place.settings), STACK, StackState)
    watcher = Watcher(place.lookout({}), FAST, quiet=0.05, next_attempt=attempts)
    return watcher, watcher.until_end(target)


def runs(place: Place) -> list[dict[str, Any]]:
    items = place.aws.list_runs()["items"]
    return sorted((dict(place.aws.get_run(id=i["id"])) for i in items), key=_created)


def _created(run: dict[str, Any]) -> Any:
    return run["creationTime"]


def is_seen_at_work(watcher: Watcher) -> bool:
    """Tell whether the one run was looked at: the state does not know when it was made."""
    return any("creationTime" in live for live in watcher.tally().active)


def test_the_next_attempt_is_started_and_waited_for(place: Place) -> None:
    inputs = declared(sample="HG002")
    failures(place, 1)
    first = started(place, inputs)
    watcher, future = waiting(place, first)

    end = future.result(60)

    one, two = runs(place)
    assert (one["status"], two["status"]) == ("FAILED", "COMPLETED")
    assert end.facts["id"] == two["id"]
    assert end.facts["status"] == "COMPLETED"
    assert end.facts["run_output_uri"] == two["runOutputUri"]
    assert end.facts["attempts"] == 2
    (earlier,) = end.facts["earlier_attempts"]
    assert (earlier["id"], earlier["failureReason"]) == (one["id"], "SERVICE_ERROR")
    # The same inputs, tags and marks.
    assert two["parameters"] == one["parameters"]
    assert two["tags"] == {**inputs["tags"], **two["tags"]}
    token = retry_token(first.uuid, 2)
    assert Mark.on(two) == Mark.of(STACK, URN, token)
    news = watcher.news()
    assert [name for name, _ in news.ends] == ["S"]
    assert news.refused == []
    assert f"Attempt 2 of 3 is run {two['id']}." in news.retries[0]
    assert watcher.tally().ended == {"COMPLETED": 1}
    # One that was seen at work needs no look for an attempt that another update has made.
    assert place.calls()["StartRun"] == 2


def test_attempts_are_used_up_and_the_last_failure_is_told(place: Place) -> None:
    failures(place, 9)
    _, future = waiting(place, started(place, declared(3)))
    end = future.result(60)
    assert [run["status"] for run in runs(place)] == ["FAILED"] * 3
    assert (end.facts["status"], end.facts["attempts"]) == ("FAILED", 3)
    assert len(end.facts["earlier_attempts"]) == 2
    assert end.answer["failureReason"] == "SERVICE_ERROR"
    assert end.answer["uuid"] == runs(place)[-1]["uuid"]


@pytest.mark.parametrize("code", ["RUN_TASK_FAILED", "INPUT_URI_NOT_FOUND"])
def test_a_failure_of_the_users_own_is_never_paid_for_twice(place: Place, code: str) -> None:
    failures(place, 1, code)
    _, future = waiting(place, started(place, declared()))
    assert future.result(60).facts["failure_reason"] == code
    assert len(runs(place)) == 1


def test_without_retry_and_in_a_preview_nothing_is_started(place: Place) -> None:
    failures(place, 1)
    target = replace(started(place, declared()), declared=None)
    watcher, future = waiting(place, target)
    assert future.result(60).facts["status"] == "FAILED"
    assert len(runs(place)) == 1
    # A look alone starts nothing, and knows that the end is not the last one.
    again = replace(target, declared=Declared(URN, declared(), target.uuid))
    assert watcher.once(again).result(60) is None
    assert len(runs(place)) == 1


def test_all_who_wait_for_a_run_share_its_attempts(place: Place) -> None:
    failures(place, 1)
    target = started(place, declared())
    watcher, first = waiting(place, target)
    second = watcher.until_end(target)
    first.result(60)
    late = watcher.until_end(target)
    found = [future.result(60).facts for future in (first, second, late)]
    assert found[0] == found[1] == found[2]
    assert len(runs(place)) == 2
    assert found[0]["earlier_attempts"] is not found[1]["earlier_attempts"]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("fault", ["lost-answer", "late-500", "torn-answer", "throttle"])
def test_a_start_whose_answer_is_lost_makes_one_run(place: Place, fault: str, setting: str) -> None:
    control.change_settings(place.state, {"requestId": setting})
    failures(place, 1)
    target = started(place, declared())
    place.fault("StartRun", fault, count=2)
    _, future = waiting(place, target)
    assert future.result(60).facts["attempts"] == 2
    assert [run["status"] for run in runs(place)] == ["FAILED", "COMPLETED"]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("fault", ["lost-answer", "late-500"])
def test_no_answer_and_no_list_for_long_is_waited_out(
    place: Place, fault: str, setting: str
) -> None:
    control.change_settings(place.state, {"requestId": setting})
    failures(place, 1)
    target = started(place, declared())
    control.change_settings(place.state, {"speed": 0})
    watcher, future = waiting(place, target)
    until(lambda: is_seen_at_work(watcher))
    control.plan_faults(
        place.state,
        [
            {"operation": "StartRun", "fault": fault, "count": 6},
            {"operation": "ListRuns", "fault": "error-500", "count": 40},
        ],
    )
    control.change_settings(place.state, {"speed": SPEED})
    assert future.result(120).facts["attempts"] == 2
    assert [run["status"] for run in runs(place)] == ["FAILED", "COMPLETED"]
    assert len(watcher.news().trouble) >= 1


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_killed_wait_is_taken_up_and_starts_nothing_twice(place: Place, setting: str) -> None:
    control.change_settings(place.state, {"requestId": setting})
    failures(place, 2)
    target = started(place, declared())
    killed, future = waiting(place, target)
    until(lambda: len(runs(place)) == 3)
    assert future.cancel()
    until(lambda: runs(place)[-1]["status"] == "COMPLETED")
    del killed

    # The state still names the first run.
    before = place.calls()
    _, again = waiting(place, target)
    end = again.result(60)

    assert end.facts["id"] == runs(place)[-1]["id"]
    assert end.facts["attempts"] == 3
    assert len(end.facts["earlier_attempts"]) == 2
    assert "StartRun" not in place.calls() - before
    assert len(runs(place)) == 3


def test_a_start_killed_within_the_call_is_found_by_the_next_wait(place: Place) -> None:
    failures(place, 1)
    target = started(place, declared())
    until(lambda: place.aws.get_run(id=target.id)["status"] == "FAILED")
    # What the killed program asked for, and did not live to be told of.
    started(place, declared(), retry_token(target.uuid, 2))

    _, future = waiting(place, target)

    assert future.result(60).facts["attempts"] == 2
    assert len(runs(place)) == 2


def test_what_can_not_be_started_leaves_the_failure(place: Place) -> None:
    failures(place, 1)
    target = started(place, declared())
    place.fault("StartRun", "quota-402", count=1)
    watcher, future = waiting(place, target)
    end = future.result(60)
    assert (end.facts["status"], end.facts["attempts"]) == ("FAILED", 1)
    (words,) = watcher.news().refused
    assert "StartRun for attempt 2 of run S failed" in words
    assert "The run stays in its final state." in words


def test_a_wait_that_is_over_starts_nothing(place: Place) -> None:
    failures(place, 1)
    target = started(place, declared(**HOUR))
    watcher, future = waiting(place, target)
    until(lambda: is_seen_at_work(watcher))
    assert future.cancel()
    control.advance(place.state, 10_000)
    until(lambda: place.aws.get_run(id=target.id)["status"] == "FAILED")
    until_nobody_waits(watcher)
    assert len(runs(place)) == 1


# The thread ------------------------------------------------------------------------------------

TARGET = Target("S", "1", "u", {}, Declared(URN, declared(), "u"))


def job(done: list[Any], trouble: list[Any], wanted: bool = True) -> tuple[Job, threading.Event]:
    ended = threading.Event()

    def told(outcome: Any) -> None:
        done.append(outcome)
        ended.set()

    failed = Failed(TARGET, None, may_be_followed=True)
    return Job(failed, lambda: wanted, trouble.append, told), ended


EXPIRED = errors.CredentialsError("StartRun", "expired")
CUT = errors.Unconfirmed(errors.Unreachable("StartRun", "cut"))


def test_trouble_that_passes_is_told_once_and_waited_out() -> None:
    asked: list[bool] = []

    def next_attempt(failed: Failed) -> Target:
        asked.append(failed.is_repeated)
        if len(asked) < 4:
            raise (EXPIRED, CUT, CUT)[len(asked) - 1]
        return TARGET

    done, trouble = [], []  # type: ignore[var-annotated]
    one, ended = job(done, trouble)
    Succession(next_attempt, 0.01).add(one)
    assert ended.wait(60)
    assert (done, trouble) == ([TARGET], [EXPIRED])
    # From the second try on, what the first may have started is looked for.
    assert asked == [False, True, True, True]


def test_a_refusal_and_a_lost_interest_end_it() -> None:
    def refused(_: Failed) -> Target:
        raise errors.Denied("StartRun", "not allowed")

    done, trouble = [], []  # type: ignore[var-annotated]
    succession = Succession(refused, 0.01)
    for wanted in (True, False):
        one, ended = job(done, trouble, wanted)
        succession.add(one)
        assert ended.wait(60)
    assert isinstance(done[0], errors.Denied)
    assert "no wait for it is left" in str(done[1])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_leaves_nobody_waiting() -> None:
    def broken(_: Failed) -> Target:
        raise ZeroDivisionError

    done, trouble = [], []  # type: ignore[var-annotated]
    before = set(threading.enumerate())
    succession = Succession(broken, 0.01)
    for _ in range(2):
        one, ended = job(done, trouble)
        succession.add(one)
        assert ended.wait(60)
        for thread in set(threading.enumerate()) - before:
            if thread.name == "omics-retry":
                thread.join(60)
    assert len(done) == 2


def test_a_start_in_doubt_that_can_not_be_looked_for_is_told_as_such(place: Place) -> None:
    failures(place, 1)
    target = started(place, declared(**HOUR))
    watcher, future = waiting(place, target)
    until(lambda: is_seen_at_work(watcher))
    control.plan_faults(
        place.state,
        [
            {"operation": "StartRun", "fault": "lost-answer", "count": 1},
            {"operation": "ListRuns", "fault": "denied", "count": 9},
        ],
    )
    control.advance(place.state, 10_000)
    assert future.result(60).facts["status"] == "FAILED"
    (words,) = watcher.news().refused
    assert "It is not known whether it has started: the next `pulumi up` finds it." in words
    control.plan_faults(place.state, [])
    control.advance(place.state, 10_000)
    assert len(runs(place)) == 2
    _, again = waiting(place, target)
    assert again.result(60).facts["id"] == runs(place)[-1]["id"]
    assert len(runs(place)) == 2
