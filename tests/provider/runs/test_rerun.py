"""rerun_on: a run that ended without its result is replaced, a limited number of times."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs import lookup
from tests.provider.harness import RUN_SECONDS, Emulator, Inputs, Recorded, Up, bag, next_update


def diffed(provider: OmicsRunProvider, run: Recorded, inputs: Inputs) -> tuple[Any, list[str]]:
    news = provider.check(run.bag(), bag(inputs)).inputs
    result = provider.diff(run.id, run.bag(), bag(news))
    return result.changes, list(result.replaces or [])


def failing(declared: Inputs, **more: Any) -> Inputs:
    return {**declared, "tags": {"emulator:fails": "SERVICE_ERROR"}, **more}


def read(provider: OmicsRunProvider, run: Recorded) -> Recorded:
    return Recorded(run.id, dict(provider.read(run.id, run.bag()).outs or {}))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, (False, [])),
        ({"rerunOn": ["CANCELLED"]}, (None, [])),
        ({"rerunOn": ["FAILED"]}, (True, ["status"])),
        ({"rerunOn": ["FAILED"], "maxAttempts": 1}, (None, [])),
    ],
)
def test_a_recorded_failure(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    more: Inputs,
    expected: tuple[Any, list[str]],
) -> None:
    run = up(failing(declared))
    emulator.advance(2 * RUN_SECONDS)
    run = read(provider, run)
    assert run.outs["status"] == "FAILED"
    calls = len(emulator.calls())
    assert diffed(provider, run, failing(declared, **more)) == expected
    assert len(emulator.calls()) == calls


def test_an_end_that_nobody_has_seen_is_looked_up_only_where_it_matters(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    plain, watched = up(failing(declared)), up(failing(declared, rerun=1, rerunOn=["FAILED"]))
    emulator.advance(2 * RUN_SECONDS)
    assert emulator.since(lambda: diffed(provider, plain, failing(declared))) == []
    found: list[tuple[Any, list[str]]] = []
    news = failing(declared, rerun=1, rerunOn=["FAILED"])
    assert emulator.since(lambda: found.append(diffed(provider, watched, news))) == ["GetRun"]
    assert found == [(True, ["status"])]


def test_of_many_runs_only_those_are_looked_up_that_may_have_failed(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookup, "ONE_BY_ONE", 0)
    lasting = {**declared, "rerunOn": ["FAILED"], "tags": {"emulator:freezes": "yes"}}
    failing_ = failing(declared, rerun=1, rerunOn=["FAILED"])
    runs = [(lasting, up(lasting)), (failing_, up(failing_))]
    runs += [(more, up(more)) for more in [{**declared, "rerun": 2, "rerunOn": ["FAILED"]}]]
    emulator.advance(2 * RUN_SECONDS)
    found: list[list[str]] = []

    calls = emulator.since(
        lambda: found.extend(diffed(provider, run, inputs)[1] for inputs, run in runs)
    )

    assert found == [[], ["status"], []]
    assert calls == ["ListRuns", "GetRun"]


def test_a_run_that_goes_well_is_never_replaced(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    news = {**declared, "rerunOn": ["FAILED", "CANCELLED", "DELETED"]}
    run = up(news)
    assert diffed(provider, run, news) == (False, [])
    emulator.advance(2 * RUN_SECONDS)
    assert diffed(provider, run, news) == (False, [])
    assert diffed(provider, read(provider, run), news) == (False, [])


def test_attempts_are_counted_and_end(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    news = failing(declared, rerunOn=["FAILED"], maxAttempts=3)
    run = up(news)
    seen = [run.id]
    for number in (2, 3):
        emulator.advance(2 * RUN_SECONDS)
        next_update()
        assert diffed(provider, run, news) == (True, ["status"])
        # The engine draws a new attempt for each new start; outside of it the name stands in.
        inputs = provider.check({}, bag({**news, "name": f"{news['name'][:100]} {number}"})).inputs
        made = provider.create(bag(inputs))
        provider.delete(run.id, run.bag())
        outs = {**dict(made.outs or {}), "name": news["name"]}
        run = Recorded(made.id, outs)
        assert run.outs["attempts"] == number
        seen.append(run.outs["uuid"])
    emulator.advance(2 * RUN_SECONDS)
    next_update()
    assert diffed(provider, run, news) == (False, [])
    assert len(set(seen)) == 3


def test_a_read_keeps_the_count(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(failing(declared))
    counted = Recorded(run.id, {**run.outs, "attempts": 2})
    emulator.advance(2 * RUN_SECONDS)
    assert read(provider, counted).outs["attempts"] == 2
