"""Drift: every (recorded, found) with its findings, and reports as golden files.

UPDATE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from omics_provider.base.errors import OmicsError
from omics_provider.base.identity import STACK_MARK, START_MARK, Mark, retry_token, start_token
from omics_provider.base.settings import Settings
from omics_provider.base.status import RunStatus
from omics_provider.commands.drift.command import write_drift
from omics_provider.commands.drift.data import DriftReport, drift_report
from omics_provider.commands.drift.data import Seen as Looked
from omics_provider.commands.drift.others import with_others
from omics_provider.commands.drift.rules.judge import (
    Finding,
    Found,
    Kind,
    Look,
    from_list,
    in_doubt,
    judge_batch,
    judge_lasting,
    judge_run,
    unrecorded,
)
from omics_provider.commands.drift.rules.leaving import judge_leaving
from omics_provider.commands.drift.rules.record import Recorded, StackRecord, read_record
from omics_provider.commands.preview.command import write_preview
from omics_provider.commands.preview.data import Facts, preview_report
from omics_provider.commands.preview.prices import price_list
from omics_provider.commands.preview.rules.plan import read_plan
from omics_provider.engine import cli
from omics_provider.engine.state import SIGNATURE
from tests.preview_digests import digest, inputs, step
from tests.tokens import BATCH, CACHE, GROUP, RUN, WORKFLOW

GOLDEN = Path(__file__).parent / "golden" / "drift"
OWN = "organization/trial/dev"
EVIL = "a|b`c``d<img src=x onerror=alert(1)>[l](http://x)@team #1\x1b[31m\n| x |"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def urn(name: str, kind: str = RUN) -> str:
    return f"urn:pulumi:dev::trial::{kind}::{name}"


def resource(
    sample: str, status: str = "PENDING", number: int = 1, *, cohort: str = "", **outputs: Any
) -> dict[str, Any]:
    """A recorded run; `uuid=None` is one whose start is in doubt."""
    run_id = str(1_000_000 + number)
    own = {
        "__stack": OWN,
        "__attempt": f"attempt-of-{sample}",
        "arn": f"arn:aws:omics:us-east-1:123456789012:run/{run_id}",
        "uuid": f"uuid-{run_id}",
        "status": status,
        "creationTime": "2026-11-01T10:00:00Z",
        "tags": {"project": "trio"},
        **outputs,
    }
    parent = urn(cohort, "omics:index:RunCohort") if cohort else None
    return {
        "urn": urn(f"{cohort}-{sample}" if cohort else sample),
        "type": RUN,
        "id": run_id,
        "created": "2026-11-01T10:00:01.123456789Z",
        **({"parent": parent} if parent else {}),
        "inputs": {k: own[k] for k in ("__stack", "__attempt")},
        "outputs": {key: value for key, value in own.items() if value is not None},
    }


def state(*resources: Mapping[str, Any], creating: tuple[Any, ...] = ()) -> StackRecord:
    pending = [{"type": "creating", "resource": each} for each in creating]
    deployment = {"resources": list(resources), "pending_operations": pending}
    return read_record({"deployment": deployment})


def one(status: str = "PENDING", **outputs: Any) -> Recorded:
    (found,) = state(resource("HG002", status, **outputs)).runs
    return found


def live(number: int = 1, status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    """GetRun's answer."""
    run_id = str(1_000_000 + number)
    return {
        "id": run_id,
        "uuid": f"uuid-{run_id}",
        "arn": f"arn:aws:omics:us-east-1:123456789012:run/{run_id}",
        "status": status,
        "creationTime": "2026-11-01T10:00:00Z",
        "tags": {"project": "trio", STACK_MARK: OWN, START_MARK: "d.t", "aws:x": "y"},
        **more,
    }


def marked(
    number: int, status: str = "RUNNING", *, of: str = "lost", token: str = "t", **more: Any
):  # type: ignore[no-untyped-def]
    """A run with this stack's mark."""
    return live(number, status, tags=Mark.of(OWN, urn(of), token).tags(OWN), name=of, **more)


# Recorded runs -------------------------------------------------------------------------------

ENDS = {
    "COMPLETED": Kind.COMPLETED,
    "FAILED": Kind.FAILED,
    "CANCELLED": Kind.CANCELLED,
    "DELETED": Kind.GONE,
}


@pytest.mark.parametrize(("before", "now"), [*itertools.product(RunStatus, RunStatus)])
@pytest.mark.parametrize("look", [Look.READ, Look.LISTED])
def test_an_end_that_is_not_recorded_is_found_and_no_step_on_the_way(
    look: Look, before: str, now: str
) -> None:
    found = judge_run(one(before), Found(look, live(status=now, failureReason="X")))
    expected = [ENDS[now]] if now in ENDS and now != before else []
    assert [each.kind for each in found] == expected
    assert all(each.is_drift and each.is_recordable for each in found)


