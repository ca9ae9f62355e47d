import json
import os
import sqlite3

import boto3
import pytest

from omics_provider.emulator import control
from omics_provider.emulator.doors.local import attach
from omics_provider.emulator.world import settings, store
from omics_provider.emulator.world.settings import UnknownSettingError
from tests import children
from tests.emulator.conftest import ROLE

STARTER = """
import sys, boto3
from omics_provider.emulator.doors.local import attach
client = boto3.client("omics", region_name="us-east-1")
attach(client, sys.argv[1])
workflow = client.create_workflow(definitionUri="s3://bucket/w.zip")["id"]
for number in range(int(sys.argv[2])):
    run = client.start_run(workflowId=workflow, roleArn="arn:aws:iam::123456789012:role/x",
                           outputUri="s3://bucket", requestId=f"{sys.argv[3]}-{number}")
    print(run["id"], run["uuid"], flush=True)
"""


def started(state, count, name):
    return children.python("-c", STARTER, state, str(count), name)


def opened(state):
    client = boto3.client("omics", region_name="us-east-1")
    attach(client, state)
    return client


def listed(client):
    pages = client.get_paginator("list_runs").paginate()
    return {run["id"] for page in pages for run in page["items"]}


def test_processes_share_one_file_from_its_first_moment(tmp_path):
    state = tmp_path / "new" / "state.db"
    processes = [started(state, 40, f"caller-{number}") for number in range(4)]
    answered = [line.split() for process in processes for line in process.rest()]
    assert [each.process.returncode for each in processes] == [0] * 4
    assert len({run_id for run_id, _ in answered}) == 160
    assert listed(opened(state)) == {run_id for run_id, _ in answered}


def test_a_killed_process_loses_nothing_that_was_answered(tmp_path):
    state = tmp_path / "state.db"
    caller = started(state, 10_000, "caller")
    answered = [caller.line("a started run").split()[0] for _ in range(50)]
    caller.kill()
    answered += [line.split()[0] for line in caller.rest() if " " in line]
    survivors = listed(opened(state))
    assert set(answered) <= survivors
    assert len(survivors) - len(set(answered)) <= 1


def test_a_store_survives_a_fork(tmp_path):
    client = opened(tmp_path / "state.db")
    client.create_workflow(definitionUri="s3://bucket/w.zip")
    child = os.fork()
    if child == 0:
        client.create_workflow(definitionUri="s3://bucket/w.zip")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert len(client.list_workflows()["items"]) == 2


def test_a_file_from_the_future_is_refused(tmp_path):
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(store.StateTooNewError, match="format 99"):
        control.calls(path)


V1_WORKFLOW = {
    "id": "1000007",
    "type": "PRIVATE",
    "uuid": "3b0ff0a4-0d54-4e17-8f5d-6c1a3f0c9a11",
    "digest": "0" * 64,
    "created": 1_790_000_000.0,
    "status": "ACTIVE",
    "name": "old",
    "description": None,
    "engine": "WDL",
    "main": None,
    "definition": "s3://bucket/w.zip",
    "template": {},
    "storage_type": None,
    "storage_capacity": None,
    "accelerators": None,
}
V1_RUN = {
    "request": {"workflowId": "1000007", "roleArn": ROLE, "outputUri": "s3://bucket"},
    "workflow": {
        **{name: V1_WORKFLOW[name] for name in ("id", "name", "uuid", "engine", "digest")},
        "definition": "s3://bucket/w.zip",
        "accelerators": None,
    },
    "storage": {"type": "STATIC", "capacity": 1200},
    "failureReason": None,
    "runOutputUri": "s3://bucket/1000001/u",
    "seconds": 5.0,
}


