"""Replaced runs are cancelled while a program waits, if they still are these, and once."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from omics_provider.base import errors
from omics_provider.base.identity import Mark, retry_token
from omics_provider.base.settings import Settings
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.runs.rules import declaration
from omics_provider.waits.replaced import EarlyEnds, Ending, Told
from tests.provider.harness import REGION, ROLE, Emulator
from tests.tokens import BATCH, RUN

STACK = "organization/trial/dev"
PROVIDER = "urn:pulumi:dev::trial::pulumi:providers:pulumi-python::default::1"
HERE = f"urn:pulumi:dev::trial::{RUN}::"
UP = Engine(("pulumi", "up"))
_names = itertools.count()


@pytest.fixture
def place(config: dict[str, str]) -> Settings:
    state = config["omics:localState"]
    return Settings(region=REGION, endpoint="local", local_state=state)


class Stack(OwnStack):
    """A stack that records these resources."""

    def __init__(self, engine: Engine = UP) -> None:
        super().__init__(engine)
        self.resources: list[dict[str, Any]] = []
        self.reads = 0

    def current(self, stack: str, *, mark: str = "") -> StackState:
        assert stack == STACK
        self.reads += 1
        found = StackState(tuple(self.resources))
        if not found.knows(mark):
            raise errors.OmicsError("Reading", "another stack's")
        return found

    def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
        return StackState(tuple(self.resources))


class World:
    """A stack, and the emulator that its runs are at."""

    def __init__(self, emulator: Emulator, place: Settings, engine: Engine = UP) -> None:
        self.emulator, self.place = emulator, place
        self.stack = Stack(engine)
        self.ending = Ending(self.stack, STACK)

    def started(self, token: str, name: str, **more: Any) -> dict[str, Any]:
        """Start a run as a create does; give what is recorded of it."""
        inputs = {
            "roleArn": ROLE, "outputUri": "s3://results", "workflowId": self.emulator.workflow,
            "name": name, "parameters": {}, "__stack": STACK, "onDelete": "delete", **more,
        }  # fmt: skip
        marks = Mark.of(STACK, HERE + name, token).tags(STACK)
        made = self.emulator.aws.start_run(
            **{**declaration.start_arguments(inputs, token), "tags": marks}
        )
        keys = ("uuid", "arn", "status")
        return {**inputs, **{key: made[key] for key in keys}, "id": made["id"], "requestId": token}

    def records(self, outputs: dict[str, Any], name: str, **more: Any) -> None:
        """Record a resource that stands for this run."""
        self.stack.resources.append({
            "urn": HERE + name, "type": RUN, "id": outputs["id"], "provider": PROVIDER,
            "inputs": {}, "outputs": outputs, **more,
        })  # fmt: skip

    def replaced(self, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Record an active run, and the one that has taken its place."""
        name = f"NA{next(_names)}"
        old = self.started(f"{name}-one", name, **more)
        new = self.started(f"{name}-two", name)
        self.records(new, name)
        self.records(old, name, delete=True)
        return old, new

    def look(self, new: dict[str, Any]) -> Told:
        return self.ending.look({new["uuid"]: self.place})

    def status(self, run: dict[str, Any]) -> str:
        found = self.emulator.run(run["id"])
        return str(found["status"]) if found and found["uuid"] == run["uuid"] else "GONE"


@pytest.fixture
def world(emulator: Emulator, place: Settings) -> World:
    return World(emulator, place)


@pytest.mark.parametrize(("on_delete", "ends"), [("delete", 1), ("cancel", 1), ("keep", 0)])
def test_an_active_replaced_run_is_cancelled_once_as_on_delete_says(
    world: World, on_delete: str, ends: int
) -> None:
    old, new = world.replaced(onDelete=on_delete)

    told = world.look(new)

    assert world.emulator.calls().count("CancelRun") == ends
    assert "DeleteRun" not in world.emulator.calls()
    assert (world.status(old) in ("STOPPING", "CANCELLED")) is bool(ends)
    assert world.status(new) in ("PENDING", "STARTING", "RUNNING")
    assert told.ended == [f"{new['name']} ({old['id']})"] * ends
    assert told.refused == []
    calls = world.emulator.since(lambda: world.look(new))
    assert calls == []


def test_a_run_that_has_ended_is_left_to_the_delete(world: World) -> None:
    old, new = world.replaced()
    world.emulator.aws.cancel_run(id=old["id"])
    world.emulator.advance(1000)

    assert world.emulator.since(lambda: world.look(new)) == ["GetRun"]
    assert world.status(old) == "CANCELLED"


def test_another_run_of_the_same_id_is_left_alone(world: World) -> None:
    old, new = world.replaced()
    other = {**old, "uuid": "00000000-0000-4000-8000-000000000000"}
    world.stack.resources[-1]["outputs"] = other

    world.look(new)

    assert world.status(old) in ("PENDING", "STARTING", "RUNNING")