def test_a_missing_record_is_gone_unless_that_is_recorded() -> None:
    assert [f.kind for f in judge_run(one(), Found(Look.MISSING))] == [Kind.GONE]
    assert judge_run(one("DELETED", recordGone=True), Found(Look.MISSING)) == ()
    (found,) = judge_run(one(rerunOn=["DELETED"]), Found(Look.MISSING))
    assert found.is_rerun
    # How it ended is known, and did not ask for another.
    assert not judge_run(one("COMPLETED", rerunOn=["DELETED"]), Found(Look.MISSING))[0].is_rerun


def test_another_uuid_is_another_run_whatever_it_does() -> None:
    other = live(status="FAILED", uuid="another", tags={})
    (found,) = judge_run(one(), Found(Look.READ, other))
    assert (found.kind, found.uuid, found.detail) == (Kind.REUSED, "uuid-1000001", "another")
    assert judge_run(one("COMPLETED", recordGone=True), Found(Look.READ, other)) == ()


@pytest.mark.parametrize("look", [Look.UNREAD, Look.ELSEWHERE])
def test_what_was_not_looked_at_is_unknown_and_no_drift(look: Look) -> None:
    (found,) = judge_run(one(), Found(look, why="because"))
    assert (found.kind.value, found.detail) == (look.value, "because")
    assert not found.is_drift
    assert not found.is_recordable


def test_a_state_of_a_later_release_is_unknown() -> None:
    (found,) = judge_run(one(), Found(Look.READ, live(status="PAUSED")))
    assert found.kind is Kind.UNREAD
    assert "PAUSED" in found.detail


def test_tags_are_told_by_what_became_of_them_without_marks() -> None:
    recorded = one(tags={"project": "trio", "owner": "me", "kept": "1"})
    now = {"project": "x", "kept": "1", "bill": "42", STACK_MARK: "other", "aws:c": "d"}
    (found,) = judge_run(recorded, Found(Look.READ, live(tags=now)))
    assert found.tags is not None
    assert found.tags == ({"project": ("trio", "x")}, {"bill": "42"}, {"owner": "me"})
    assert found.tags.to_put_back == {"project": "trio", "owner": "me"}


def test_of_two_long_tags_the_part_that_differs_is_shown() -> None:
    recorded = {"source": "s3://1000genomes/1000G_2504_high_coverage/data/NA1"}
    seen = live(tags={"source": recorded["source"].replace("NA1", "NA2")})
    stack = state(resource("HG002", tags=recorded))
    (run,) = stack.runs
    report = drift_report(stack, Looked({run.urn: Found(Look.READ, seen)}), "dev")
    told = write_drift(report, "text")
    assert "data/NA1 → " in told
    assert "data/NA2" in told


@pytest.mark.parametrize("tags", [None, SECRET])
def test_tags_that_are_not_declared_or_secret_are_not_compared(tags: Any) -> None:
    assert judge_run(one(tags=tags), Found(Look.READ, live(tags={"a": "b"}))) == ()


def test_a_tag_with_a_secret_value_is_neither_compared_nor_put_back() -> None:
    recorded = one(tags={"password": SECRET, "project": "trio"})
    seen = live(tags={"password": "changed", "project": "x"})
    (found,) = judge_run(recorded, Found(Look.READ, seen))
    assert found.tags == ({"project": ("trio", "x")}, {}, {})


def test_a_run_of_get_is_somebody_else_s_to_tag() -> None:
    (run,) = state({**resource("theirs"), "external": True}).runs
    found = judge_run(run, Found(Look.READ, live(status="COMPLETED", tags={"a": "b"})))
    assert [each.kind for each in found] == [Kind.COMPLETED]


def test_a_failure_s_code_is_told_once() -> None:
    ended = live(status="FAILED", failureReason="E", statusMessage="Run failed: E")
    assert [each.detail for each in judge_run(one(), Found(Look.READ, ended))] == ["E"]


def test_a_rule_that_asks_for_another_run_is_known() -> None:
    ended = Found(Look.READ, live(status="FAILED", failureReason="SERVICE_ERROR"))
    assert not judge_run(one(), ended)[0].is_rerun
    assert judge_run(one(rerunOn=["FAILED"]), ended)[0].is_rerun
    assert not judge_run(one(rerunOn=["FAILED"], attempts=3), ended)[0].is_rerun
    assert judge_run(one(retry={"attempts": 2}), ended)[0].is_rerun


