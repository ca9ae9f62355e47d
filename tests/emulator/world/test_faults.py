import os

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from omics_provider.emulator import control
from omics_provider.emulator.world import faults
from tests.emulator.runs.test_runs import refused

CUT = (ConnectionClosedError, EndpointConnectionError)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("error-500", "InternalServerException"),
        ("timeout-408", "RequestTimeoutException"),
        ("quota-402", "ServiceQuotaExceededException"),
        ("denied", "AccessDeniedException"),
    ],
)
def test_an_error_answer_comes_instead_of_the_call(world, omics, start, fault, code):
    world.faults({"operation": "StartRun", "fault": fault, "count": 2})
    refused(code, start)
    refused(code, start)
    assert start()["status"] == "PENDING"
    assert len(omics.list_runs()["items"]) == 1


def test_a_cut_before_leaves_nothing_behind(world, omics, start):
    world.faults({"operation": "StartRun", "fault": "cut-before"})
    with pytest.raises(CUT):
        start()
    assert omics.list_runs()["items"] == []


def test_a_lost_answer_leaves_a_run_behind(world, omics, start):
    world.faults({"operation": "StartRun", "fault": "lost-answer"})
    with pytest.raises(CUT):
        start(requestId="a")
    (run,) = omics.list_runs()["items"]
    assert start(requestId="a")["id"] == run["id"]


def test_a_late_500_leaves_a_run_behind(world, omics, start):
    world.faults({"operation": "StartRun", "fault": "late-500"})
    refused("InternalServerException", lambda: start(requestId="a"))
    (run,) = omics.list_runs()["items"]
    assert start(requestId="a")["id"] == run["id"]


def test_a_torn_answer_looks_like_an_empty_one(world, omics, start):
    world.faults({"operation": "StartRun", "fault": "torn-answer"})
    answer = start(requestId="a")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert set(answer) == {"ResponseMetadata"}
    (run,) = omics.list_runs()["items"]
    assert start(requestId="a")["id"] == run["id"]


@pytest.mark.parametrize(
    "fault", ["cut-before", "lost-answer", "late-500", "throttle", "error-500"]
)
def test_botocore_tries_again_and_there_is_one_run(world, workflow, fault):
    world.faults({"operation": "StartRun", "fault": fault})
    patient = world.client(retries=2)
    patient.start_run(
        workflowId=workflow, roleArn="arn:aws:iam::123456789012:role/x", outputUri="s3://bucket"
    )
    assert len(patient.list_runs()["items"]) == 1
    assert [call["fault"] for call in world.calls("StartRun")] == [fault, None]


def test_a_slow_answer_comes_late_or_too_late(world, start, workflow):
    world.faults({"operation": "StartRun", "fault": "slow", "seconds": 0.05})
    assert start()["status"] == "PENDING"
    if world.door == "mock_aws":
        return  # moto answers in process, where no time-out is held
    world.faults({"operation": "ListRuns", "fault": "slow", "seconds": 0.5})
    with pytest.raises(ReadTimeoutError):
        world.client(read_timeout=0.1).list_runs()


def test_a_planned_failure_and_a_frozen_run(world, omics, start):
    world.faults(
        {"operation": "StartRun", "fault": "fails", "reason": "OUT_OF_MEMORY_ERROR"},
        {"operation": "StartRun", "fault": "frozen"},
    )
    failed, frozen, good = (start()["id"] for _ in range(3))
    world.advance(100)
    assert omics.get_run(id=failed)["failureReason"] == "OUT_OF_MEMORY_ERROR"
    assert omics.get_run(id=frozen)["status"] == "RUNNING"
    assert omics.get_run(id=good)["status"] == "COMPLETED"


def test_a_star_strikes_every_operation(world, omics, start):
    world.faults({"operation": "*", "fault": "throttle", "count": 2})
    refused("ThrottlingException", start)
    refused("ThrottlingException", omics.list_runs)
    start()


def test_the_same_seed_strikes_the_same_calls(world, omics):
    def struck(seed):
        world.faults(
            {"operation": "ListRuns", "fault": "slow", "rate": 0.5, "seed": seed, "seconds": 0}
        )
        before = len(world.calls())
        for _ in range(40):
            omics.list_runs()
        return [call["fault"] is not None for call in world.calls()[before:]]

    first = struck(1)
    assert first == struck(1)
    assert first != struck(2)
    assert 10 < sum(first) < 30
    (plan,) = control.planned_faults(world.state)
    assert (plan["drawn"], plan["struck"]) == (40, sum(struck(2)))


@pytest.mark.parametrize(
    "plan",
    [
        {"operation": "StartRun"},
        {"operation": "StartRun", "fault": "gremlins"},
        {"operation": "StartRun", "fault": "throttle", "often": 3},
        {"operation": "StartRun", "fault": "throttle", "count": 1, "rate": 0.5},
        {"operation": "StartRunn", "fault": "throttle"},
        {"operation": "batch:GetRun", "fault": "throttle"},
        {"operation": ["StartRun"], "fault": "throttle"},
        {"operation": "StartRun", "fault": ["throttle"]},
        {"operation": "StartRun", "fault": "throttle", "count": "2"},
        {"operation": "StartRun", "fault": "throttle", "count": 1.5},
        {"operation": "StartRun", "fault": "throttle", "rate": "often"},
        {"operation": "StartRun", "fault": "throttle", "rate": 50},
        {"operation": "StartRun", "fault": "throttle", "rate": 0.5, "seed": [1]},
        {"operation": "StartRun", "fault": "slow", "seconds": "1"},
        {"operation": "StartRun", "fault": "slow", "seconds": float("inf")},
        {"operation": "StartRun", "fault": "fails", "reason": 5},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(world, plan):
    good = world.faults({"operation": "StartRun", "fault": "throttle"})
    with pytest.raises(faults.BadFaultError):
        world.faults(plan)
    assert control.planned_faults(world.state) == good


def test_every_call_is_in_the_log(world, omics, start):
    run = start()
    omics.get_run(id=run["id"])
    refused("ResourceNotFoundException", omics.get_run, id="1")
    log = [(call["operation"], call["status"], call["runId"]) for call in world.calls()]
    assert log == [
        ("CreateWorkflow", 201, None),
        ("StartRun", 201, run["id"]),
        ("GetRun", 200, run["id"]),
        ("GetRun", 404, "1"),
    ]
    assert all(call["pid"] > 0 for call in world.calls())
    for call in world.calls():
        known = "test@127.0.0.1:" if world.door == "server" else f"process {os.getpid()}"
        assert call["caller"].startswith(known)
