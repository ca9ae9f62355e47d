"""Many runs in a stack, and many stacks on one service."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.engine.doors import NATIVE
from tests.engine.harness import ENDED, Stack, declaration

THOUSAND, HUNDREDS = 1000, 250
#: Runs of each of two stacks.
AT_ONCE = 20
SECONDS = 600.0


def cohort(count: int, prefix: str = "S") -> dict[str, dict[str, object]]:
    """Declare `count` runs, each with parameters of its own."""
    return {
        f"{prefix}{number:04}": declaration(
            parameters={"sample_name": f"{prefix}{number:04}"}, tags=ENDED
        )
        for number in range(count)
    }


#: Pulumi writes the whole state after each step, which takes nine tenths of the time of a first up
#: of a thousand resources of any kind. With this it writes the state once, at the end.
ONE_CHECKPOINT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


def test_hundreds_of_runs_in_one_stack(stack: Stack) -> None:
    stack.environment.update(ONE_CHECKPOINT)
    assert_many_runs(stack, HUNDREDS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_runs_with_a_checkpoint_after_each_step(stack: Stack) -> None:
    assert_many_runs(stack, THOUSAND)


def assert_many_runs(stack: Stack, count: int) -> None:
    """Start them with a call each and a provider alike in all; then see that nothing changes."""
    stack.declare(cohort(count))

    _, calls = stack.calls(lambda: stack.up(seconds=SECONDS))

    assert calls == {"StartRun": count}
    recorded = stack.resources()
    assert len({each["outputs"]["uuid"] for each in recorded}) == count
    assert {each["id"] for each in recorded} == stack.statuses().keys()
    # The pickled provider is an address: one short constant for all of them.
    (provider,) = {each[half]["__provider"] for each in recorded for half in ("inputs", "outputs")}
    assert len(provider) < 150
    assert b"omics_provider.providers.run" in base64.b64decode(provider)

    # Another file, other lines: nothing of it shows in the provider, or it would differ here.
    program = (stack.home / "__main__.py").read_text()
    stack.program("# a comment\n\n" * 20 + program)
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert preview.summary == {"same": count + 1}
    assert calls == {}


def test_two_stacks_at_once_on_one_emulator(make: Callable[..., Stack]) -> None:
    first = make("first")
    second = make("second", emulator_state=first.emulator_state, door=NATIVE)
    both = (first, second)
    for stack in both:
        # The same names and inputs in both: only the stack's own URN tells them apart, and the
        # two projects share even that but for the folder they live in and the door they take.
        stack.declare(cohort(AT_ONCE))

    processes = [stack.begin("up", "--yes", "--skip-preview") for stack in both]
    outcomes = [stack.finish(process) for stack, process in zip(both, processes, strict=True)]

    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    ids = [{each["id"] for each in stack.resources()} for stack in both]
    assert [len(each) for each in ids] == [AT_ONCE, AT_ONCE]
    assert ids[0] & ids[1] == set()
    assert ids[0] | ids[1] == first.statuses().keys()
    assert first.counted()["StartRun"] == 2 * AT_ONCE