HERE = Settings(region="us-east-1", endpoint="local", local_state="a.db")


@pytest.mark.parametrize(
    ("place", "settings", "is_here"),
    [
        ({}, HERE, True),
        ({"omics:region": "eu-west-1"}, HERE, True),  # its ARN tells
        ({"omics:endpoint": "local", "omics:localState": "a.db"}, HERE, True),
        ({"omics:endpoint": "local", "omics:localState": "b.db"}, HERE, False),
        ({"omics:endpoint": "http://127.0.0.1:1"}, HERE, False),
        ({"omics:endpoint": "local"}, Settings(), False),
        ({"omics:localState": "b.db"}, Settings(), True),
        ({"omics:endpoint": SECRET}, HERE, True),
    ],
)
def test_a_run_of_a_provider_at_another_endpoint_is_elsewhere(
    place: Any, settings: Settings, is_here: bool
) -> None:
    kind = "pulumi:providers:pulumi-python"
    provider = {"urn": urn("west", kind), "type": kind, "id": "p",
                "inputs": {"omics-provider:name": "west", **place}}  # fmt: skip
    run = {**resource("HG002"), "provider": f"{provider['urn']}::p"}
    (recorded,) = state(provider, run).runs
    assert (recorded.provider, recorded.is_at(settings)) == ("west", is_here)
    # The stack's own follows the configuration, which may have changed since.
    provider |= {"urn": urn("default", kind), "inputs": place}
    (recorded,) = state(provider, {**run, "provider": f"{provider['urn']}::p"}).runs
    assert recorded.is_at(settings)


# What a list says ----------------------------------------------------------------------------

NOT_RECORDED = {"creationTime": None}


@pytest.mark.parametrize(
    ("recorded", "item", "is_enough"),
    [
        (one(), live(), True),
        (one(), live(status="COMPLETED"), True),
        (one("COMPLETED"), live(status="COMPLETED"), True),
        (one("FAILED"), live(status="FAILED"), True),
        # Only GetRun has the reason.
        (one(), live(status="FAILED"), False),
        (one(), live(status="CANCELLED"), False),
        # An end is for ever: this is another run, or something is wrong.
        (one("COMPLETED"), live(status="RUNNING"), False),
        (one(), live(creationTime="2026-11-02T10:00:00Z"), False),
        (one(**NOT_RECORDED), live(), True),
        (one(**NOT_RECORDED), live(creationTime="2026-11-01T10:00:11Z"), True),
        (one(**NOT_RECORDED), live(creationTime="2026-11-01T10:00:12Z"), False),
        (one(**NOT_RECORDED), live(creationTime=None), False),
        (one(), live(status="PAUSED"), False),
        (one(), None, False),
    ],
)
def test_an_entry_of_a_list_is_enough_where_it_is_surely_the_run_and_tells_all(
    recorded: Recorded, item: Any, is_enough: bool
) -> None:
    found = from_list(recorded, item)
    assert (found is not None) is is_enough
    assert found is None or found.look is Look.LISTED


# Runs that no resource stands for ---------------------------------------------------------------


def kind_of(stack: StackRecord, run: Mapping[str, Any]) -> Kind | None:
    found = unrecorded(stack, run)
    return found and found.kind


def test_a_run_with_the_stack_s_name_is_an_orphan_whatever_its_resource_was() -> None:
    stack = state(resource("HG002"))
    assert kind_of(stack, marked(2)) is Kind.ORPHAN
    assert kind_of(stack, marked(2, "PENDING", of="HG002")) is Kind.ORPHAN
    assert kind_of(stack, marked(2, "COMPLETED")) is Kind.LEFT
    assert kind_of(stack, marked(1)) is None  # recorded
    assert kind_of(stack, live(2, tags={})) is None
    assert kind_of(stack, live(2, tags={STACK_MARK: "organization/trial/prod"})) is None
    assert kind_of(stack, live(2, tags={STACK_MARK: "acme/trial/dev"})) is None


def test_a_run_without_room_for_the_stack_s_name_is_known_by_its_resource() -> None:
    stack = state(resource("HG002"))
    tags = {START_MARK: Mark.of(OWN, urn("HG002"), "t").tags(OWN)[START_MARK]}
    found = unrecorded(stack, live(2, tags=tags))
    assert found is not None
    assert (found.kind, found.name) == (Kind.ORPHAN, "HG002")
    tags = {START_MARK: Mark.of(OWN, urn("lost"), "t").tags(OWN)[START_MARK]}
    assert kind_of(stack, live(2, tags=tags)) is None


