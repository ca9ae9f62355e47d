"""Drift against the emulator: what is found of a stack's runs, and with how many calls."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from omics_provider import __main__ as command
from omics_provider.base import errors
from omics_provider.base.identity import Mark
from omics_provider.base.settings import Settings
from omics_provider.commands.drift import command as drift_command
from omics_provider.commands.drift import look as drifting
from omics_provider.commands.drift.data import DriftReport, drift_report
from omics_provider.commands.drift.rules.judge import Kind, Look
from omics_provider.commands.drift.rules.record import read_record
from omics_provider.emulator import control
from omics_provider.emulator.doors import local
from omics_provider.engine import cli
from omics_provider.runs.calls import Runs
from tests.provider.harness import REGION, ROLE
from tests.served import OTHER_ACCOUNT, serving
from tests.tokens import BATCH, CACHE, GROUP, RUN

OWN = "organization/trial/dev"


def urn(name: str, kind: str = RUN) -> str:
    return f"urn:pulumi:dev::trial::{kind}::{name}"


@dataclass
class World:
    """An emulator of its own, and a state that names some of its runs."""

    file: str
    aws: Any
    resources: list[dict[str, Any]] = field(default_factory=list)
    first: int = 0

    @property
    def settings(self) -> Settings:
        return Settings(region=REGION, endpoint="local", local_state=self.file)

    def start(self, name: str, *, seconds: float = 0, **more: Any) -> str:
        """Start a run; one of no seconds has ended when it is looked at."""
        tags = {"emulator:seconds": str(seconds), **more.pop("tags", {})}
        arguments = {
            "name": name,
            "workflowId": "9500764",
            "workflowType": "READY2RUN",
            "roleArn": ROLE,
            "outputUri": "s3://results/runs",
            "requestId": f"{name}-{len(control.calls(self.file))}",
            **more,
        }
        return str(self.aws.start_run(**arguments, tags=tags)["id"])

    def marked(self, name: str, token: str = "t", **more: Any) -> str:
        """Start a run that carries the stack's mark."""
        tags = {**Mark.of(OWN, urn(name), token).tags(OWN), **more.pop("tags", {})}
        return self.start(name, tags=tags, **more)

    def record(self, name: str, run_id: str, **outputs: Any) -> None:
        """Write a run into the state as it is now, but for `outputs`; None takes one away."""
        live = Runs(self.settings).get(run_id)
        tags = {k: v for k, v in live.pop("tags", {}).items() if not k.startswith("omics-")}
        whole = {**live, "__stack": OWN, "tags": tags, **outputs}
        self.add(RUN, name, run_id, whole, live["creationTime"])

    def add(self, kind: str, name: str, id_: str, outputs: Mapping[str, Any], since: str) -> None:
        kept = {key: value for key, value in outputs.items() if value is not None}
        self.resources.append({
            "urn": urn(name, kind), "type": kind, "id": id_, "created": since,
            "inputs": {"__stack": OWN}, "outputs": kept,
        })  # fmt: skip

    def export(self) -> dict[str, Any]:
        return json.loads(json.dumps({"deployment": {"resources": self.resources}}, default=str))

    def look(self, **asked: Any) -> tuple[DriftReport, dict[str, int]]:
        """Give the report and the calls that it took."""
        self.settle()
        state = read_record(self.export())
        report = drift_report(state, drifting.look(self.settings, state, **asked), "dev")
        return report, self.calls()

    def settle(self) -> None:
        """Have the runs move on, and count calls from here."""
        self.aws.list_runs(maxResults=1)
        self.first = len(control.calls(self.file))

    def calls(self) -> dict[str, int]:
        made = control.calls(self.file)[self.first :]
        return dict(Counter(str(call["operation"]) for call in made))


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = str(tmp_path / "state.db")
    control.change_settings(file, {"speed": 0, "quotas": False, "parameterCheck": "off"})
    client = boto3.client("omics", region_name=REGION, endpoint_url="http://127.0.0.1")
    local.attach(client, file, 100)
    return World(file, client)


