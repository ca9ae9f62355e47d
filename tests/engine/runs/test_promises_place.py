"""A run is in one account and one Region: from elsewhere it is neither read nor touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest

from tests.engine.doors import BOTH_IN_SCALE
from tests.engine.harness import ACTIVE, ENDED, Outcome, Stack, declaration, kept
from tests.served import ACCOUNT, OTHER_ACCOUNT, Served, serving


@pytest.fixture
def served(stack: Stack) -> Iterator[Served]:
    """The stack's emulator behind its server, with keys of the account ACCOUNT."""
    with serving(stack.emulator_state) as server:
        stack.configure(endpoint=server.url, localState=None)
        stack.environment.update(server.keys_of(ACCOUNT))
        yield server


def assert_nothing_is_done_from_elsewhere(
    stack: Stack, words: list[str], attempts: Sequence[Callable[..., Outcome]]
) -> None:
    """Try commands that would look at the runs or change them: each says why it does not."""
    before = kept(stack)
    lives = stack.statuses()
    stack.declare(runs(project="late"))
    for attempt in attempts:
        outcome, calls = stack.calls(partial(attempt, expect=1))
        for word in (*words, "Nothing was done"):
            assert word in outcome.message, (word, outcome.text)
        # The engine begins nothing more once one of the two has failed.
        assert re.search("for run (active|ended) failed", outcome.message), outcome.text
        assert calls.keys() <= {"GetRun", "ListRuns"}
        assert kept(stack) == before
    assert stack.statuses() == lives


def runs(**tags: str) -> dict[str, dict[str, object]]:
    """Declare one run that goes on and one that has ended."""
    return {
        "active": declaration(tags={**ACTIVE, **tags}),
        "ended": declaration(tags={**ENDED, **tags}),
    }


@BOTH_IN_SCALE
def test_from_another_account_or_region_nothing_is_done(stack: Stack, served: Served) -> None:
    stack.declare(runs())
    stack.up()
    own = dict(stack.environment)

    # What needs no look is quiet. The native door looks at runs at work before every update.
    is_quiet = not stack.door.looks
    stack.environment.update(served.keys_of(OTHER_ACCOUNT))
    if is_quiet:
        _, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
        assert calls == {}
    assert_nothing_is_done_from_elsewhere(
        stack,
        [
            f"in account {ACCOUNT}, but the credentials are for account {OTHER_ACCOUNT}",
            "omics:profile",
        ],
        [stack.refresh, stack.up, stack.destroy],
    )

    stack.environment.update(own)
    stack.configure(region="eu-west-1")
    assert_nothing_is_done_from_elsewhere(
        stack,
        [
            "started in us-east-1, but the configuration now says eu-west-1",
            "pulumi config set omics:region us-east-1",
        ],
        [stack.up, stack.destroy],
    )
    # The engine keeps the configuration of the last up for refresh and destroy.
    assert "then run `pulumi up`" in stack.outcomes[-1].message

    stack.configure(region="us-east-1")
    stack.up()
    assert stack.tags("active") == {**ACTIVE, "project": "late"}


@BOTH_IN_SCALE
def test_a_renamed_stack_does_not_end_the_runs_of_the_one_that_has_its_name_now(
    stack: Stack,
) -> None:
    names = ("one", "two")
    stack.declare({name: declaration() for name in names})
    stack.up()
    before = {each["id"] for each in stack.resources()}
    settings = stack.home / f"Pulumi.{stack.name}.yaml"
    text = settings.read_text()
    stack.pulumi("stack", "rename", "earlier")
    settings.write_text(text)
    stack.pulumi("stack", "init")
    stack.up()
    now = {each["id"] for each in stack.resources()}
    first = len(stack.log)

    destroyed = replace(stack, name="earlier").destroy()

    served = stack.log[first:]
    assert {call["runId"] for call in served} <= {*before, None}
    # It is its own state that tells which runs to cancel first.
    assert [call["operation"] for call in served].count("ListRuns") == 1
    assert "warning" not in destroyed.text.lower()
    assert set(stack.statuses()) == now
    assert set(stack.statuses().values()) <= {"PENDING", "STARTING", "RUNNING"}