def test_a_run_on_its_way_out_is_known() -> None:
    stack = state(resource("HG002"), {**resource("HG002", number=2), "delete": True})
    assert [run.id for run in stack.runs] == ["1000001"]
    assert kind_of(stack, marked(2, of="HG002")) is None


def test_a_run_that_was_left_on_purpose_is_no_orphan_though_it_is_at_work() -> None:
    stack = state(resource("HG002", __settled=["kept"], onDelete="keep"))
    assert kind_of(stack, marked(2, of="HG002", token="kept")) is Kind.LEFT


def test_a_second_batch_of_one_request_id_is_an_orphan() -> None:
    kept = {"id": "7", "uuid": "u", "status": "PROCESSED", "count": 3, "requestId": "own"}
    recorded = resource("sheet", batches=[kept], __settled=["own", "left"], uuid="u")
    stack = state({**recorded, "type": BATCH, "urn": urn("sheet", BATCH)})
    for token, kind in (("own", Kind.ORPHAN), ("left", Kind.LEFT)):
        found = unrecorded(stack, marked(2, "INPROGRESS", token=token), "batch")
        assert found is not None
        assert (found.kind, found.what) == (kind, "batch")


def test_attempts_that_waits_started_are_no_orphans() -> None:
    earlier = [{"id": "1000009", "uuid": "uuid-earlier"}]
    stack = state(resource("HG002", "FAILED", earlierAttempts=earlier))
    for uuid in ("uuid-1000001", "uuid-earlier"):
        run = marked(2, of="HG002", token=retry_token(uuid, 2))
        found = unrecorded(stack, run)
        assert found is not None
        assert (found.kind, found.number, found.name) == (Kind.ATTEMPT, 2, "HG002")
    assert kind_of(stack, marked(2, of="HG002", token=retry_token("gone", 2))) is Kind.ORPHAN
    assert kind_of(stack, marked(3, uuid="uuid-earlier")) is None


def test_a_start_that_was_cut_off_is_told_with_its_run_or_without() -> None:
    cut = resource("cut")
    stack = state(resource("HG002"), creating=(cut,))
    token = start_token(OWN, urn("cut"), "attempt-of-cut")
    assert kind_of(stack, marked(2, of="cut", token=token)) is Kind.UNCONFIRMED
    assert [f.name for f in in_doubt(stack, frozenset())] == ["cut"]
    assert in_doubt(stack, frozenset({urn("cut")})) == ()
    # The engine keeps its note after the next update has recorded the run.
    done = {**cut, "outputs": {**cut["outputs"], "requestId": token}}
    assert in_doubt(state(done, creating=(cut,)), frozenset()) == ()


def test_a_start_without_a_clear_answer_is_in_doubt() -> None:
    doubtful = resource("HG002", uuid=None, arn=None, requestId="t")
    stack = state(doubtful)
    assert stack.runs == ()
    assert [f.kind for f in in_doubt(stack, frozenset())] == [Kind.UNCONFIRMED]


def test_a_renamed_stack_knows_the_runs_of_both_names() -> None:
    older = resource("HG002", __stack="acme/trial/old")
    stack = state(older)
    assert stack.names == {"acme/trial/old", "acme/trial/dev"}


def test_a_run_that_another_stack_knows_is_no_orphan() -> None:
    """After `pulumi stack rename` runs have the old name, which another stack may have by then."""
    doubtful = resource("NA3", uuid=None, arn=None, requestId="doubt")
    kept = resource("NA4", number=4, __settled=["left"])
    other = state(resource("NA2", number=2), resource("NA5", "FAILED", 5), doubtful, kept)
    stack = replace(state(resource("HG002")), others=(replace(other, suffix="/trial/prod"),))
    doubt = start_token(OWN, urn("NA3"), "attempt-of-NA3")
    tokens = {3: doubt, 6: "left", 7: retry_token("uuid-1000005", 2)}
    for number in (2, 3, 6, 7):
        run = marked(number, of="HG002", token=tokens.get(number, "t"))
        found = unrecorded(stack, run)
        assert found is not None
        assert (found.kind, found.detail) == (Kind.OTHER_STACK, "trial/prod")
        assert not found.is_drift
        assert found.urn is None
    assert kind_of(stack, marked(8, of="HG002")) is Kind.ORPHAN
    report = drift_report(stack, Looked({}, strangers=(marked(2, of="HG002"),)), "dev")
    told = write_drift(report, "text")
    assert "belongs to stack trial/prod" in told
    assert "cancel-run" not in told


