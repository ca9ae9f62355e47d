"""Waiting, as far as it needs no service: names, failing programs, and users' own unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from omics_provider import OmicsRun, RunCohort, wait_all
from omics_provider.resources import _facts, _interrupt, wait
from omics_provider.waits.rules.targets import Target
from tests.programs import mocked

RUN: dict[str, Any] = {
    "role_arn": "arn:aws:iam::123456789012:role/omics",
    "output_uri": "s3://results/runs",
    "workflow_id": "9500764",
    "workflow_type": "READY2RUN",
}


class Engine(pulumi.runtime.Mocks):
    """A user's mocks: what they give for a resource is the inputs, and `more` by its name."""

    def __init__(self, **more: dict[str, Any]) -> None:
        self.more = more

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **self.more.get(args.name, {})}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(args.token)


def given_by(program: Callable[[], Any], **more: dict[str, Any]) -> Any:
    """Run a program as a user's unit test does, and give what its Output is."""
    mocked(Engine(**more))
    got: list[Any] = []

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def test() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(program()).apply(got.append)

    test()
    return got[0]


def test_where_nothing_is_waited_for_nothing_is_unknown() -> None:
    async def waited() -> tuple[bool, Any]:
        ended = wait_all([])
        return await ended.is_known(), await ended.future()

    assert asyncio.run(waited()) == (True, {})


# Names -------------------------------------------------------------------------------------------


def test_the_names_of_facts_are_those_that_a_wait_gives() -> None:
    assert set(_facts.NAMES) == Target("S", "1", "u").ended_as(None).keys()


def test_a_wrong_name_is_refused_before_the_run_ends() -> None:
    def program() -> None:
        run = OmicsRun("S", **RUN)
        with pytest.raises(pulumi.RunError, match=r'"statuss"\. Did you mean "status"\?'):
            run.wait()["statuss"]
        with pytest.raises(AttributeError, match=r'\["status"\], not \.status'):
            _ = run.wait().status
        ended = wait_all([run])
        with pytest.raises(pulumi.RunError, match=r'named "s"\. '):
            ended["s"]
        with pytest.raises(pulumi.RunError, match=r'Did you mean "run_output_uri"'):
            ended["S"]["run_outputs_uri"]

    given_by(program)


@pytest.mark.parametrize("max_failures", [None, 1])
def test_a_cohorts_wait_knows_its_samples(max_failures: int | None) -> None:
    def program() -> None:
        ended = RunCohort(
            "trio", samples=[{"sample": "HG002"}], template=RUN, parameters=["sample"],
            max_failures=max_failures,
        ).wait()  # fmt: skip
        with pytest.raises(pulumi.RunError, match=r'Did you mean "HG002"\?'):
            ended["HG003"]
        with pytest.raises(pulumi.RunError, match="statuss"):
            ended["HG002"]["statuss"]

    given_by(program)


def test_a_wait_can_be_recovered_from() -> None:
    def program() -> Any:
        return OmicsRun("S", **RUN).wait().recover(lambda error: {"status": str(error)})

    told = given_by(program, S={"status": "FAILED", "failureReason": "SERVICE_ERROR"})
    assert "SERVICE_ERROR" in told["status"]


# Users' unit tests -------------------------------------------------------------------------------


def test_mocked_runs_have_completed() -> None:
    def program() -> Any:
        first = OmicsRun("first", **RUN)
        then = OmicsRun("then", parameters={"in": first.wait()["run_output_uri"]}, **RUN)
        return wait_all([first, then]), then.parameters

    ended, parameters = given_by(program)

    assert parameters == {"in": "s3://results/runs/first-id"}
    assert ended["then"] == {
        **dict.fromkeys(_facts.NAMES),
        "id": "then-id",
        "status": "COMPLETED",
        "run_output_uri": "s3://results/runs/then-id",
        "attempts": 1,
        "earlier_attempts": [],
    }


def test_mocks_say_how_a_run_has_ended() -> None:
    made = {
        "status": "COMPLETED",
        "uuid": "0c4d",
        "runOutputUri": "s3://elsewhere/1",
        "stopTime": "2026-11-23T10:00:00Z",
        "outputs": {"W.vcf": "s3://elsewhere/1/a.vcf"},
        "tasks": {"total": 5},
    }

    def program() -> Any:
        run = OmicsRun("S", **RUN)
        return run.wait(), run.wait(outputs=True)["outputs"]["W.vcf"], run.wait(tasks=True)["tasks"]

    facts, vcf, tasks = given_by(program, S=made)

    assert facts["run_output_uri"] == "s3://elsewhere/1"
    assert facts["stop_time"] == "2026-11-23T10:00:00Z"
    assert (facts["outputs"], facts["tasks"]) == (None, None)
    assert vcf == "s3://elsewhere/1/a.vcf"
    assert tasks == {"total": 5}