def kinds(report: DriftReport) -> dict[str, str]:
    return {each.name: str(each.kind) for each in report.findings}


# How many calls ------------------------------------------------------------------------------


def test_three_hundred_runs_take_their_pages_and_a_call_for_each_that_a_list_leaves_open(
    world: World,
) -> None:
    template: dict[str, Any] = {}
    for number in range(297):
        run_id = world.start(f"r{number}")
        if not template:
            template = Runs(world.settings).get(run_id)
        arn = template["arn"].replace(template["id"], run_id)
        known = {"arn": arn, "uuid": f"u{number}", "status": "COMPLETED", "tags": {},
                 "creationTime": template["creationTime"]}  # fmt: skip
        world.add(RUN, f"r{number}", run_id, known, template["creationTime"])
    world.record("failed", world.start("failed", tags={"emulator:fails": "RUN_TASK_FAILED"}),
                 status="RUNNING", failureReason=None)  # fmt: skip
    # After a first `up` the state has no creation: the engine's note of it is enough.
    world.record("done", world.start("done"), status="PENDING", creationTime=None)
    gone = world.start("gone")
    world.record("gone", gone)
    world.marked("lost", seconds=10_000)
    world.aws.delete_run(id=gone)

    report, calls = world.look()

    assert kinds(report) == {"failed": "failed", "gone": "gone", "done": "completed",
                             "lost": "orphan"}  # fmt: skip
    # The failed one for its reason, the one that is gone, and the lost one for its mark.
    assert calls == {"ListRuns": 3, "GetRun": 3, "ListBatch": 1}
    assert report.tags_unseen == 298


def test_few_runs_are_read_tags_and_all_and_many_on_request(world: World) -> None:
    for number in range(drifting.ONE_BY_ONE + 1):
        run_id = world.start(f"r{number}")
        world.record(f"r{number}", run_id, tags={"emulator:seconds": "0", "project": "trio"})
    report, calls = world.look()
    assert (kinds(report), report.tags_unseen) == ({}, 21)
    assert calls == {"ListRuns": 1, "ListBatch": 1}
    report, calls = world.look(all_tags=True)
    assert set(kinds(report).values()) == {"tags"}
    assert (calls["GetRun"], report.tags_unseen) == (21, 0)
    world.resources.pop()
    report, calls = world.look(candidates=0)
    assert (len(report.findings), calls) == (20, {"GetRun": 20})


def test_what_is_known_to_be_gone_costs_no_call(world: World) -> None:
    run_id = world.start("gone")
    world.record("gone", run_id, recordGone=True)
    world.aws.delete_run(id=run_id)
    report, calls = world.look(candidates=0)
    assert (report.findings, calls) == ((), {})


# Runs that the state does not have ------------------------------------------------------------


def test_orphans_are_looked_for_where_they_cost_money_first(world: World) -> None:
    for number in range(30):
        world.start(f"theirs-{number}")
    lost = world.marked("lost", seconds=10_000)
    world.marked("over")
    other = Mark.of("organization/trial/prod", urn("lost"), "t").tags("organization/trial/prod")
    world.start("of-another-stack", seconds=10_000, tags=other)
    world.record("own", world.marked("own"))

    report, calls = world.look()
    assert {(each.name, each.kind, each.id == lost) for each in report.findings} == {
        ("lost", Kind.ORPHAN, True),
        ("over", Kind.LEFT, False),
    }
    assert calls == {"ListRuns": 1, "GetRun": 34, "ListBatch": 1}
    assert (report.unasked_active, report.unasked_ended) == (0, 0)

    control.advance(world.file, 1000)
    world.start("the newest")
    report, calls = world.look(candidates=2)
    assert calls["GetRun"] == 3
    assert (report.unasked_active, report.unasked_ended) == (0, 32)