def test_where_a_stack_can_not_be_read_no_run_is_to_be_ended() -> None:
    stack = replace(state(resource("HG002")), unread=("`pulumi stack ls`: no",))
    strangers = (marked(2, of="HG002"), marked(3, "COMPLETED", of="HG002"))
    told = write_drift(drift_report(stack, Looked({}, strangers=strangers), "dev"), "text")
    assert "`pulumi stack ls`: no" in told
    assert not re.search("cancel-run|adopt_run_id", told)


def exported(stack: str) -> dict[str, Any]:
    """The state of another stack, with one run."""
    recorded = resource("NA2", number=2)
    text = json.dumps({"deployment": {"resources": [recorded]}})
    return dict(json.loads(text.replace(":dev::", f":{stack}::")))


def test_the_states_of_the_backend_s_other_stacks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def state_of(stack: str | None) -> dict[str, Any]:
        if stack == "locked":
            raise OmicsError("Reading the stack", "`pulumi stack export --stack locked`: no")
        return exported(str(stack))

    monkeypatch.setattr(cli, "state", state_of)
    monkeypatch.setattr(cli, "stacks", lambda: ["prod", "dev", "locked"])
    found = with_others(state(resource("HG002")))
    assert [each.suffix for each in found.others] == ["/trial/prod"]
    assert found.unread == ("`pulumi stack export --stack locked`: no",)
    monkeypatch.setattr(cli, "stacks", lambda: [f"s{number}" for number in range(60)])
    found = with_others(state(resource("HG002")))
    assert (len(found.others), found.unread) == (50, ("10 of 60 stacks were not asked",))


def test_stacks_that_can_not_be_listed_leave_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> list[str]:
        raise OmicsError("Reading the stack", "`pulumi stack ls --all --json`: no")

    monkeypatch.setattr(cli, "stacks", fails)
    found = with_others(state(resource("HG002")))
    assert (found.others, found.unread) == ((), ("`pulumi stack ls --all --json`: no",))


def test_a_state_without_runs_knows_its_own_by_project_and_stack() -> None:
    empty = read_record({"deployment": {}}, project="trial", stack="dev")
    assert empty.is_own("acme/trial/dev")
    assert not empty.is_own("acme/other/dev")
    assert not empty.is_own("acme/xtrial/dev")
    assert not empty.is_own("")
    assert not read_record({}).is_own("acme/trial/dev")


def test_a_state_of_the_first_release_is_read() -> None:
    fixture = Path(__file__).parents[2] / "engine" / "fixtures"
    export = json.loads((fixture / "state-v1.json").read_text("utf-8"))
    runs = json.loads((fixture / "runs-v1.json").read_text("utf-8"))
    stack = read_record(export)
    found = {}
    for each in runs:
        tags = each["request"].get("tags", {})
        told = unrecorded(stack, live(uuid=each["uuid"], id=each["id"], tags=tags))
        found[each["request"]["name"]] = told and told.kind
    assert found["interrupted"] is Kind.UNCONFIRMED
    assert found["doubtful"] is Kind.UNCONFIRMED
    assert found["by hand"] is None
    assert found["active"] is None
    # The same requestId twice: the service has forgotten the first, and started another run.
    assert kind_of(stack, live(tags=runs[3]["request"]["tags"])) is Kind.ORPHAN


# Batches, groups, caches, workflows ---------------------------------------------------------------


def of_kind(kind: str, **outputs: Any) -> Recorded:
    found = {**resource("shared", **outputs), "type": kind, "urn": urn("shared", kind)}
    (each,) = (*state(found).batches, *state(found).lasting)
    return each


KEPT = {"id": "7", "uuid": "u", "status": "INPROGRESS", "count": 3}


@pytest.mark.parametrize(
    ("found", "kind", "detail"),
    [
        (Found(Look.MISSING), Kind.GONE, ""),
        (Found(Look.UNREAD, why="w"), Kind.UNREAD, "w"),
        (Found(Look.ELSEWHERE, why="w"), Kind.ELSEWHERE, "w"),
        (Found(Look.READ, {"uuid": "other", "status": "PENDING"}), Kind.REUSED, "other"),
        (Found(Look.READ, {"uuid": "u", "status": "SUBMITTING"}), None, ""),
        (
            Found(Look.READ, {
                "uuid": "u", "status": "PROCESSED",
                "runSummary": {"completedRunCount": 2},
                "submissionSummary": {"failedStartSubmissionCount": 1},
            }),
            Kind.ENDED, "2 completed, 1 not started",
        ),
        (
            Found(Look.READ, {"uuid": "u", "status": "FAILED", "failureReason": "no role"}),
            Kind.FAILED, "no role",
        ),
    ],
)  # fmt: skip
def test_a_batch_is_judged_by_its_live_state(found: Found, kind: Any, detail: str) -> None:
    made = judge_batch(of_kind(BATCH, batches=[KEPT]), KEPT, found)
    assert (made and made.kind, made.detail if made else "") == (kind, detail)