def test_mocked_runs_can_fail() -> None:
    failed = {"status": "FAILED", "failureReason": "OUT_OF_MEMORY_ERROR"}
    with pytest.raises(pulumi.RunError, match=r"S .S-id. ended FAILED: OUT_OF_MEMORY_ERROR"):
        given_by(lambda: OmicsRun("S", **RUN).wait(), S=failed)
    told = given_by(lambda: OmicsRun("S", **RUN).wait(on_failure="warn")["status"], S=failed)
    assert told == "FAILED"


# Programs that fail ------------------------------------------------------------------------------


class Waits:
    """Stands for the looks: `failed` has ended, every other run never does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        monkeypatch.setattr(_facts, "are_mocked", lambda: False)
        monkeypatch.setattr(wait, "_watcher", self.watcher)
        monkeypatch.setattr(wait, "_seen_once", self.once)
        monkeypatch.setattr(wait, "_seen_to_end", self.to_end)
        monkeypatch.setattr(wait, "_explained", self.explained)
        for level in ("warn", "error"):
            monkeypatch.setattr(pulumi.log, level, self.said.append)

    async def watcher(self, *_: Any) -> Any:
        return None

    async def once(self, _: Any, targets: dict[str, Target]) -> Any:
        live = {"status": "FAILED", "failureReason": "SERVICE_ERROR"}
        return {key: t.end(live) for key, t in targets.items() if key == "failed"}

    async def to_end(self, _: Any, targets: dict[str, Target], __: Any) -> Any:
        await wait._all_done({key: Future() for key in targets}, None)

    async def explained(self, _: Any, failed: dict[str, Any]) -> str:
        return f"these failed: {', '.join(failed)}"


def run_of_a_stack(program: Callable[[], Any]) -> None:
    class Active(Engine):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            return args.name, {**args.inputs, "uuid": args.name, "status": "PENDING"}

    mocked(Active())
    # The stack that is made with mocks is not the one of a program.
    set_root_resource(None)  # type: ignore[arg-type]  # Pulumi itself sets it so
    loop = asyncio.get_event_loop()
    loop.run_until_complete(asyncio.wait_for(run_in_stack(program), 60))


@pytest.mark.parametrize("exported", [True, False])
def test_waits_end_where_the_program_fails(monkeypatch: pytest.MonkeyPatch, exported: bool) -> None:
    waits = Waits(monkeypatch)

    def program() -> None:
        ended = OmicsRun("long", **RUN).wait()
        if exported:
            pulumi.export("ended", ended)
        raise ZeroDivisionError("on the last line")

    with pytest.raises(pulumi.RunError) as caught:
        run_of_a_stack(program)
    assert str(caught.value).startswith("Program failed with an unhandled exception:\nTraceback")
    assert str(caught.value).endswith("ZeroDivisionError: on the last line")
    (said,) = waits.said
    assert "Runs that have started continue" in said


def test_a_failed_run_beside_a_failing_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch)

    def program() -> None:
        pulumi.export("ended", wait_all([OmicsRun(name, **RUN) for name in ("long", "failed")]))
        raise pulumi.RunError("on the last line")

    with pytest.raises(pulumi.RunError, match="on the last line"):
        run_of_a_stack(program)
    assert waits.said[1:] == ["these failed: failed"]


def test_waits_end_where_an_asynchronous_program_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch)

    async def program() -> None:
        pulumi.export("ended", OmicsRun("long", **RUN).wait())
        while not _interrupt._waiting:
            await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(pulumi.RunError, match="ZeroDivisionError"):
        run_of_a_stack(program)
    assert "Runs that have started continue" in waits.said[0]


def test_a_program_that_ends_itself_with_an_error_waits_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Waits(monkeypatch)

    def program() -> None:
        pulumi.export("ended", OmicsRun("long", **RUN).wait())
        raise SystemExit("no samples")

    with pytest.raises(pulumi.RunError, match="The program ended itself: no samples"):
        run_of_a_stack(program)