def test_a_file_of_the_first_format_moves_forward(tmp_path):
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(store.MIGRATIONS[0])
        connection.execute(
            "INSERT INTO resources (account, region, kind, id, uuid, name, created, doc, tags)"
            " VALUES ('123456789012', 'us-east-1', 'workflow', '1000007', 'u', 'old', 1, ?, '{}')",
            (json.dumps(V1_WORKFLOW),),
        )
        connection.execute(
            "INSERT INTO runs (account, region, id, uuid, name, priority, retention, created,"
            " starting, running, stopping, ended, outcome, doc, tags) VALUES"
            " ('123456789012', 'us-east-1', '1000001', 'u', 'old', 0, 'RETAIN', 1, 2, 3, 4, 5,"
            " 'COMPLETED', ?, '{}')",
            (json.dumps(V1_RUN),),
        )
        connection.execute("PRAGMA user_version=1")
    omics = opened(path)
    assert omics.get_run(id="1000001")["status"] == "COMPLETED"
    assert [run["name"] for run in omics.list_runs(status="COMPLETED")["items"]] == ["old"]
    assert omics.list_run_tasks(id="1000001")["items"] == []
    again = omics.start_run(runId="1000001", roleArn=ROLE, outputUri="s3://bucket")
    assert omics.get_run(id=again["id"])["workflowId"] == "1000007"
    omics.delete_run(id="1000001")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(store.MIGRATIONS),)


def test_settings_hold_for_every_process(tmp_path):
    path = tmp_path / "state.db"
    control.change_settings(path, {"requestId": "conflict"})
    assert store.Store(path) is not store.open_store(path)
    assert control.current_settings(store.Store(path))["requestId"] == "conflict"


@pytest.mark.parametrize(
    "change",
    [
        {"nonsense": 1},
        {"quotas": 1},
        {"requestId": "never"},
        {"speed": -1},
        {"speed": True},
        {"speed": float("inf")},
        {"speed": 1e12},
        {"runSeconds": float("inf")},
        {"callsPerSecond": {"GetRun": "fast"}},
        {"runSeconds": "5"},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path, change):
    with pytest.raises(UnknownSettingError):
        control.change_settings(tmp_path / "state.db", change)


def test_time_goes_on_without_a_jump_when_its_speed_changes(tmp_path):
    path = tmp_path / "state.db"
    before = control.advance(path, 0)
    control.change_settings(path, {"speed": 0})
    stood = control.advance(path, 0)
    assert 0 <= stood - before < 1
    assert control.advance(path, 0) == stood
    assert control.advance(path, 60) == pytest.approx(stood + 60)
    control.change_settings(path, {"speed": 1000})
    assert stood + 60 < control.advance(path, 0) < stood + 60 + 1000
    with pytest.raises(ValueError, match="does not go back"):
        control.advance(path, -1)


@pytest.mark.parametrize("seconds", [1e15, float("inf"), float("nan")])
def test_time_ends_where_dates_do(tmp_path, seconds):
    path = tmp_path / "state.db"
    before = control.advance(path, 0)
    with pytest.raises(ValueError, match="9999"):
        control.advance(path, seconds)
    assert control.advance(path, 0) < before + 60


def test_the_environment_is_taken_once(tmp_path, monkeypatch):
    path = tmp_path / "state.db"
    monkeypatch.setenv(control.SETTINGS_VARIABLE, '{"requestId": "conflict"}')
    monkeypatch.setenv(control.FAULTS_VARIABLE, '[{"operation": "ListRuns", "fault": "denied"}]')
    opened(path)
    assert control.current_settings(path)["requestId"] == "conflict"
    assert len(control.planned_faults(path)) == 1
    control.change_settings(path, {"requestId": "replay"})
    control.plan_faults(path, [])
    opened(path)
    assert control.current_settings(path)["requestId"] == "replay"
    assert control.planned_faults(path) == []


def test_limits_of_calls_a_second(world, omics, start):
    world.settings(startRunPerSecond=0.001, callsPerSecond={"GetRun": 0.001}, burst=2)
    run_id = start()["id"]
    start()
    with pytest.raises(omics.exceptions.ThrottlingException):
        start()
    omics.get_run(id=run_id)
    for _ in range(5):
        omics.list_runs()


def test_quotas_are_one_setting(world, omics):
    assert settings.Settings().rate("StartRun") is None
    world.settings(quotas=True)
    omics.list_runs()
    with pytest.raises(omics.exceptions.ThrottlingException):
        _ = [omics.list_runs() for _ in range(30)]