@pytest.mark.parametrize(
    ("more", "is_left"),
    [
        ({}, False),
        ({"delete": True}, True),
        ({"delete": True, "retainOnDelete": True}, False),
        ({"delete": True, "protect": True}, False),
    ],
)
@pytest.mark.parametrize("on_delete", ["delete", "cancel", "keep"])
def test_a_replaced_run_is_left_over_where_the_next_update_ends_it(
    on_delete: str, more: dict[str, Any], is_left: bool
) -> None:
    old = {**resource("HG002", number=2, onDelete=on_delete), **more}
    left = state(resource("HG002"), old).leaving
    assert [run.id for run in left] == (["1000002"] if is_left and on_delete != "keep" else [])


@pytest.mark.parametrize("status", RunStatus)
def test_a_replaced_run_is_drift_as_long_as_it_is_active(status: str) -> None:
    (left,) = state({**resource("HG002", number=2), "delete": True}).leaving
    found = judge_leaving(left, Found(Look.READ, live(2, status)))
    active = status in ("PENDING", "STARTING", "RUNNING", "STOPPING")
    assert (found and found.kind) == (Kind.REPLACED if active else None)
    other = {**live(2, status), "uuid": "another"}
    assert judge_leaving(left, Found(Look.READ, other)) is None
    assert judge_leaving(left, Found(Look.MISSING)) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [("INPROGRESS", Kind.REPLACED), ("CANCELLED", None), ("PROCESSED", None)],
)
def test_a_replaced_batch_is_drift_as_long_as_it_is_active(status: str, kind: Any) -> None:
    found = Found(Look.READ, {"uuid": "u", "status": status})
    made = judge_leaving(of_kind(BATCH, batches=[KEPT]), found, KEPT)
    assert (made and made.kind) == kind
    unread = judge_leaving(of_kind(BATCH, batches=[KEPT]), Found(Look.UNREAD, why="w"), KEPT)
    assert unread is not None
    assert unread.kind is Kind.UNREAD


@pytest.mark.parametrize("kind", [GROUP, CACHE, WORKFLOW])
def test_what_runs_share_is_gone_changed_or_as_it_was(kind: str) -> None:
    recorded = of_kind(kind, name="shared", uuid=None, creationTime=None)
    now = {"id": recorded.id, "arn": "a", "status": "ACTIVE", "tags": {"project": "trio"}}
    for name, expected in (("shared", None), ("other", Kind.CHANGED)):
        seen = {"live": {**now, "name": name}, "version": {"versionName": "v", "arn": "b"}}
        found = judge_lasting(recorded, Found(Look.READ, seen))
        assert (found and found.kind) == expected
        assert not (found and found.is_recordable)
    # Another one of the same id.
    later = {"live": {**now, "name": "shared", "creationTime": "2026-12-01T10:00:00Z"}}
    since = of_kind(kind, name="shared", uuid=None)
    for each, found in ((recorded, Found(Look.MISSING)), (since, Found(Look.READ, later))):
        told = judge_lasting(each, found)
        assert told is not None
        assert told.kind is Kind.GONE
    gone = judge_lasting(recorded, Found(Look.MISSING))
    assert gone is not None
    # A refresh would take it out of the state, and the next update give runs another id.
    assert not gone.is_recordable


# Reports -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    runs: Mapping[str, Found] = field(default_factory=dict)
    batches: Mapping[str, Found] = field(default_factory=dict)
    leaving: Mapping[str, Found] = field(default_factory=dict)
    lasting: Mapping[str, Found] = field(default_factory=dict)
    strangers: tuple[Any, ...] = ()
    strange_batches: tuple[Any, ...] = ()
    tags_unseen: int = 0
    unasked_active: int = 0
    unasked_ended: int = 0
    gaps: tuple[str, ...] = ()


def read(**names: Any) -> dict[str, Found]:
    return {urn(name): Found(Look.READ, each) for name, each in names.items()}


def nothing() -> tuple[StackRecord, Seen]:
    return state(resource("HG002")), Seen(read(HG002=live()))


