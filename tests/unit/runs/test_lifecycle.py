"""What read and delete do, for everything that can be found."""

from typing import Any

import pytest

from omics_provider.base.status import RunStatus
from omics_provider.runs.rules import lifecycle, run_table
from omics_provider.runs.rules.lifecycle import Fate, Step, delete_step

S = RunStatus
CANCEL, WAIT, DELETE, DONE = Step.CANCEL, Step.WAIT, Step.DELETE_RECORD, Step.DONE

# (on_delete, live status): the step before and after this delete has asked for a cancellation.
STEPS: dict[tuple[str, RunStatus | None], tuple[Step, Step]] = {
    ("delete", S.PENDING): (CANCEL, WAIT),
    ("delete", S.STARTING): (CANCEL, WAIT),
    ("delete", S.RUNNING): (CANCEL, WAIT),
    ("delete", S.STOPPING): (CANCEL, WAIT),
    ("delete", S.COMPLETED): (DELETE, DELETE),
    ("delete", S.FAILED): (DELETE, DELETE),
    ("delete", S.CANCELLED): (DELETE, DELETE),
    ("delete", S.DELETED): (DONE, DONE),
    ("delete", None): (DONE, DONE),
    ("cancel", S.PENDING): (CANCEL, DONE),
    ("cancel", S.STARTING): (CANCEL, DONE),
    ("cancel", S.RUNNING): (CANCEL, DONE),
    ("cancel", S.STOPPING): (CANCEL, DONE),
    ("cancel", S.COMPLETED): (DONE, DONE),
    ("cancel", S.FAILED): (DONE, DONE),
    ("cancel", S.CANCELLED): (DONE, DONE),
    ("cancel", S.DELETED): (DONE, DONE),
    ("cancel", None): (DONE, DONE),
    ("keep", S.PENDING): (DONE, DONE),
    ("keep", S.STARTING): (DONE, DONE),
    ("keep", S.RUNNING): (DONE, DONE),
    ("keep", S.STOPPING): (DONE, DONE),
    ("keep", S.COMPLETED): (DONE, DONE),
    ("keep", S.FAILED): (DONE, DONE),
    ("keep", S.CANCELLED): (DONE, DONE),
    ("keep", S.DELETED): (DONE, DONE),
    ("keep", None): (DONE, DONE),
}


def test_the_table_of_deletes_is_total() -> None:
    answers = run_table.BY_WIRE["onDelete"].enum
    assert STEPS.keys() == {(a, s) for a in answers for s in (*RunStatus, None)}


@pytest.mark.parametrize(("on_delete", "status"), STEPS)
def test_the_next_step_of_a_delete(on_delete: str, status: RunStatus | None) -> None:
    before, after = STEPS[on_delete, status]
    assert delete_step(on_delete, status, cancelled=False) is before
    assert delete_step(on_delete, status, cancelled=True) is after


# What is recorded ------------------------------------------------------------------------------

ARN = "arn:aws:omics:us-east-1:111122223333:run/1234567"
INPUTS: dict[str, Any] = {
    "roleArn": "arn:aws:iam::111122223333:role/omics",
    "outputUri": "s3://results/trio",
    "workflowId": "9500764",
    "tags": {"sample": "HG002"},
    "onDelete": "cancel",
    "__attempt": "0011223344556677",
}
ANSWER: dict[str, Any] = {
    "arn": ARN,
    "id": "1234567",
    "status": "PENDING",
    "tags": {"sample": "HG002"},
    "uuid": "11111111-2222-4333-8444-555555555555",
    "runOutputUri": "s3://results/trio/1234567/11111111-2222-4333-8444-555555555555",
    "networkingMode": "RESTRICTED",
}
RECORDED = lifecycle.started(INPUTS, ANSWER, "token")
LIVE: dict[str, Any] = {
    **ANSWER,
    "status": "COMPLETED",
    "workflowId": "9500764",
    "workflowType": "PRIVATE",
    "roleArn": INPUTS["roleArn"],
    "outputUri": INPUTS["outputUri"],
    "storageType": "DYNAMIC",
    "storageCapacity": 87,
    "priority": 0,
    "logLevel": "ALL",
    "creationTime": "2026-11-01T10:00:00Z",
    "startTime": "2026-11-01T10:01:00Z",
    "stopTime": "2026-11-01T12:00:00Z",
    "startedBy": "arn:aws:iam::111122223333:user/x",
    "digest": "sha256:1",
    "engineVersion": None,
    "accelerators": "GPU",
    "runId": None,
    "parameters": {"a": 1},
    "logLocation": {"engineLogStream": "run/1234567/engine"},
    "tags": {"sample": "HG002", "aws:cloudformation:stack-name": "x"},
}


def test_started_records_inputs_and_the_answer() -> None:
    assert {
        **INPUTS,
        "arn": ARN,
        "status": "PENDING",
        "uuid": ANSWER["uuid"],
        "runOutputUri": ANSWER["runOutputUri"],
        "requestId": "token",
        "stateVersion": 1,
    } == RECORDED