def test_an_orphan_may_have_the_id_of_a_recorded_run(world: World) -> None:
    first = world.marked("HG002")
    world.record("HG002", first)
    world.aws.delete_run(id=first)
    assert world.marked("HG002", token="other", seconds=10_000) == first
    report, calls = world.look()
    assert sorted(str(each.kind) for each in report.findings) == ["orphan", "reused"]
    assert calls["GetRun"] == 1


def started_batch(world: World, name: str, tags: Mapping[str, str]) -> dict[str, Any]:
    rows = [{"runSettingId": f"{name}-{n}"} for n in range(3)]
    workflow = world.aws.create_workflow(name="w", engine="NEXTFLOW", definitionUri="s3://w/w.zip")
    return dict(
        world.aws.start_run_batch(
            batchName=name,
            requestId=name,
            defaultRunSetting={
                "workflowId": workflow["id"], "roleArn": ROLE, "outputUri": "s3://results/runs",
            },
            batchRunSettings={"inlineSettings": rows},
            tags=dict(tags),
        )
    )  # fmt: skip


def test_batches_are_looked_at_and_their_runs_are_no_candidates(world: World) -> None:
    mark = Mark.of(OWN, urn("lost", BATCH), "t").tags(OWN)
    made = started_batch(world, "own", mark)
    lost = started_batch(world, "lost", mark)
    control.advance(world.file, 100_000)
    kept = {"id": made["id"], "uuid": made["uuid"], "status": "INPROGRESS", "count": 3}
    world.add(BATCH, "own", made["id"], {**made, "batches": [kept]}, "2026-11-01T10:00:00Z")
    report, calls = world.look()
    found = {(each.name, each.kind, each.what) for each in report.findings}
    assert found == {("own", Kind.ENDED, "batch"), ("lost", Kind.LEFT, "batch")}
    assert {each.id for each in report.findings} == {made["id"], lost["id"]}
    assert calls == {"ListRuns": 1, "ListBatch": 1, "GetBatch": 2}


# What runs share ------------------------------------------------------------------------------


def test_groups_and_caches_that_were_changed_or_deleted_by_hand_are_found(world: World) -> None:
    for name in ("same", "changed", "gone"):
        made = world.aws.create_run_group(name=name, maxCpus=10, requestId=name)
        live = {key: made[key] for key in ("id", "arn")}
        world.add(GROUP, name, made["id"], {**live, "name": name, "maxCpus": 10.0}, "")
    world.aws.update_run_group(id=world.resources[1]["id"], maxCpus=20)
    world.aws.delete_run_group(id=world.resources[2]["id"])
    made = world.aws.create_run_cache(cacheS3Location="s3://cache/a", requestId="c")
    known = {"arn": made["arn"], "cacheS3Location": "s3://cache/a"}
    world.add(CACHE, "cache", made["id"], known, "")
    report, calls = world.look(candidates=0)
    assert kinds(report) == {"changed": "changed", "gone": "gone"}
    assert report.findings[1].detail == "max_cpus"
    assert calls == {"GetRunGroup": 3, "GetRunCache": 1}


# What can't be looked at ------------------------------------------------------------------------


def test_a_refused_look_is_unknown_said_once_and_soon_given_up(world: World) -> None:
    for number in range(15):
        world.record(f"r{number}", world.start(f"r{number}"))
    control.plan_faults(world.file, [{"operation": "GetRun", "fault": "denied", "rate": 1}])
    report, calls = world.look()
    assert set(kinds(report).values()) == {"unread"}
    assert len(report.unread) == 15
    assert report.left == ()
    assert calls["GetRun"] < 10
    assert sum("GetRun" in gap for gap in report.gaps) == 1


def test_one_refusal_among_many_is_that_run_s_alone(world: World) -> None:
    """Under IAM conditions on tags, a run that is not there answers AccessDenied."""
    for number in range(15):
        world.record(f"r{number}", world.start(f"r{number}"))
    control.plan_faults(world.file, [{"operation": "GetRun", "fault": "denied", "count": 1}])
    report, _ = world.look()
    assert len(report.unread) == 1