def mixed() -> tuple[StackRecord, Seen]:
    names = ("done", "failed", "again", "stopped", "gone", "reused", "tagged", "far", "unknown")
    more: dict[str, Any] = {
        "again": {"rerunOn": ["FAILED"]},
        "tagged": {"tags": {"a": "1", "b": "2"}},
    }
    cut = resource("cut", number=30)
    shared = {**resource("shared", number=40), "type": GROUP, "urn": urn("shared", GROUP)}
    kept = {"id": "7000001", "uuid": "u7", "status": "INPROGRESS", "count": 300}
    sheet = {
        **resource("sheet", number=50, batches=[kept]),
        "type": BATCH,
        "urn": urn("sheet", BATCH),
    }
    stack = state(
        *(resource(name, number=n, **more.get(name, {})) for n, name in enumerate(names, 1)),
        resource("failing", "FAILED", number=20), shared, sheet,
        creating=(cut,),
    )  # fmt: skip
    failed = {
        "status": "FAILED",
        "failureReason": "INPUT_URI_NOT_FOUND",
        "statusMessage": "s3://b/x",
    }
    seen = read(
        done=live(1, "COMPLETED"),
        failed=live(2, **failed),
        again=live(3, "FAILED", failureReason="SERVICE_ERROR"),
        stopped=live(4, "CANCELLED"),
        reused=live(6, uuid="uuid-other", tags={}),
        tagged=live(7, tags={"a": "9", "c": "3"}),
        failing=live(20, "FAILED"),
    )
    seen[urn("gone")] = Found(Look.MISSING)
    seen[urn("far")] = Found(Look.ELSEWHERE, why="Region eu-west-1")
    seen[urn("unknown")] = Found(Look.UNREAD, why="GetRun: AccessDeniedException")
    ended = {"uuid": "u7", "status": "PROCESSED", "runSummary": {"completedRunCount": 300}}
    strange = {"id": "7000002", "uuid": "u8", "status": "INPROGRESS", "name": "lost-sheet",
               "tags": {STACK_MARK: OWN}}  # fmt: skip
    return stack, Seen(
        runs=seen,
        batches={"u7": Found(Look.READ, ended)},
        lasting={urn("shared", GROUP): Found(Look.MISSING)},
        strangers=(
            marked(60),
            marked(61, "PENDING", of="failed"),
            marked(62, "COMPLETED"),
            marked(63, of="failing", token=retry_token("uuid-1000020", 2)),
            marked(64, "STARTING", of="cut", token=start_token(OWN, urn("cut"), "attempt-of-cut")),
        ),
        strange_batches=(strange,),
        gaps=("GetRun failed: AccessDeniedException: no. Allow the caller omics:GetRun.",),
    )


def cohort() -> tuple[StackRecord, Seen]:
    """A thousand samples, most of which have completed since."""
    runs = [resource(f"NA{n}", number=n, cohort="trio") for n in range(1000)]
    found: dict[str, Found] = {}
    for n, run in enumerate(runs):
        status = "FAILED" if n % 400 == 7 else "COMPLETED" if n % 50 else "RUNNING"
        ended = (
            live(n, status, failureReason="OUT_OF_MEMORY_ERROR")
            if n % 400 == 7
            else live(n, status)
        )
        found[str(run["urn"])] = Found(Look.READ if n % 400 == 7 else Look.LISTED, ended)
    return state(*runs), Seen(found, tags_unseen=997, unasked_active=3, unasked_ended=4000)


def hostile() -> tuple[StackRecord, Seen]:
    recorded = resource("HG002", tags={EVIL: EVIL})
    recorded["urn"] = urn(EVIL)
    seen = {
        urn(EVIL): Found(Look.READ, live(status="FAILED", failureReason=EVIL, tags={EVIL: "`"}))
    }
    lost = {**marked(2, of=EVIL), "id": EVIL, "uuid": EVIL}
    return state(recorded), Seen(seen, strangers=(lost,), gaps=(EVIL,))


def replaced() -> tuple[StackRecord, Seen]:
    """What an update has left that was killed while it waited."""
    kept = {"id": "7000001", "uuid": "u7", "status": "INPROGRESS", "count": 300}
    sheet = {**resource("sheet", number=50, batches=[kept]), "type": BATCH, "delete": True}
    olds = [{**resource("HG002", number=n), "delete": True} for n in (2, 3)]
    return state(resource("HG002"), *olds, {**sheet, "urn": urn("sheet", BATCH)}), Seen(
        runs=read(HG002=live()),
        batches={"u7": Found(Look.READ, {"uuid": "u7", "status": "SUBMITTING"})},
        leaving={
            "uuid-1000002": Found(Look.READ, live(2)),
            "uuid-1000003": Found(Look.READ, live(3, "CANCELLED")),
        },
    )


SHAPES = {shape.__name__: shape for shape in (nothing, mixed, cohort, hostile, replaced)}


def made(shape: str) -> DriftReport:
    stack, seen = SHAPES[shape]()
    return drift_report(stack, seen, "dev")