def test_nothing_after_start_run_can_fail_for_what_the_answer_lacks() -> None:
    assert lifecycle.started({}, {}, "token") == {"requestId": "token", "stateVersion": 1}


def test_refreshed_takes_outputs_and_tags_and_no_other_input() -> None:
    now = lifecycle.refreshed(RECORDED, {**LIVE, "tags": {"sample": "other"}})
    assert now == {
        **RECORDED,
        "status": "COMPLETED",
        "creationTime": "2026-11-01T10:00:00Z",
        "startTime": "2026-11-01T10:01:00Z",
        "stopTime": "2026-11-01T12:00:00Z",
        "startedBy": "arn:aws:iam::111122223333:user/x",
        "digest": "sha256:1",
        "logLocation": {"engineLogStream": "run/1234567/engine"},
        "tags": {"sample": "other"},
    }


def test_refreshed_forgets_what_the_service_no_longer_says() -> None:
    recorded = {**RECORDED, "statusMessage": "waiting for capacity", "recordGone": True}
    now = lifecycle.refreshed(recorded, LIVE)
    assert "statusMessage" not in now
    assert "recordGone" not in now


def test_refreshed_leaves_undeclared_tags_alone() -> None:
    recorded = {wire: value for wire, value in RECORDED.items() if wire != "tags"}
    assert "tags" not in lifecycle.refreshed(recorded, LIVE)


def test_a_second_refresh_changes_nothing() -> None:
    now = lifecycle.refreshed(RECORDED, LIVE)
    assert lifecycle.refreshed(now, LIVE) == now


@pytest.mark.parametrize(
    ("last_seen", "told"),
    [
        ("PENDING", "DELETED"),
        ("STARTING", "DELETED"),
        ("RUNNING", "DELETED"),
        ("STOPPING", "DELETED"),
        ("COMPLETED", "COMPLETED"),
        ("FAILED", "FAILED"),
        ("CANCELLED", "CANCELLED"),
        ("DELETED", "DELETED"),
        ("PAUSED", "DELETED"),
    ],
)
def test_a_run_that_is_gone_keeps_its_last_facts(last_seen: str, told: str) -> None:
    recorded = {**RECORDED, "status": last_seen, "failureReason": "RUN_TASK_FAILED"}
    now = lifecycle.gone(recorded)
    assert now == {**recorded, "status": told, "recordGone": True}
    assert type(now["status"]) is str
    assert lifecycle.gone(now) == now


@pytest.mark.parametrize(
    ("recorded", "live", "same"),
    [
        ({"uuid": "a"}, {"uuid": "a"}, True),
        ({"uuid": "a"}, {"uuid": "b"}, False),
        ({"uuid": "a"}, {}, False),
        ({}, {"uuid": "a"}, False),
        ({}, {}, False),
        ({"uuid": ""}, {"uuid": ""}, False),
        ({"uuid": None}, {"uuid": None}, False),
    ],
)
def test_the_uuid_is_the_identity(
    recorded: dict[str, Any], live: dict[str, Any], same: bool
) -> None:
    assert lifecycle.same_run(recorded, live) is same


@pytest.mark.parametrize("tags", [None, {}, {"aws:x": "1"}])
def test_aws_own_tags_are_not_the_users(tags: dict[str, str] | None) -> None:
    assert lifecycle.live_tags({"tags": tags}) == {}
    assert lifecycle.live_tags({}) == {}


# Drift -----------------------------------------------------------------------------------------


def test_no_drift_no_inputs() -> None:
    assert lifecycle.declared_with_drift(RECORDED, lifecycle.refreshed(RECORDED, LIVE)) is None


def test_drifted_tags_are_in_the_inputs_and_the_attempt_stays() -> None:
    now = lifecycle.refreshed(RECORDED, {**LIVE, "tags": {"by": "hand"}})
    assert lifecycle.declared_with_drift(RECORDED, now) == {**INPUTS, "tags": {"by": "hand"}}


def test_drift_of_a_run_without_an_attempt() -> None:
    recorded = {wire: value for wire, value in RECORDED.items() if wire != "__attempt"}
    now = lifecycle.refreshed(recorded, {**LIVE, "tags": {}})
    expected = {wire: value for wire, value in INPUTS.items() if wire != "__attempt"}
    assert lifecycle.declared_with_drift(recorded, now) == {**expected, "tags": {}}


# Adoption --------------------------------------------------------------------------------------

ADOPTING = {
    "roleArn": INPUTS["roleArn"],
    "outputUri": INPUTS["outputUri"],
    "adoptRunId": "1234567",
    "onDelete": "keep",
}


