"""The poller against the emulator: calls, identity, trouble, and many runs at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.emulator.doors import local
from omics_provider.emulator.world.store import open_store
from omics_provider.runs.calls import Runs
from omics_provider.service import clients
from omics_provider.waits.lookout import Lookout, Sighting
from omics_provider.waits.rules import targets
from omics_provider.waits.rules.targets import Pace, Target
from omics_provider.waits.watcher import Watcher
from tests.provider.harness import REGION, ROLE

FAST = Pace(0.05, 0.2)


class Place:
    """An emulator of the test's own, in real time, and the runs that were started on it."""

    def __init__(self, state: str) -> None:
        self.settings = Settings(region=REGION, endpoint="local", local_state=state)
        self.state = state
        self.aws: Any = boto3.client("omics", region_name=REGION, endpoint_url="http://127.0.0.1")
        local.attach(self.aws, state, 5)
        control.change_settings(state, {"parameterCheck": "off"})
        self.recorded: dict[str, str] = {}

    def start(self, name: str, seconds: float | None = None, **tags: str) -> Target:
        life = {"emulator:freezes": "yes"} if seconds is None else {}
        length = {"emulator:seconds": str(1 if seconds is None else seconds)}
        made = self.aws.start_run(
            workflowId="9500764", workflowType="READY2RUN", roleArn=ROLE, parameters={},
            outputUri="s3://results", requestId=f"{name}-{time.time()}",
            tags={**life, **length, **tags},
        )  # fmt: skip
        wires = ("uuid", "arn", "status", "runOutputUri")
        return Target(name, made["id"], made["uuid"], {wire: made[wire] for wire in wires})

    def end(self, target: Target, *, delete: bool = False) -> None:
        self.aws.cancel_run(id=target.id)
        while self.aws.get_run(id=target.id)["status"] != "CANCELLED":
            time.sleep(0.01)
        if delete:
            self.aws.delete_run(id=target.id)

    def calls(self) -> Counter[str]:
        return Counter(call["operation"] for call in control.calls(self.state))

    def fault(self, operation: str, fault: str, **more: Any) -> None:
        control.plan_faults(self.state, [{"operation": operation, "fault": fault, **more}])

    def lookout(self, recorded_at: Mapping[str, str] | None = None) -> Lookout:
        return Lookout(Runs(self.settings), lambda: recorded_at)

    def watcher(self) -> Watcher:
        return Watcher(self.lookout({}), FAST, quiet=0.05)


@pytest.fixture
def place(tmp_path: Any) -> Place:
    return Place(str(tmp_path / "state.db"))


def seen(sightings: Iterator[Sighting]) -> dict[str, str | None]:
    return {s.target.name: s.live and s.live["status"] for s in sightings}


def results(futures: Mapping[str, Future[Any]], seconds: float = 60) -> dict[str, str]:
    _, late = wait_for(futures.values(), timeout=seconds)
    assert not late
    return {name: future.result().facts["status"] for name, future in futures.items()}


def trouble(watcher: Watcher) -> int:
    """Count the troubles that were told, once the last is over: the look that ends it has ended."""
    told = 0
    end = time.monotonic() + 60
    while time.monotonic() < end:
        news = watcher.news()
        told += len(news.trouble)
        if news.is_over:
            return told
        time.sleep(0.01)
    raise AssertionError("still in trouble")


def ended(place: Place, count: int, prefix: str = "S") -> list[Target]:
    return [place.start(f"{prefix}{n}", 0) for n in range(count)]


def many_ended(place: Place, count: int) -> list[Target]:
    """Have many ended runs there at once, of which the first is the oldest: copies of one."""
    one = place.start("old", 0)
    place.aws.get_run(id=one.id)
    columns = (
        "account, region, name, priority, retention, created, starting, running, stopping, ended,"
        " outcome, doc, tags, waiting"
    )
    made = [one]
    with open_store(place.state).transaction() as connection:
        for n in range(1, count):
            run_id = str(8_000_000 + n)
            arn = {"arn": one.recorded["arn"].replace(one.id, run_id)}
            made.append(Target(f"old{n}", run_id, f"uuid-{n}", {**one.recorded, **arn}))
            connection.execute(
                f"INSERT INTO runs (id, uuid, {columns}) SELECT ?, ?, {columns} FROM runs"
                " WHERE id = ?",
                (made[-1].id, made[-1].uuid, one.id),
            )
    return made


def counted(place: Place, look: Any) -> tuple[Any, Counter[str]]:
    before = place.calls()
    found = look()
    return found, place.calls() - before


def until(look: Callable[[], object]) -> None:
    """Return once `look` says so."""
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end
        time.sleep(0.01)