def test_without_the_right_to_list_runs_are_read_one_by_one(world: World) -> None:
    for number in range(25):
        world.record(f"r{number}", world.start(f"r{number}"), status="PENDING")
    control.plan_faults(world.file, [{"operation": "ListRuns", "fault": "denied", "rate": 1}])
    world.first = len(control.calls(world.file))
    state = read_record(world.export())
    report = drift_report(state, drifting.look(world.settings, state), "dev")
    assert list(kinds(report).values()) == ["completed"] * 25
    assert world.calls() == {"ListRuns": 1, "GetRun": 25, "ListBatch": 1}
    assert any("ListRuns" in gap for gap in report.gaps)


def test_a_run_of_another_region_is_not_looked_for_here(world: World) -> None:
    run_id = world.start("far")
    arn = f"arn:aws:omics:eu-west-1:123456789012:run/{run_id}"
    world.record("far", run_id, arn=arn)
    report, calls = world.look(candidates=0)
    assert [(each.kind, each.detail) for each in report.findings] == [
        (Kind.ELSEWHERE, "Region eu-west-1")
    ]
    assert calls == {}


def test_a_run_of_a_provider_with_another_emulator_is_not_taken_for_gone(world: World) -> None:
    kind = "pulumi:providers:pulumi-python"
    place = {"omics-provider:name": "west", "omics:localState": "other.db"}
    provider = {"urn": urn("west", kind), "type": kind, "id": "p", "inputs": place}
    world.record("far", world.start("far"))
    world.aws.delete_run(id=world.resources[0]["id"])
    world.resources[0]["provider"] = f"{provider['urn']}::p"
    world.resources.append(provider)
    report, calls = world.look(candidates=0)
    assert [(each.kind, each.detail) for each in report.findings] == [
        (Kind.ELSEWHERE, "the endpoint of Provider west")
    ]
    assert calls == {}


def test_a_run_of_another_account_is_not_looked_for_with_these_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "served.db") as served:
        for name, value in served.keys_of(OTHER_ACCOUNT).items():
            monkeypatch.setenv(name, value)
        uuid = "00000000-0000-0000-0000-000000000000"
        arn = f"arn:aws:omics:{REGION}:123456789012:run/1234567"
        outputs = {"arn": arn, "uuid": uuid, "status": "RUNNING"}
        resource = {"urn": urn("far"), "type": RUN, "id": "1234567", "outputs": outputs}
        state = read_record({"deployment": {"resources": [resource]}})
        settings = Settings(region=REGION, endpoint=served.url)
        seen = drifting.look(settings, state, candidates=0)
        assert seen.runs[urn("far")].look is Look.ELSEWHERE
        assert seen.runs[urn("far")].why == "account 123456789012"
        assert "GetRun" not in {call["operation"] for call in control.calls(served.state)}


# The command ----------------------------------------------------------------------------------


