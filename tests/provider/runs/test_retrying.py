"""The attempts that a wait has started, as the next update finds them: taken, counted, ended."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.identity import retry_token
from omics_provider.base.settings import Settings
from omics_provider.engine.state import StackState
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.calls import Runs
from omics_provider.runs.starts import Start
from tests.provider.harness import (
    REGION,
    RUN_SECONDS,
    Emulator,
    Inputs,
    Recorded,
    Up,
    bag,
    next_update,
)

RETRY = {"retry": {"attempts": 3}}


def failing(declared: Inputs, **more: Any) -> Inputs:
    return {**declared, **RETRY, "tags": {"emulator:fails": "SERVICE_ERROR"}, **more}


def attempt(emulator: Emulator, run: Recorded, number: int, **more: Any) -> str:
    """Start the next attempt as a wait does; give its id."""
    settings = Settings(region=REGION, endpoint="local", local_state=emulator.state)
    inputs = {**run.outs, **more}
    token = retry_token(str(run.outs["uuid"]), number)
    return (
        Start(Runs(settings), StackState(), "", "", inputs, token, list).started_or_found().run_id
    )


def diffed(provider: OmicsRunProvider, run: Recorded, inputs: Inputs) -> list[str]:
    news = provider.check(run.bag(), bag(inputs)).inputs
    return list(provider.diff(run.id, run.bag(), bag(news)).replaces or [])


def created(provider: OmicsRunProvider, inputs: Inputs) -> Recorded:
    made = provider.create(bag(provider.check({}, bag(inputs)).inputs))
    return Recorded(made.id, dict(made.outs or {}))


def test_the_last_attempt_is_taken_and_the_others_are_ended(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    news = failing(declared)
    first = up(news)
    emulator.advance(2 * RUN_SECONDS)
    second = attempt(emulator, first, 2)
    emulator.advance(2 * RUN_SECONDS)
    third = attempt(emulator, first, 3, tags={})
    next_update()

    assert diffed(provider, first, news) == ["status"]
    taken: list[Recorded] = []
    assert "StartRun" not in emulator.since(lambda: taken.append(created(provider, news)))
    provider.delete(first.id, first.bag())

    assert taken[0].id == third
    assert taken[0].outs["attempts"] == 3
    assert [each["id"] for each in taken[0].outs["earlierAttempts"]] == [first.id, second]
    assert taken[0].outs["requestId"] == retry_token(str(first.outs["uuid"]), 3)
    # It gets the tags that are declared now.
    live = emulator.run(third)
    assert live is not None
    assert live["tags"]["emulator:fails"] == "SERVICE_ERROR"
    assert [run["id"] for run in emulator.named(news["name"])] == [third]


def test_one_that_failed_is_counted_and_followed(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    news = failing(declared)
    first = up(news)
    emulator.advance(2 * RUN_SECONDS)
    second = attempt(emulator, first, 2)
    emulator.advance(2 * RUN_SECONDS)
    next_update()

    assert diffed(provider, first, news) == ["status"]
    # Outside of the engine no attempt is drawn: the name stands in for one.
    made = created(provider, {**news, "name": f"{news['name'][:100]} third"})
    provider.delete(first.id, first.bag())

    assert made.outs["attempts"] == 3
    assert [each["id"] for each in made.outs["earlierAttempts"]] == [first.id, second]
    assert emulator.named(news["name"]) == []


def test_an_attempt_is_found_where_the_first_run_is_gone(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    news = failing(declared)
    first = up(news)
    emulator.advance(2 * RUN_SECONDS)
    second = attempt(emulator, first, 2, tags={})
    emulator.aws.delete_run(id=first.id)
    next_update()
    assert diffed(provider, first, news) == ["status"]
    assert created(provider, news).id == second

    # Where there is none, done is done.
    gone = up({**news, "rerun": 1})
    emulator.advance(2 * RUN_SECONDS)
    emulator.aws.delete_run(id=gone.id)
    next_update()
    assert diffed(provider, gone, {**news, "rerun": 1}) == []


@pytest.mark.parametrize(("on_delete", "left"), [("delete", 0), ("cancel", 1), ("keep", 1)])
def test_a_destroy_ends_the_attempts_as_on_delete_says(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    on_delete: str,
    left: int,
) -> None:
    news = failing(declared, onDelete=on_delete)
    first = up(news)
    emulator.advance(2 * RUN_SECONDS)
    second = attempt(emulator, first, 2, tags={})
    next_update()

    provider.delete(first.id, first.bag())
    emulator.advance(RUN_SECONDS)

    live = emulator.run(second)
    assert (live is not None) is bool(left)
    if live is not None:
        assert live["status"] == {"cancel": "CANCELLED", "keep": "COMPLETED"}[on_delete]


def test_no_call_is_made_for_a_run_that_can_have_no_attempts(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    plain, fine = up(declared), up({**declared, **RETRY, "rerun": 1})
    emulator.advance(2 * RUN_SECONDS)
    next_update()
    deleting = ["GetRun", "DeleteRun"]
    assert emulator.since(lambda: provider.delete(plain.id, plain.bag())) == deleting
    # That it has completed has not been seen yet.
    seen = emulator.since(lambda: provider.delete(fine.id, fine.bag()))
    assert seen == ["GetRun", *deleting]