#: All but the JSON of a thousand findings, each for itself.
GOLDEN_FILES = [
    (shape, *style)
    for shape in SHAPES
    for style in (("markdown", "md"), ("text", "txt"), ("json", "json"))
    if (shape, style[0]) != ("cohort", "json")
]


@pytest.mark.parametrize(("shape", "style", "suffix"), GOLDEN_FILES)
def test_each_shape_is_as_it_was_looked_at(shape: str, style: str, suffix: str) -> None:
    found = write_drift(made(shape), style)
    path = GOLDEN / f"{shape}.{suffix}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


@pytest.mark.parametrize("shape", SHAPES)
def test_another_order_gives_the_same_bytes(shape: str) -> None:
    stack, seen = SHAPES[shape]()
    turned = Seen(**{**vars(seen), "strangers": seen.strangers[::-1]})
    other = StackRecord(**{**vars(stack), "runs": stack.runs[::-1]})
    for style in ("markdown", "text", "json"):
        first = write_drift(drift_report(stack, seen, "dev"), style)
        assert first == write_drift(drift_report(other, turned, "dev"), style)


def test_nothing_from_outside_becomes_markup_or_a_control_character() -> None:
    source = write_drift(made("hostile"), "markdown")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(source)
    assert "<img" not in html
    bare = re.sub(r"<(code|pre)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    for sign in ("@", "http", "#", "onerror"):
        assert sign not in bare, sign
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    assert {len(re.findall(r"<t[hd]>", row)) for row in rows} == {3}
    text = write_drift(made("hostile"), "text")
    assert all(character == "\n" or character.isprintable() for character in text)


def test_a_report_is_never_longer_than_a_comment_may_be() -> None:
    runs = [resource(f"{'x' * 90}{n}", number=n) for n in range(3000)]
    seen = Seen({
        str(run["urn"]): Found(Look.READ, live(n, "FAILED", failureReason=f"{n}" * 50))
        for n, run in enumerate(runs)
    })  # fmt: skip
    report = drift_report(state(*runs), seen, "dev")
    for style in ("markdown", "text"):
        found = write_drift(report, style)
        assert len(found) <= 60_000
        assert "3,000 failed" in found.splitlines()[0]
        assert "Cut to 60,000 characters" in found
    assert len(json.loads(write_drift(report, "json"))["findings"]) == 3000


def test_a_preview_with_its_drift_is_no_longer_than_a_comment_may_be() -> None:
    steps = [
        step("create", f"run-{n}-{'x' * 90}", new=inputs(), cohort=f"cohort-{n}")
        for n in range(900)
    ]
    preview = preview_report(read_plan(digest(*steps)), Facts("us-east-1", past={}), price_list())
    runs = [resource(f"{'x' * 90}{n}", number=n) for n in range(900)]
    seen = Seen({
        str(run["urn"]): Found(Look.READ, live(n, "FAILED", failureReason=f"{n}" * 50))
        for n, run in enumerate(runs)
    })  # fmt: skip
    drifted = drift_report(state(*runs), seen, "dev")
    for style in ("markdown", "text"):
        both = write_preview(preview, None, style, drifted)
        assert 40_000 < len(both) <= 60_000
        assert "900 new runs start" in both.splitlines()[0]
        assert "Drift: 900 failed" in both
    said = json.loads(write_preview(preview, None, "json", drifted))
    assert len(said["drift"]["findings"]) == len(said["runs"]) == 900


def test_no_secret_of_a_state_is_in_a_report() -> None:
    recorded = resource("HG002", parameters={"password": SECRET}, tags={"a": SECRET}, name=SECRET)
    report = drift_report(state(recorded), Seen(read(HG002=live(status="FAILED"))), "dev")
    for style in ("markdown", "text", "json"):
        assert "ciphertext" not in write_drift(report, style)


def finding(kind: Kind, **more: Any) -> Finding:
    return Finding(kind, "HG002", **more)


def test_what_is_drift_and_what_can_be_recorded() -> None:
    no_drift = {kind for kind in Kind if not finding(kind).is_drift}
    assert no_drift == {Kind.LEFT, Kind.OTHER_STACK, Kind.ELSEWHERE, Kind.UNREAD}
    recordable = {kind for kind in Kind if finding(kind).is_recordable}
    assert recordable == {
        Kind.COMPLETED, Kind.FAILED, Kind.CANCELLED, Kind.GONE, Kind.REUSED, Kind.TAGS, Kind.ENDED,
    }  # fmt: skip
    assert not any(finding(kind, what="run group").is_recordable for kind in Kind)