def until_nobody_waits(watcher: Watcher) -> None:
    """Return once the watcher has nothing to look at: it sleeps until something is waited for."""
    until(lambda: not watcher._watched and not watcher._retrying)


def struck(place: Place) -> int:
    """Count the calls that the one planned fault has struck."""
    (fault,) = control.planned_faults(place.state)
    return int(fault["struck"])


def test_one_run_takes_getrun_and_many_take_pages(place: Place) -> None:
    one, *others = many_ended(place, 250)
    _, calls = counted(place, lambda: seen(place.lookout({}).look([one])))
    assert calls == {"GetRun": 1}
    found, calls = counted(place, lambda: seen(place.lookout({}).look([one, *others])))
    assert Counter(found.values()) == {"COMPLETED": 250}
    assert calls == {"ListRuns": 3}


def test_pages_end_where_all_are_found_and_old_runs_are_left_out(place: Place) -> None:
    old = many_ended(place, 620)
    new = [place.start(f"S{n}") for n in range(20)]
    lookout = place.lookout({})
    _, calls = counted(place, lambda: seen(lookout.look(new)))
    assert calls == {"ListRuns": 1}
    # One that is on the last page has all pages read, once; then the active ones alone are listed.
    waited_for = [*new, old[0]]
    found, calls = counted(place, lambda: seen(lookout.look(waited_for)))
    assert calls == {"ListRuns": 7}
    assert found["old"] == "COMPLETED"
    place.end(new[0])
    found, calls = counted(place, lambda: seen(lookout.look(new)))
    assert calls == {"ListRuns": 4, "GetRun": 1}
    assert found["S0"] == "CANCELLED"
    # Few are asked for one by one.
    _, calls = counted(place, lambda: seen(lookout.look(new[:5])))
    assert calls == {"GetRun": 5}


def test_a_run_of_a_reused_id_is_not_taken_for_the_one_waited_for(place: Place) -> None:
    gone, reused = place.start("gone"), place.start("reused")
    made = place.aws.get_run(id=reused.id)["creationTime"].isoformat()
    for target in (gone, reused):
        place.end(target, delete=True)
    time.sleep(0.05)
    assert place.start("other", 0).id == reused.id

    # Without the state's times every doubt is a GetRun; with them, too, as the times differ.
    early = "2000-01-01T00:00:00Z"
    for recorded_at in (None, {reused.uuid: early}):
        found, calls = counted(
            place, lambda r=recorded_at: seen(place.lookout(r).look([gone, reused]))
        )
        assert found == {"gone": None, "reused": None}
        assert calls == {"ListRuns": 1, "GetRun": 2}
    recorded = Target("reused", reused.id, reused.uuid, {"creationTime": made})
    assert seen(place.lookout({}).look([gone, recorded])) == {"gone": None, "reused": None}


def test_where_listing_is_not_allowed_each_run_is_asked_for(place: Place) -> None:
    targets = ended(place, 3)
    lookout = place.lookout({})
    place.fault("ListRuns", "denied", rate=1)
    found, calls = counted(place, lambda: seen(lookout.look(targets)))
    assert Counter(found.values()) == {"COMPLETED": 3}
    assert calls == {"ListRuns": 1, "GetRun": 3}
    _, calls = counted(place, lambda: seen(lookout.look(targets)))
    assert calls == {"GetRun": 3}


def test_all_waits_share_one_poller(place: Place) -> None:
    control.change_settings(place.state, {"speed": 0})
    watcher = place.watcher()
    runs = [place.start(f"S{n}", 3) for n in range(30)]
    before = place.calls()
    futures = {f"{run.name}-{n}": watcher.until_end(run) for run in runs for n in range(2)}
    until(lambda: (place.calls() - before)["ListRuns"] >= 3)
    control.advance(place.state, 10)
    assert set(results(futures).values()) == {"COMPLETED"}
    # Each look is one call. The first may have seen one run alone: then GetRun is the cheaper call.
    calls = place.calls() - before
    assert calls.keys() <= {"ListRuns", "GetRun"}
    assert calls["GetRun"] <= 1
    assert watcher.tally().ended == {"COMPLETED": 30}
    assert len(watcher.news().ends) == 30
    assert watcher.news().ends == []


class Held(Runs):
    """Answers once all waits are registered, however slow the machine is."""

    def __init__(self, settings: Settings, registered: threading.Event) -> None:
        super().__init__(settings)
        self.registered = registered

    def find(self, run_id: str) -> dict[str, Any] | None:
        assert self.registered.wait(60)
        return super().find(run_id)

    def list(self, **filters: Any) -> Iterator[dict[str, Any]]:
        assert self.registered.wait(60)
        return super().list(**filters)


