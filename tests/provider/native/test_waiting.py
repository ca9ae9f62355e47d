"""Creates and updates of the native provider that wait for their run's end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from omics_provider.base.values import UNKNOWN
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.native import server
from omics_provider.native.servicer import Servicer
from omics_provider.native.values import received
from omics_provider.runs import lookup
from omics_provider.waits import blocking
from tests.provider.harness import REGION, RUN_SECONDS, Emulator, Inputs

from .door import URN, Door, Failed, Stack, Told, failure, opened, struct
from .looks import until

NONE, SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME


@contextmanager
def another(door: Door, emulator: Emulator) -> Iterator[Door]:
    """The provider of the next command: another process, which remembers nothing."""
    stack, told = Stack(), Told()
    servicer = opened(Servicer(told), stack)
    serving, port = server.serve(servicer, server.workers())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        made = Door(port, stack, told, servicer, channel)
        made.configure(
            endpoint="local", region=REGION, localState=emulator.state,
            localRunSeconds=str(RUN_SECONDS), preflight="off",
        )  # fmt: skip
        yield made
    servicer.end_waits()
    serving.stop(grace=None).wait()


@pytest.fixture(autouse=True)
def _no_wait_is_left(door: Door) -> Iterator[None]:
    """End what a failed test leaves: the process would wait for it."""
    yield
    door.servicer.end_waits()


class Asked:
    """A request under way, in a thread of its own."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._answer: Any = None
        self._error: grpc.RpcError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except grpc.RpcError as error:
            self._error = error

    def answer(self) -> Any:
        """Wait for it."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self._error:
            raise self._error
        return self._answer

    def failure(self) -> Failed:
        """Wait for its failure."""
        return failure(self.answer)

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()


def looked(emulator: Emulator, many: int = 1) -> None:
    """Wait until the poller has looked so often from now on."""
    before = looks(emulator)
    until(lambda: looks(emulator) - before >= many)


def looks(emulator: Emulator) -> int:
    return sum(call in ("GetRun", "ListRuns") for call in emulator.calls())


def waiting(door: Door, emulator: Emulator, inputs: Inputs, **more: Any) -> tuple[Any, Asked]:
    """A create that waits, as it is when the poller has looked."""
    checked = door.check("x", struct({**inputs, "waitForCompletion": True}))
    assert list(checked.failures) == []
    asked = Asked(lambda: door.create("x", checked.inputs, **more))
    looked(emulator, 2)
    return checked.inputs, asked


def diff(door: Door, id_: str, recorded: Any, old: Any, new: Any) -> Any:
    request = provider_pb2.DiffRequest(
        id=id_, urn=URN + "x", olds=recorded, old_inputs=old, news=new
    )
    return door.stub.Diff(request)


def updated(door: Door, id_: str, recorded: Any, new: Any, **more: Any) -> Any:
    request = provider_pb2.UpdateRequest(id=id_, urn=URN + "x", olds=recorded, news=new, **more)
    return door.stub.Update(request)


def bag(properties: struct_pb2.Struct) -> Inputs:
    return received(properties).properties


# To the end ------------------------------------------------------------------------------------


def test_a_create_that_waits_records_the_end(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    shown: list[str] = []
    door.told.show = lambda message, urn: shown.append(message)  # type: ignore[method-assign]
    inputs, asked = waiting(door, emulator, declared)
    assert asked.goes_on
    emulator.advance(RUN_SECONDS / 2)
    until(lambda: any("RUNNING" in line for line in shown))
    emulator.advance(RUN_SECONDS)

    made = asked.answer()

    recorded = bag(made.properties)
    assert (recorded["status"], recorded["waitForCompletion"]) == ("COMPLETED", True)
    live = emulator.run(made.id) or {}
    assert (recorded["uuid"], recorded["digest"]) == (live["uuid"], live["digest"])
    assert recorded["stopTime"]
    assert made.refresh_before_update is False
    assert shown[0] == f"Waiting for run {made.id} (PENDING). Ctrl-C ends the wait, not the run."
    assert len(shown) == len(set(shown)) <= 4
    assert door.told.messages == []
    # The state knows the end: nothing is asked, and nothing is to be done.
    assert emulator.since(
        lambda: shown.append(diff(door, made.id, made.properties, inputs, inputs))
    ) == []  # fmt: skip
    assert shown[-1].changes == NONE  # type: ignore[attr-defined]


def test_a_wait_is_no_part_of_the_start(door: Door, emulator: Emulator, declared: Inputs) -> None:
    inputs, asked = waiting(door, emulator, declared)
    door.stub.Cancel(struct_pb2.Value())
    at_work = asked.failure().recorded
    assert at_work is not None
    # Killed in place of that, so that nothing but the engine's note of the create is left.
    with another(door, emulator) as later:
        note = {"urn": URN + "x", "inputs": bag(inputs)}
        later.stack.recorded = StackState(creating=(note,))
        plain = later.check("x", struct({**declared, "onFailure": "warn"}))
        made: list[Any] = []
        calls = emulator.since(lambda: made.append(later.create("x", plain.inputs)))
        assert "StartRun" not in calls
        assert "CancelRun" not in calls
        assert made[0].id == at_work.id


def test_a_change_of_the_wait_is_in_place_and_touches_no_run(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    inputs, made = door.up("x", struct(declared))
    emulator.advance(3 * RUN_SECONDS)
    read = door.stub.Read(
        provider_pb2.ReadRequest(id=made.id, urn=URN + "x", properties=made.properties)
    )
    wanted = {**declared, "waitForCompletion": True, "onFailure": "warn"}
    news = door.check("x", struct(wanted), olds=inputs).inputs

    found: list[Any] = []
    calls = emulator.since(
        lambda: found.extend([
            diff(door, made.id, read.properties, inputs, news),
            updated(door, made.id, read.properties, news),
        ])
    )  # fmt: skip

    assert calls == []
    assert (found[0].changes, list(found[0].replaces)) == (SOME, [])
    assert sorted(found[0].detailedDiff) == ["onFailure", "waitForCompletion"]
    assert bag(found[1].properties)["onFailure"] == "warn"
    # And away again.
    back = door.check("x", struct(declared), olds=news).inputs
    now = updated(door, made.id, found[1].properties, back)
    assert "onFailure" not in bag(now.properties)
    assert diff(door, made.id, now.properties, back, back).changes == NONE


def test_what_is_wrong_is_told_as_for_other_inputs(door: Door, declared: Inputs) -> None:
    wrong = {**declared, "waitForCompletion": "yes", "onFailure": "ignore"}
    failures = {f.property: f.reason for f in door.check("x", struct(wrong)).failures}
    assert failures.keys() == {"waitForCompletion", "onFailure"}
    assert "fail, warn" in failures["onFailure"] or "warn" in failures["onFailure"]
    unknown = {**declared, "waitForCompletion": UNKNOWN, "onFailure": UNKNOWN}
    assert list(door.check("x", struct(unknown)).failures) == []


# Without a result ------------------------------------------------------------------------------


def failing(declared: Inputs, **more: Any) -> Inputs:
    return {**declared, "tags": {"emulator:fails": "INPUT_URI_NOT_FOUND"}, **more}


def test_a_run_that_fails_is_recorded_and_fails_each_update_until_it_is_replaced(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    inputs, asked = waiting(door, emulator, failing(declared))
    emulator.advance(3 * RUN_SECONDS)

    failed = asked.failure()

    assert failed.recorded is not None
    assert bag(failed.recorded.properties)["status"] == "FAILED"
    assert failed.recorded.refresh_before_update is False
    assert "FAILED: INPUT_URI_NOT_FOUND" in failed.message
    assert "Check the path" in failed.message
    assert "give `rerun` a new value" in failed.message
    id_, recorded = failed.recorded.id, failed.recorded.properties

    with another(door, emulator) as later:
        found = diff(later, id_, recorded, inputs, inputs)
        assert (found.changes, list(found.replaces), list(found.diffs)) == (SOME, [], ["status"])
        again: list[Failed] = []
        calls = emulator.since(
            lambda: again.append(failure(lambda: updated(later, id_, recorded, inputs)))
        )
        assert set(calls) <= {"ListRunTasks", "GetRunTask"}
        assert again[0].message == failed.message
        # A new run is asked for as ever.
        news = later.check(
            "x", struct(failing(declared, waitForCompletion=True, rerun=2)), olds=inputs
        ).inputs
        assert list(diff(later, id_, recorded, inputs, news).replaces) == ["rerun"]
        # And with a warning that is all.
        news = later.check(
            "x",
            struct(failing(declared, waitForCompletion=True, onFailure="warn")),
            olds=inputs,
        ).inputs
        now = updated(later, id_, recorded, news)
        assert diff(later, id_, now.properties, news, news).changes == NONE


def test_on_failure_warn_makes_it_a_warning(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    _, asked = waiting(door, emulator, failing(declared, onFailure="warn"))
    emulator.advance(3 * RUN_SECONDS)
    assert bag(asked.answer().properties)["status"] == "FAILED"
    ((name, message),) = door.told.messages
    assert name == "x"
    assert "FAILED: INPUT_URI_NOT_FOUND" in message


def test_another_attempt_is_left_to_the_next_update(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    tags = {"emulator:fails": "SERVICE_ERROR"}
    retried = {**declared, "tags": tags, "retry": {"attempts": 2}}
    inputs, asked = waiting(door, emulator, retried)
    emulator.advance(3 * RUN_SECONDS)
    failed = asked.failure()
    assert failed.recorded is not None
    assert "The next `pulumi up` replaces it: attempt 2 of 2." in failed.message
    assert len(emulator.named(declared["name"])) == 1
    with another(door, emulator) as later:
        found = diff(later, failed.recorded.id, failed.recorded.properties, inputs, inputs)
        assert list(found.replaces) == ["status"]


@pytest.mark.parametrize("delete", [False, True])
def test_a_run_that_somebody_ends_has_ended(
    door: Door, emulator: Emulator, declared: Inputs, delete: bool
) -> None:
    _, asked = waiting(door, emulator, declared)
    (run,) = emulator.named(declared["name"])
    emulator.aws.cancel_run(id=run["id"])
    emulator.advance(RUN_SECONDS)
    if delete:
        emulator.aws.delete_run(id=run["id"])
    failed = asked.failure()
    assert failed.recorded is not None
    assert bag(failed.recorded.properties)["status"] in ("CANCELLED", "DELETED")


# Interrupted -----------------------------------------------------------------------------------


def test_a_cancelled_wait_is_gone_on_with_and_starts_nothing(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    inputs, asked = waiting(door, emulator, declared)
    door.stub.Cancel(struct_pb2.Value())
    cancelled = asked.failure()
    recorded = cancelled.recorded
    assert recorded is not None
    assert cancelled.message == (
        f"Waiting for run x ({recorded.id}): interrupted.\nThe run continues, and the state "
        f"records it. Run `pulumi up` again to continue the wait."
    )
    assert recorded.refresh_before_update is True
    assert bag(recorded.properties)["status"] in ("PENDING", "STARTING", "RUNNING")

    with another(door, emulator) as later:
        # The engine reads it first, which takes its note of the failure away.
        read = later.stub.Read(
            provider_pb2.ReadRequest(
                id=recorded.id, urn=URN + "x", properties=recorded.properties, inputs=inputs
            )
        )
        assert read.refresh_before_update is True
        found = diff(later, recorded.id, read.properties, inputs, inputs)
        assert (found.changes, list(found.replaces), list(found.diffs)) == (SOME, [], ["status"])
        shown = bag(updated(later, recorded.id, read.properties, inputs, preview=True).properties)
        assert (shown["status"], shown["stopTime"]) == (UNKNOWN, UNKNOWN)
        assert shown["runOutputUri"] is not UNKNOWN
        asked = Asked(lambda: updated(later, recorded.id, read.properties, inputs))
        looked(emulator)
        emulator.advance(3 * RUN_SECONDS)
        assert bag(asked.answer().properties)["status"] == "COMPLETED"
        # A wait that begins after a Ctrl-C is over at once.
        later.stub.Cancel(struct_pb2.Value())
        told = failure(lambda: updated(later, recorded.id, read.properties, inputs))
        assert "interrupted" in told.message
    assert emulator.calls().count("StartRun") == 1


def test_after_a_cancel_no_start_that_is_queued_goes_out(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    checked = door.check("x", struct(declared))
    emulator.fault("StartRun", "throttle", count=1000)
    asked = Asked(lambda: door.create("x", checked.inputs))
    until(lambda: "StartRun" in emulator.calls())
    door.stub.Cancel(struct_pb2.Value())
    told = asked.failure()
    assert told.recorded is None
    assert "StartRun for run x failed: the update was interrupted. Nothing was done" in told.message
    emulator.fault("StartRun", "throttle", count=0)
    assert (
        emulator.since(
            lambda: failure(lambda: door.create("y", door.check("y", struct(declared)).inputs))
        ).count("StartRun")
        == 0
    )
    with another(door, emulator) as later:
        assert later.create("x", checked.inputs).id


def test_custom_timeouts_bound_a_wait(door: Door, emulator: Emulator, declared: Inputs) -> None:
    _, asked = waiting(door, emulator, declared, timeout=1.0)
    failed = asked.failure()
    assert failed.recorded is not None
    assert failed.message.startswith(
        f"Waiting for run x ({failed.recorded.id}): after 1 s it has not ended.\nThe run continues"
    )
    assert failed.recorded.refresh_before_update is True


def test_a_wait_that_may_not_look_records_the_run(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    emulator.fault("GetRun", "denied", rate=1.0)
    _, made = door.up("y", struct({**declared, "name": "beside"}))
    inputs = door.check("x", struct({**declared, "waitForCompletion": True})).inputs
    failed = failure(lambda: door.create("x", inputs))
    assert failed.recorded is not None
    assert failed.recorded.id != made.id
    assert "AccessDeniedException" in failed.message
    assert "Run `pulumi up` again to continue the wait." in failed.message


def test_trouble_that_passes_is_told_once(door: Door, emulator: Emulator, declared: Inputs) -> None:
    _, asked = waiting(door, emulator, declared)
    emulator.fault("GetRun", "error-500", rate=1.0)
    until(lambda: bool(door.told.messages))
    emulator.advance(3 * RUN_SECONDS)
    emulator.fault("GetRun", "error-500", count=0)
    assert bag(asked.answer().properties)["status"] == "COMPLETED"
    ((_, message),) = door.told.messages
    assert "This message comes once." in message


# Many ------------------------------------------------------------------------------------------


def test_waits_that_take_all_room_say_so_once(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    door.servicer._update = Update(Engine(("pulumi", "up", "--parallel", "2")), door.stack)
    _, first = waiting(door, emulator, declared)
    inputs = door.check("y", struct({**declared, "waitForCompletion": True})).inputs
    second = Asked(lambda: door.create("y", inputs))
    until(lambda: bool(door.told.messages))
    emulator.advance(3 * RUN_SECONDS)
    for each in (first, second):
        each.answer()
    ((_, message),) = door.told.messages
    assert message.startswith("This command works on 2 resources at once, and all of them wait")
    assert "pulumi up --parallel 1000" in message


def test_no_more_waits_than_there_are_threads_for(
    door: Door, emulator: Emulator, declared: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "MOST", 0)
    inputs = door.check("x", struct({**declared, "waitForCompletion": True})).inputs
    failed = failure(lambda: door.create("x", inputs))
    assert failed.recorded is not None
    assert "0 waits are under way already" in failed.message


def test_runs_at_work_are_read_from_the_list(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    made = [
        door.up(f"S{n}", struct({**declared, "name": f"{declared['name'][:90]}-{n}"}))[1]
        for n in range(30)
    ]
    emulator.advance(RUN_SECONDS / 2)
    with another(door, emulator) as later:
        now: list[Any] = []
        calls = Counter(
            emulator.since(
                lambda: now.extend(
                    later.stub.Read(
                        provider_pb2.ReadRequest(
                            id=each.id, urn=f"{URN}S{n}", properties=each.properties
                        )
                    )
                    for n, each in enumerate(made)
                )
            )
        )
    assert calls["GetRun"] == lookup.ONE_BY_ONE
    assert calls["ListRuns"] <= 2
    assert {bag(each.properties)["status"] for each in now} == {"RUNNING"}
    assert {each.refresh_before_update for each in now} == {True}


def test_a_preview_of_many_ended_runs_makes_no_call(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    inputs, made = door.up("S", struct(declared))
    emulator.advance(3 * RUN_SECONDS)
    read = door.stub.Read(
        provider_pb2.ReadRequest(id=made.id, urn=f"{URN}S", properties=made.properties)
    )
    assert read.refresh_before_update is False
    with another(door, emulator) as later:

        def preview() -> None:
            for n in range(100):
                assert list(later.check(f"S{n}", inputs, olds=inputs).failures) == []
                assert diff(later, made.id, read.properties, inputs, inputs).changes == NONE

        assert emulator.since(preview) == []


def test_a_secret_that_was_recorded_stays_one_where_a_wait_is_interrupted(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    secret = ("tags", "sample")
    _, made = door.up("x", struct(declared, secret))
    del declared["tags"]
    news = door.check("x", struct({**declared, "waitForCompletion": True}), olds=made.properties)
    door.stub.Cancel(struct_pb2.Value())
    failed = failure(lambda: updated(door, made.id, made.properties, news.inputs))
    assert failed.recorded is not None
    recorded = received(failed.recorded.properties)
    assert "tags" not in recorded.properties or secret in recorded.secrets
    assert declared["name"] in str(failed.recorded.properties)
    assert secret in recorded.secrets
