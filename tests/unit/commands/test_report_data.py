from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from omics_provider.commands.report import data
from omics_provider.commands.report.data import RunsReport, run_of
from omics_provider.explain.rules.reasons import FailedTask, Failure, Log, grouped

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIVE = {
    "id": "1",
    "uuid": "u-1",
    "arn": "arn:aws:omics:eu-west-1:111122223333:run/1",
    "name": "HG002",
    "status": "COMPLETED",
    "workflowId": "42",
    "parameters": {"token": "hunter2"},
    "creationTime": "2026-11-23T10:00:00Z",
    "startTime": "2026-11-23T10:10:00.500Z",
    "stopTime": "2026-11-23T11:10:00Z",
}
OWN = {
    "uuid": "u-1",
    "status": "COMPLETED",
    "parameters": {"token": "hunter2"},
    "workflow": "arn:aws:omics:us-east-1:1:workflow/43",
    "metrics": {
        "runningSeconds": 3500,
        "storageReservedGiB": 1200,
        "storageMaximumGiB": 600,
        "storageAverageGiB": 300,
    },
}


def entry(name: str, seconds: float, cpus: int, used: float, **more: object) -> dict[str, object]:
    return {
        "uuid": f"t-{name}",
        "arn": f"arn:aws:omics:us-east-1:1:task/{name}",
        "name": name,
        "status": "COMPLETED",
        "cpus": cpus,
        "memory": 8,
        "creationTime": "2026-11-23T10:10:00Z",
        "metrics": {"cpusReserved": cpus, "cpusAverage": used, "runningSeconds": seconds},
        **more,
    }


def test_a_run_is_put_together_from_the_api_and_its_manifest() -> None:
    run = run_of(LIVE, [], [OWN, entry("a", 3600, 4, 1.0), entry("b", 1800, 2, 2.0)], NOW)
    assert (run.workflow, run.seconds) == ("42", 3500)
    assert run.started == datetime(2026, 11, 23, 10, 10, 0, 500000, UTC)
    assert (run.use.storage_average, run.use.storage_maximum) == (0.25, 0.5)
    assert run.cpu_hours == 4 + 1
    assert run.memory_hours == 8 + 4
    assert run.use.cpu_average == (3600 * 1 + 1800 * 2) / (3600 * 4 + 1800 * 2)
    assert run.use.memory_average is None
    assert [task.id for task in run.tasks] == ["a", "b"]


def test_a_task_that_api_and_manifest_know_is_one() -> None:
    listed = {"taskId": "77", "uuid": "t-a", "name": "a", "status": "COMPLETED", "cpus": 4}
    (task,) = run_of(LIVE, [listed], [OWN, entry("a", 60, 4, 1.0)], NOW).tasks
    assert (task.id, task.use.cpu_average) == ("77", 0.25)


def test_a_task_without_times_in_the_manifest_came_from_a_cache() -> None:
    cached = {**entry("a", 60, 4, 1.0), "metrics": {}}
    del cached["creationTime"]
    (task, worked) = run_of(LIVE, [], [OWN, cached, entry("b", 60, 4, 1.0)], NOW).tasks[::-1]
    assert (task.cache_hit, task.seconds, task.created) == (True, 0, None)
    assert not worked.cache_hit
    listed = {"taskId": "7", "uuid": "t-a", "cacheHit": False}
    assert not run_of(LIVE, [listed], [OWN, cached], NOW).tasks[0].cache_hit


def test_without_a_manifest_times_come_from_the_api() -> None:
    live = {**LIVE, "status": "RUNNING", "stopTime": None}
    listed = {"taskId": "7", "uuid": "t", "name": "a", "startTime": "2026-11-23T11:00:00Z"}
    run = run_of(live, [listed], [], NOW)
    assert run.seconds == 6599.5
    assert run.tasks[0].seconds == 3600
    assert run.use == data.Use()


def test_a_clock_behind_the_service_gives_no_negative_time() -> None:
    live = {**LIVE, "status": "RUNNING", "stopTime": None, "startTime": "2026-11-23T13:00:00Z"}
    assert run_of(live, [], [], NOW).seconds == 0


@pytest.mark.parametrize("broken", [None, 5, "yesterday", ""])
def test_what_is_no_time_is_none(broken: object) -> None:
    assert data.moment(broken) is None


def test_zero_and_missing_metrics_give_no_share() -> None:
    odd = [{**entry("a", 60, 0, 0.0)}, {**entry("b", 60, 2, 1.0), "metrics": None}]
    run = run_of(LIVE, [], [OWN, *odd], NOW)
    assert [task.use.cpu_average for task in run.tasks] == [None, None]
    assert run.use.cpu_average is None


def report(*failures: Failure) -> RunsReport:
    run = run_of(LIVE, [], [OWN, entry("a", 3600, 4, 1.0)], NOW, "sample")
    return RunsReport(
        "Stack x", NOW, "wgs", (run,), tuple(grouped(failures)), ("logs.",), "eu-west-1"
    )


def test_the_document_is_json_and_holds_no_parameter() -> None:
    task = FailedTask("7", "align", "OUT_OF_MEMORY_ERROR", "exit 137", "run/1/task/7")
    failure = Failure("1", "FAILED", code="RUN_TASK_FAILED", task=task, log=Log("s", ("end",)))
    text = json.dumps(data.document(report(failure)))
    found = json.loads(text)
    assert "hunter2" not in text
    assert found["format"] == 1
    assert found["project"] == "wgs"
    assert found["places"] == [{"account": "111122223333", "region": "eu-west-1"}]
    assert found["made"] == "2026-11-23T12:00:00Z"
    assert found["runs"][0]["resource"] == "sample"
    assert found["runs"][0]["tasks"][0]["use"]["cpuAverage"] == 0.25
    assert found["failures"][0]["failedTask"]["failureReason"] == "OUT_OF_MEMORY_ERROR"
    assert found["failures"][0]["logEnd"] == ["end"]
    assert found["notRead"] == ["logs."]
    assert found["cost"] is None
    assert found["costNote"]
