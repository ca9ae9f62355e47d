"""Which run a start takes where an earlier one is in doubt: each case against the emulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from omics_provider.base import errors
from omics_provider.base.diff import TagChange
from omics_provider.base.identity import START_MARK, start_token
from omics_provider.base.keys import EARLIER
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.engine.update import Update
from omics_provider.runs.calls import Runs
from omics_provider.runs.handler import RunHandler
from omics_provider.runs.search import since_failure
from omics_provider.runs.starts import Start, start_of

STACK, URN = "organization/omics-runs/dev", "urn:pulumi:dev::omics-runs::omics:Run::NA12878"
INPUTS: dict[str, Any] = {
    "roleArn": "arn:aws:iam::123456789012:role/omics",
    "outputUri": "s3://results/runs",
    "workflowId": "9500764",
    "workflowType": "READY2RUN",
    "name": "NA12878",
    "tags": {"emulator:freezes": "yes"},
    "__stack": STACK,
}
FIRST, SECOND = (start_token(STACK, URN, attempt) for attempt in ("first", "second"))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    state = tmp_path / "omics.db"
    control.change_settings(state, {"parameterCheck": "off"})
    return Runs(Settings(region="us-east-1", endpoint="local", local_state=str(state)))


def begin(runs: Runs, token: str, state: StackState | None = None) -> Start:
    known = state or StackState()
    return Start(runs, known, STACK, URN, INPUTS, token, partial(since_failure, runs, known))


def begin_named(runs: Runs, name: str, token: str) -> Start:
    start = begin(runs, token)
    return replace(start, urn=f"{URN}-{name}", inputs={**INPUTS, "name": name})


def never(live: object, inputs: object) -> None:
    raise AssertionError("nothing is to be ended")


def test_the_run_of_an_interrupted_start_is_taken(runs: Runs) -> None:
    first = begin(runs, FIRST).once((), never)

    again = begin(runs, SECOND).once((EarlierStart(FIRST, INPUTS),), never)

    assert again.properties["uuid"] == first.properties["uuid"]
    assert again.properties["requestId"] == FIRST


def test_a_released_run_is_not_taken_when_its_request_is_answered_again(runs: Runs) -> None:
    first = begin(runs, FIRST).once((), never)
    runs.retag(first.properties["arn"], TagChange({}, (START_MARK,)))

    again = begin(runs, SECOND).once((EarlierStart(FIRST, INPUTS),), never)

    assert again.properties["uuid"] != first.properties["uuid"]
    assert again.properties["requestId"] == SECOND


def test_a_start_that_is_sent_again_is_taken_though_get_run_shows_it_late(runs: Runs) -> None:
    class Late(Runs):
        asked = 0

        def find(self, run_id: str) -> dict[str, Any] | None:
            Late.asked += 1
            return None if Late.asked <= 2 else super().find(run_id)

    # The earlier start never reached the service, so sending it again starts the run.
    again = replace(begin(runs, SECOND), runs=Late(runs._settings))
    taken = again.once((EarlierStart(FIRST, INPUTS),), never)

    assert taken.properties["requestId"] == FIRST
    assert [run["id"] for run in runs.list()] == [taken.run_id]


def test_an_interrupted_start_is_found_under_an_id_that_the_state_still_records(
    runs: Runs,
) -> None:
    first = begin(runs, FIRST).once((), never)
    leaving = {
        "urn": URN,
        "id": first.run_id,
        "pendingReplacement": True,
        "outputs": {"uuid": "the one before", "requestId": "older"},
    }
    state = StackState((leaving,))

    again = begin(runs, SECOND, state).once((EarlierStart(FIRST, INPUTS),), never)

    assert again.properties["uuid"] == first.properties["uuid"]


def test_a_lost_start_is_found_beside_an_interrupted_one_that_never_left(runs: Runs) -> None:
    lost = begin(runs, FIRST).once((), never)
    state = StackState(failing_since="2020-01-01T00:00:00Z")

    again = begin(runs, "third", state).once((EarlierStart(SECOND, INPUTS),), never)

    assert again.properties["uuid"] == lost.properties["uuid"]


def test_after_a_failed_update_the_runs_are_listed_once_for_all_starts(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = {name: begin_named(runs, name, FIRST + name).once((), never) for name in ("a", "b")}
    state, update = StackState(failing_since="2020-01-01T00:00:00Z"), Update()
    lists: list[int] = []
    whole = Runs.list
    monkeypatch.setattr(Runs, "list", lambda self: lists.append(1) or whole(self))

    for name in ("a", "b", "c"):
        inputs = {**INPUTS, "name": name}
        call = Call(update, runs._settings, urn=f"{URN}-{name}")
        again = start_of(call, runs, inputs, SECOND + name, state).once((), never)
        taken = lost.get(name)
        assert again.properties["requestId"] == (SECOND + name if taken is None else FIRST + name)
        assert taken is None or again.properties["uuid"] == taken.properties["uuid"]
    assert len(lists) == 1


def test_what_was_started_before_the_last_success_is_not_lost(runs: Runs) -> None:
    kept = begin(runs, FIRST).once((), never)
    now = datetime.now(UTC)
    within_the_clocks_slack = StackState(failing_since=now.isoformat())
    later = replace(within_the_clocks_slack, succeeded_at=(now + timedelta(minutes=1)).isoformat())

    again = begin(runs, SECOND, later).once((), never)
    taken = begin(runs, "third", within_the_clocks_slack).once((), never)

    assert again.properties["requestId"] == SECOND
    assert again.properties["uuid"] != kept.properties["uuid"]
    # Without that success it is taken for the lost one: here the newest.
    assert taken.properties["uuid"] == again.properties["uuid"]


def test_a_start_that_neither_note_nor_history_tells_of_is_taken(runs: Runs) -> None:
    lost = begin(runs, FIRST).once((), never)

    again = replace(begin(runs, SECOND), recent=runs.list).once((), never)

    assert again.properties["uuid"] == lost.properties["uuid"]


def test_recent_runs_of_another_name_or_that_the_stack_records_cost_no_look(runs: Runs) -> None:
    mine = begin(runs, FIRST).once((), never)
    other = replace(begin(runs, "other"), inputs={**INPUTS, "name": "NA12891"}).once((), never)
    own = {"urn": URN, "id": mine.run_id, "outputs": {**mine.properties}}
    state = StackState((own,), succeeded_at="2020-01-01T00:00:00Z")
    looked: list[str] = []

    class Looked(Runs):
        def find(self, run_id: str) -> dict[str, Any] | None:
            looked.append(run_id)
            return super().find(run_id)

    start = replace(begin(runs, SECOND, state), recent=runs.list, runs=Looked(runs._settings))
    again = start.once((), never)

    assert again.run_id not in (mine.run_id, other.run_id)
    assert looked == []


def test_the_end_of_a_start_in_doubt_ends_the_run_of_an_earlier_one_in_doubt(runs: Runs) -> None:
    first = begin(runs, FIRST).once((), never)
    declared = {key: value for key, value in INPUTS.items() if key != "__stack"}
    doubt = {**declared, "onDelete": "cancel", "requestId": SECOND, EARLIER: [FIRST]}

    RunHandler().delete(Call(Update(), runs._settings), "unconfirmed", doubt)

    live = runs.find(first.run_id) or {}
    assert live["status"] in ("STOPPING", "CANCELLED")


def test_a_start_whose_repeat_is_a_conflict_is_taken_though_it_is_listed_late(runs: Runs) -> None:
    first = begin(runs, FIRST).once((), never)

    class Late(Runs):
        asked = 0

        def start(self, arguments: Mapping[str, Any], look: object = None) -> dict[str, Any]:
            assert arguments["requestId"] == FIRST, "a second run would start"
            raise errors.Conflict("StartRun", "the requestId is in use")

        def list(self, **_: Any) -> Iterator[dict[str, Any]]:
            Late.asked += 1
            return iter(()) if Late.asked <= 3 else super().list()

    again = replace(begin(runs, SECOND), runs=Late(runs._settings))
    taken = again.once((EarlierStart(FIRST, INPUTS),), never)

    assert taken.run_id == first.run_id


@pytest.mark.parametrize("end", ["CANCELLED", "COMPLETED"])
def test_a_run_that_is_stopping_is_taken_only_if_it_was_not_cancelled(runs: Runs, end: str) -> None:
    first = begin(runs, FIRST).once((), never)

    class Stopping(Runs):
        asked = 0

        def find(self, run_id: str) -> dict[str, Any] | None:
            live = super().find(run_id)
            if live is None or live["id"] != first.run_id:
                return live
            Stopping.asked += 1
            return {**live, "status": "STOPPING" if Stopping.asked <= 3 else end}

    start = replace(begin(runs, SECOND), runs=Stopping(runs._settings))
    again = start.once((EarlierStart(FIRST, INPUTS),), never)

    assert (again.run_id == first.run_id) == (end == "COMPLETED")


@pytest.mark.parametrize("declared", ["before", "now"])
def test_of_two_interrupted_starts_one_is_taken_and_the_other_ended(
    runs: Runs, declared: str
) -> None:
    ended: list[str] = []
    tokens = {"before": FIRST, "now": SECOND}
    inputs = {which: {**INPUTS, "outputUri": f"s3://results/{which}"} for which in tokens}
    made = {
        which: replace(begin(runs, token), inputs=inputs[which]).once((), never)
        for which, token in tokens.items()
    }

    class Unused(Runs):
        def start(self, arguments: Mapping[str, Any], look: object = None) -> dict[str, Any]:
            raise AssertionError("nothing is to be started")

    start = replace(begin(runs, "third"), inputs=inputs[declared], runs=Unused(runs._settings))
    earlier = tuple(EarlierStart(token, inputs[which]) for which, token in tokens.items())
    again = start.once(earlier, lambda live, _: ended.append(live["id"]))

    assert again.run_id == made.pop(declared).run_id
    assert ended == [other.run_id for other in made.values()]