def test_waits_that_register_during_a_look_are_looked_at_together(place: Place) -> None:
    runs, registered = ended(place, 50), threading.Event()
    watcher = Watcher(Lookout(Held(place.settings, registered), dict), FAST, quiet=0.0)
    before = place.calls()
    futures = {run.name: watcher.once(run) for run in runs}
    registered.set()
    assert set(results(futures).values()) == {"COMPLETED"}
    # One for those of the first look, be it only one, and one for all others.
    assert sum((place.calls() - before).values()) <= 2


def test_a_look_that_is_dear_once_does_not_put_off_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Dear(Failing):
        def find(self, run_id: str) -> dict[str, Any] | None:
            began = time.thread_time()
            while len(self.failures) == 3 and time.thread_time() < began + 0.1:
                pass
            return super().find(run_id)

    costs: list[float] = []

    def interval(_ages: Any, cost: float, _pace: Pace) -> float:
        costs.append(cost)
        return 0.01

    monkeypatch.setattr(targets, "interval", interval)
    watcher = Watcher(Lookout(Dear(None, None, None), dict), FAST, quiet=0.0)
    watcher.until_end(Target("S", "1", "u")).result(60)
    assert costs[0] == 0
    assert all(cost < 0.1 for cost in costs)


def test_a_single_look(place: Place) -> None:
    watcher = place.watcher()
    active, done = place.start("active"), place.start("done", 0)
    futures = [watcher.once(run) for run in (active, done)]
    told = [future.result(60) for future in futures]
    assert told[0] is None
    assert told[1] is not None
    assert told[1].facts["status"] == "COMPLETED"
    until_nobody_waits(watcher)


def test_a_cancelled_future_ends_the_looks(place: Place) -> None:
    watcher = place.watcher()
    future = watcher.until_end(place.start("long"))
    until(lambda: place.calls()["GetRun"])
    assert future.cancel()
    until_nobody_waits(watcher)


@pytest.mark.parametrize("fault", ["error-500", "cut-before", "lost-answer"])
def test_trouble_that_passes_is_told_once_and_waited_out(place: Place, fault: str) -> None:
    watcher = place.watcher()
    runs = [place.start(f"S{n}") for n in range(2)]
    futures = {run.name: watcher.until_end(run) for run in runs}
    # With the second answer the first look has ended.
    for _ in range(2):
        watcher.once(runs[0]).result(60)
    # Two looks of six tries each, and a bit.
    place.fault("ListRuns", fault, count=14)
    until(lambda: struck(place) > 6)
    for run in runs:
        place.end(run)
    assert set(results(futures, 60).values()) == {"CANCELLED"}
    assert trouble(watcher) == 1


class Failing:
    """Runs whose calls fail as a list says; with its end, everything is COMPLETED."""

    def __init__(self, *failures: errors.OmicsError | None) -> None:
        self.failures = list(failures)

    def find(self, run_id: str) -> dict[str, Any] | None:
        error = self.failures.pop(0) if self.failures else None
        if error:
            raise error
        status = "RUNNING" if self.failures else "COMPLETED"
        return {"id": run_id, "uuid": "u", "status": status}

    def list(self, **_: Any) -> Iterator[dict[str, Any]]:
        raise AssertionError

    region = REGION

    def account(self) -> str:
        return ""


EXPIRED = errors.CredentialsError("GetRun", "expired")
CUT = errors.NotSent("GetRun", "no network")


def watch(*failures: errors.OmicsError | None) -> tuple[Watcher, Future[Any]]:
    watcher = Watcher(Lookout(Failing(*failures), lambda: None), Pace(0.01, 0.04), quiet=0.01)
    return watcher, watcher.until_end(Target("S", "1", "u"))


# Throttling itself, through botocore, slows a client down: here it is only what the client raises.
THROTTLED = errors.Throttled("GetRun", "too many calls", code="ThrottlingException")


@pytest.mark.parametrize("error", [EXPIRED, THROTTLED])
def test_what_passes_is_told_once_and_waited_for(error: errors.OmicsError) -> None:
    watcher, future = watch(None, error, error, error, None)
    assert future.result(60).facts["status"] == "COMPLETED"
    assert trouble(watcher) == 1


@pytest.mark.parametrize(
    "failures",
    [
        [EXPIRED],
        [CUT],
        [errors.Denied("GetRun", "not allowed")],
        [None, errors.Denied("GetRun", "not allowed")],
        [None, errors.SettingsError("GetRun", "another account")],
    ],
)
def test_what_does_not_pass_ends_the_wait(failures: list[errors.OmicsError | None]) -> None:
    _, future = watch(*failures)
    with pytest.raises(errors.OmicsError):
        future.result(60)