def test_adopted_records_all_that_is_known_and_what_was_declared() -> None:
    now = lifecycle.adopted(ADOPTING, LIVE)
    assert {wire: now[wire] for wire in ADOPTING} == ADOPTING
    assert now["workflowId"] == "9500764"
    assert now["parameters"] == {"a": 1}
    assert now["tags"] == {"sample": "HG002"}
    assert now["uuid"] == LIVE["uuid"]
    assert now["stopTime"] == "2026-11-01T12:00:00Z"
    assert now["stateVersion"] == 1
    assert {"runId", "engineVersion", "requestId", "id"}.isdisjoint(now)


def test_adopted_takes_the_configurations_name() -> None:
    live = {**LIVE, "configuration": {"name": "net", "arn": "arn:x"}}
    assert lifecycle.adopted(ADOPTING, live)["configurationName"] == "net"


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        ({}, ()),
        ({"workflowId": "9500764", "parameters": {"a": 1.0}, "priority": 0}, ()),
        ({"roleArn": "arn:other"}, ("roleArn",)),
        ({"outputUri": "s3://other", "logLevel": "OFF"}, ("outputUri", "logLevel")),
        ({"parameters": {"a": 2}}, ("parameters",)),
        ({"name": "not its name"}, ("name",)),
        ({"storageType": "STATIC", "storageCapacity": 1200}, ()),
        ({"tags": {"mine": "1"}}, ()),
        ({"onDelete": "cancel", "rerun": 3}, ()),
    ],
)
def test_what_an_adopted_run_was_not_started_with(
    declared: dict[str, Any], wrong: tuple[str, ...]
) -> None:
    assert lifecycle.adoption_mismatch({**ADOPTING, **declared}, LIVE) == wrong


def test_after_adoption_the_declaration_can_be_completed_without_a_difference() -> None:
    from omics_provider.base.diff import difference

    recorded = lifecycle.adopted(ADOPTING, LIVE)
    completed = {wire: recorded[wire] for wire in run_table.BY_WIRE if wire in recorded}
    del completed["adoptRunId"]
    assert not difference("1234567", recorded, completed, run_table.TABLE)


@pytest.mark.parametrize("on_delete", ["delete", "cancel"])
@pytest.mark.parametrize("status", [None, *S])
def test_what_becomes_of_a_run_whose_delete_was_interrupted(
    on_delete: str, status: RunStatus | None
) -> None:
    ended_by_it = status in (S.CANCELLED, S.DELETED) or (status is None and on_delete == "delete")
    expected = Fate.REPLACE if ended_by_it else Fate.KEEP
    if status is S.STOPPING:  # as a run that completes is
        expected = Fate.UNSURE
    assert lifecycle.after_torn_delete(on_delete, status) is expected


def test_which_runs_an_interrupted_delete_can_have_ended() -> None:
    recorded = {"status": "RUNNING", "onDelete": "delete"}
    assert lifecycle.may_be_torn(recorded, {})
    # An end that is recorded is done; what is kept no delete has ended.
    assert not lifecycle.may_be_torn({**recorded, "status": "CANCELLED"}, {})
    assert not lifecycle.may_be_torn({**recorded, "status": "COMPLETED"}, {})
    assert not lifecycle.may_be_torn({**recorded, "onDelete": "keep"}, {})
    assert not lifecycle.may_be_torn(recorded, {"adoptRunId": "1"})


AT_WORK = {"id": "1", "uuid": "u", "status": "PENDING", "tags": {"a": "b"}}
LISTED = {"status": "RUNNING", "creationTime": "2026-01-01T00:00:00Z", "startTime": "s"}


@pytest.mark.parametrize(
    ("known", "entry", "moved"),
    [
        ({}, LISTED, True),
        ({"creationTime": LISTED["creationTime"]}, LISTED, True),
        # Another run has the id by now.
        ({"creationTime": "2025-01-01T00:00:00Z"}, LISTED, False),
        # An end is GetRun's to tell, and so is a run that is not listed.
        ({}, {**LISTED, "status": "COMPLETED"}, False),
        ({}, {**LISTED, "status": "FAILED"}, False),
        ({}, {}, False),
    ],
)
def test_a_run_at_work_moves_on_as_it_is_listed(
    known: dict[str, str], entry: dict[str, str], moved: bool
) -> None:
    recorded = {**AT_WORK, **known}
    expected = {**recorded, "status": "RUNNING", "startTime": "s"} if moved else None
    assert lifecycle.moved_on(recorded, entry) == expected


@pytest.mark.parametrize("missing", ["status", "creationTime", "stopTime"])
def test_an_end_is_the_recorded_one_where_all_that_is_listed_of_it_is(missing: str) -> None:
    ended = {"status": "COMPLETED", "creationTime": "c", "stopTime": "s"}
    assert lifecycle.has_same_end(ended, ended)
    assert not lifecycle.has_same_end(ended, {**ended, missing: "other"})
    assert not lifecycle.has_same_end({k: v for k, v in ended.items() if k != missing}, ended)
    assert not lifecycle.has_same_end(ended, {})
    assert not lifecycle.has_same_end(
        {**ended, "status": "RUNNING"}, {**ended, "status": "RUNNING"}
    )