@pytest.mark.parametrize("more", [
    {"delete": False}, {"retainOnDelete": True}, {"protect": True},
    {"provider": PROVIDER.replace("default", "frankfurt")},
])  # fmt: skip
def test_what_the_engine_may_keep_or_ends_elsewhere_goes_on(
    world: World, more: dict[str, Any]
) -> None:
    old, new = world.replaced()
    world.stack.resources[-1].update(more)

    assert world.emulator.since(lambda: world.look(new)) == []
    assert world.status(old) in ("PENDING", "STARTING", "RUNNING")


def test_nothing_is_ended_by_another_stack_s_state(world: World) -> None:
    world.replaced()
    with pytest.raises(errors.OmicsError):
        world.ending.look({"unknown": world.place})
    assert "CancelRun" not in world.emulator.calls()


def test_an_update_of_a_part_ends_nothing_early(emulator: Emulator, place: Settings) -> None:
    world = World(emulator, place, Engine(("pulumi", "up", "--target=**NA1")))
    _, new = world.replaced()

    assert emulator.since(lambda: world.look(new)) == []
    assert world.stack.reads == 0


def test_a_killed_engine_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = world.replaced()

    def ended(_: Engine, operation: str = "") -> None:
        raise errors.OmicsError(operation, "the update has ended")

    monkeypatch.setattr(Engine, "require_alive", ended)
    world.look(new)
    assert world.status(old) in ("PENDING", "STARTING", "RUNNING")


def test_what_can_not_be_cancelled_is_told_once_or_tried_again(world: World) -> None:
    old, new = world.replaced()
    world.emulator.fault("CancelRun", "error-500", count=20)
    assert world.look(new).refused == []
    world.emulator.fault("CancelRun", "denied", count=20)
    (words,) = world.look(new).refused
    assert old["id"] in words
    assert "AccessDenied" in words
    assert world.look(new).refused == []


def test_attempts_that_a_wait_started_in_the_old_runs_place_are_cancelled(world: World) -> None:
    world.emulator.fault("StartRun", "fails", count=1, reason="SERVICE_ERROR")
    old, new = world.replaced(retry={"attempts": 3})
    world.emulator.advance(1000)
    new = world.started("three", old["name"])
    world.stack.resources[0].update(id=new["id"], outputs=new)
    attempt = world.started(retry_token(old["uuid"], 2), old["name"])
    world.stack.resources[-1]["outputs"] |= {"status": "FAILED", "failureReason": "SERVICE_ERROR"}

    told = world.look(new)

    assert told.ended == [f"{old['name']} ({attempt['id']})"]
    assert world.status(attempt) in ("STOPPING", "CANCELLED")
    assert world.status(new) in ("PENDING", "STARTING", "RUNNING")


def test_a_replaced_batch_is_cancelled(world: World) -> None:
    batches = [
        world.emulator.aws.start_run_batch(
            batchName="cohort",
            requestId=f"batch-{number}",
            defaultRunSetting={
                "workflowId": world.emulator.workflow, "roleArn": ROLE, "outputUri": "s3://r/r",
            },
            batchRunSettings={"inlineSettings": [{"runSettingId": "S1"}]},
        )
        for number in (1, 2)
    ]  # fmt: skip
    world.emulator.advance(5)
    urn = f"urn:pulumi:dev::trial::{BATCH}::cohort"
    for batch, more in zip(batches, ({"delete": True}, {}), strict=True):
        facts = {key: batch[key] for key in ("id", "arn", "uuid", "status")}
        outputs = {**facts, "batches": [facts], "onDelete": "delete", "requestId": "r"}
        world.stack.resources.append({
            "urn": urn, "type": BATCH, "id": batch["id"], "provider": PROVIDER,
            "outputs": outputs, **more,
        })  # fmt: skip

    told = world.look({"uuid": batches[1]["uuid"]})

    assert told.ended == [f"cohort ({batches[0]['id']})"]
    assert world.emulator.calls().count("CancelRunBatch") == 1


def test_looks_begin_with_the_wait_and_end_with_it(world: World) -> None:
    old, new = world.replaced()
    ends = EarlyEnds(world.ending, quiet=0.01, spacing=0.01)
    seen: list[Told] = []
    has_looked = threading.Event()

    def tell(told: Told) -> None:
        seen.append(told)
        has_looked.set()

    with ends.meanwhile({new["uuid"]: world.place}, tell):
        assert has_looked.wait(60)
    assert seen[0].words == (
        "Replaced and cancelled, because their successors are recorded: "
        f"{new['name']} ({old['id']})."
    )
    # A further wait has its own look, and what was replaced meanwhile is found.
    later, newer = world.replaced()
    has_looked.clear()
    with ends.meanwhile({newer["uuid"]: world.place}, tell):
        assert has_looked.wait(60)
    assert seen[-1].ended == [f"{newer['name']} ({later['id']})"]