def test_a_network_that_goes_away_later_is_waited_for() -> None:
    watcher, future = watch(None, CUT, None, CUT, CUT, None)
    assert future.result(60).facts["status"] == "COMPLETED"
    assert trouble(watcher) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_of_the_poller_leaves_nobody_waiting() -> None:
    class Broken(Failing):
        def find(self, run_id: str) -> dict[str, Any] | None:
            raise ZeroDivisionError

    before = set(threading.enumerate())
    watcher = Watcher(Lookout(Broken(), lambda: None), FAST, quiet=0.01)
    future = watcher.until_end(Target("S", "1", "u"))
    with pytest.raises(errors.OmicsError, match="poller ended"):
        future.result(60)
    for thread in set(threading.enumerate()) - before:
        thread.join(60)


def test_runs_of_another_account_are_not_taken_for_gone(place: Place) -> None:
    class Elsewhere(Failing):
        def find(self, run_id: str) -> dict[str, Any] | None:
            return None

        def account(self) -> str:
            return "999999999999"

    run = Target("S", "1", "u", {"arn": "arn:aws:omics:us-east-1:123456789012:run/1"})
    with pytest.raises(errors.SettingsError, match="999999999999"):
        list(Lookout(Elsewhere(), lambda: None).look([run]))


class Late(Failing):
    """A service that knows a run only some looks after its start."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def find(self, run_id: str) -> dict[str, Any] | None:
        self.looks -= 1
        return None if self.looks >= 0 else super().find(run_id)


PENDING = {"status": "PENDING", "arn": "arn:aws:omics:us-east-1:123456789012:run/1"}


def looked(looks: int, recorded_at: Any, recorded: dict[str, Any] = PENDING) -> list[str | None]:
    """Look every 20 s, for a minute after the first look; give what was seen each time."""
    now = iter(range(0, 1000, 20))
    lookout = Lookout(Late(looks), lambda: recorded_at, grace=60, clock=lambda: next(now))
    run = Target("S", "1", "u", recorded)
    return [seen(lookout.look([run]))["S"] for _ in range(4)]


def since(ages: Mapping[str, float] | None) -> dict[str, str] | None:
    """Give when the state got runs, from how many seconds ago that was."""
    now = datetime.now(UTC)
    return ages and {uuid: (now - timedelta(seconds=age)).isoformat() for uuid, age in ages.items()}


@pytest.mark.parametrize("ages", [{}, {"other": 900}, {"u": 5}])
def test_a_run_that_has_just_been_started_may_not_be_known_yet(ages: dict[str, float]) -> None:
    assert looked(2, since(ages)) == ["PENDING", "PENDING", "COMPLETED", "COMPLETED"]


def test_a_run_that_never_comes_to_be_known_is_gone() -> None:
    assert looked(9, {}) == ["PENDING", "PENDING", "PENDING", None]


@pytest.mark.parametrize(
    ("ages", "recorded"),
    [
        ({"u": 900}, PENDING),
        # The state can't be read.
        (None, PENDING),
        # It was seen, by a refresh.
        ({}, {**PENDING, "creationTime": "2026-11-23T10:00:00Z"}),
        ({}, {**PENDING, "status": "COMPLETED"}),
    ],
)
def test_an_older_run_that_is_not_there_is_gone(
    ages: dict[str, float] | None, recorded: dict[str, Any]
) -> None:
    assert looked(1, since(ages), recorded)[:2] == [None, "COMPLETED"]


def test_a_run_that_was_seen_and_is_not_there_any_more_is_gone() -> None:
    service = Late(0)
    lookout = Lookout(service, dict, grace=60)
    run = Target("S", "1", "u", PENDING)
    assert seen(lookout.look([run])) == {"S": "COMPLETED"}
    service.looks = 9
    assert seen(lookout.look([run])) == {"S": None}


def test_runs_of_another_region_are_not_taken_for_gone(place: Place) -> None:
    run = Target("S", "1", "u", {"arn": "arn:aws:omics:eu-west-1:123456789012:run/1"})
    with pytest.raises(errors.SettingsError, match=f"in eu-west-1, but the wait looks in {REGION}"):
        list(place.lookout().look([run]))


def test_the_quota_is_shared(place: Place) -> None:
    slept: list[float] = []
    runs = Runs(place.settings)
    lookout = Lookout(runs, dict, spacing=0.2, sleep=slept.append)
    seen(lookout.look(many_ended(place, 150)))
    assert slept == [0.2, 0.2]
    assert clients.omics(place.settings) is clients.omics(place.settings)