@pytest.fixture
def run(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Call the command on the world's state; a refresh brings that up to date."""
    config = {"omics:endpoint": "local", "omics:region": REGION, "omics:localState": world.file}

    def refresh(_: str | None, urns: Any) -> None:
        targets = list(urns)
        chosen = [each for each in world.resources if each["urn"] in targets]
        for each in chosen:
            world.resources.remove(each)
            world.record(each["urn"].rpartition("::")[2], each["id"])

    monkeypatch.setattr(cli, "config", lambda _: config)
    monkeypatch.setattr(cli, "state", lambda _: world.export())
    # This machine's own stacks are none of the test's.
    monkeypatch.setattr(cli, "stacks", list)
    monkeypatch.setattr(cli, "refresh", refresh)

    def called(*arguments: str) -> tuple[int, dict[str, Any]]:
        world.settle()
        code = command.main(["drift", "--format", "json", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return called


def test_the_exit_codes_tell_no_drift_drift_and_what_could_not_be_read(
    world: World, run: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    world.record("HG002", world.start("HG002"))
    assert run()[0] == 0
    world.resources.clear()
    world.record("HG002", world.start("HG002"), status="PENDING")
    assert run()[0] == 4
    code, said = run("--fix")
    assert (code, said["drift"], said["headline"]) == (0, False, "1 fixed. No drift")
    assert run()[0] == 0
    control.plan_faults(world.file, [{"operation": "GetRun", "fault": "denied", "rate": 1}])
    assert run()[0] == 1
    with pytest.raises(SystemExit) as usage:
        command.main(["drift", "--orphans", "-1"])
    assert usage.value.code == 2


def test_a_fix_puts_declared_tags_back_and_leaves_others(
    world: World, run: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    run_id = world.start("HG002", tags={"project": "x", "bill": "42"})
    declared = {"emulator:seconds": "0", "project": "trio", "owner": "me"}
    world.record("HG002", run_id, tags=declared)
    code, said = run("--fix")
    assert code == 0
    assert [each["fixed"] for each in said["findings"]] == [True]
    assert world.calls()["TagResource"] == 1
    assert "UntagResource" not in world.calls()
    assert world.aws.get_run(id=run_id)["tags"] == {**declared, "bill": "42"}


def test_a_tag_that_may_not_be_put_back_stays_drift(
    world: World, run: Callable[..., tuple[int, dict[str, Any]]]
) -> None:
    run_id = world.start("HG002")
    world.record("HG002", run_id, tags={"emulator:seconds": "0", "project": "trio"})
    control.plan_faults(world.file, [{"operation": "TagResource", "fault": "denied", "rate": 1}])
    code, said = run("--fix")
    assert code == 4
    assert [each["fixed"] for each in said["findings"]] == [False]
    assert "TagResource for run" in said["notFixed"][0]
    assert world.aws.get_run(id=run_id)["tags"] == {"emulator:seconds": "0"}


def test_a_run_that_took_the_id_meanwhile_gets_no_tag(
    world: World, run: Callable[..., tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = world.start("HG002")
    world.record("HG002", run_id, tags={"emulator:seconds": "0", "project": "trio"})
    whole = drifting.look

    def look(*given: Any, **asked: Any) -> drifting.Seen:
        seen = whole(*given, **asked)
        world.aws.delete_run(id=run_id)
        assert world.start("theirs") == run_id
        return seen

    monkeypatch.setattr(drift_command, "look", look)
    code, said = run("--fix")
    assert code == 4
    assert [each["fixed"] for each in said["findings"]] == [False]
    assert "TagResource" not in world.calls()


def test_a_refresh_that_fails_is_told_and_nothing_counts_as_fixed(
    world: World, run: Callable[..., tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record("HG002", world.start("HG002"), status="PENDING")

    def refuse(*_: Any) -> None:
        raise errors.OmicsError("Refreshing the stack", "the stack is currently locked")

    monkeypatch.setattr(cli, "refresh", refuse)
    code, said = run("--fix")
    assert code == 4
    assert said["notFixed"] == ["Refreshing the stack failed: the stack is currently locked."]
    assert [each["fixed"] for each in said["findings"]] == [False]


def test_what_an_update_at_work_records_meanwhile_is_no_orphan(
    world: World, run: Callable[..., tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record("HG002", world.marked("HG002"))
    before = world.export()
    world.record("HG003", world.marked("HG003", seconds=10_000))
    exports = [before, world.export()]
    monkeypatch.setattr(cli, "state", lambda _: exports.pop(0))
    code, said = run()
    assert (code, said["findings"], exports) == (0, [], [])


def test_a_replaced_run_that_is_still_active_is_looked_at(world: World) -> None:
    old, new = (world.marked("S", token, seconds=10_000) for token in ("one", "two"))
    world.record("S", new)
    world.record("S", old)
    world.resources[-1]["delete"] = True

    report, calls = world.look()

    (found,) = report.findings
    assert (found.kind, found.id, found.name) == (Kind.REPLACED, old, "S")
    assert report.as_recorded == 1
    assert calls["GetRun"] == 2
    world.aws.cancel_run(id=old)
    control.advance(world.file, 1_000)
    assert world.look()[0].findings == ()
