import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from omics_provider.emulator import control
from tests import children
from tests.emulator.conftest import REGION, ROLE

from .conftest import BUCKET, Place, is_gone, pid, serving_at, until


def test_a_run_reads_its_inputs_and_writes_its_outputs(place):
    uris = [place.put(f"in/{name}.txt", f"{name}\n") for name in ("a", "b", "c")]
    run_id = place.start("seen", parameters={"files": uris, "text": "s3://stays/a/text"})
    run = place.ended(run_id)
    base = run["runOutputUri"]
    assert run["status"] == "COMPLETED", run.get("statusMessage")
    assert place.text(f"{base}/out/all/all.txt") == "a\nb\nc\n"
    outputs = json.loads(place.text(f"{base}/logs/outputs.json"))
    assert outputs == {"wf.all": f"{base}/out/all/all.txt", "wf.many": 3}
    assert place.text(f"{base}/logs/engine.log") == f"run-{run_id} begins\n"
    assert set(run["resourceDigests"]) == set(uris)
    assert run["resourceDigests"][uris[0]] == "etag:60b725f10c9c85c70d97880dfe8191b3"
    tasks = place.tasks(run_id)
    assert [task["name"] for task in tasks] == ["count-0", "count-1", "count-2"]
    assert {task["status"] for task in tasks} == {"COMPLETED"}
    assert (tasks[0]["cpus"], tasks[0]["memory"]) == (2, 4)
    assert run["creationTime"] <= run["startTime"] <= run["stopTime"]


def test_a_second_run_takes_the_output_of_the_first(place):
    first = place.ended(place.start(parameters={"files": [place.put("a.txt", "one\n")]}))
    uri = f"{first['runOutputUri']}/out/all/all.txt"
    second = place.ended(place.start(parameters={"files": [uri, uri]}))
    assert place.text(f"{second['runOutputUri']}/out/all/all.txt") == "one\none\n"


def test_a_run_takes_what_lies_in_a_store(place):
    uri = place.put("genome.fa", ">chr1\nACGT\n")
    store = place.omics.create_reference_store(name="genomes")["id"]
    sources = [{"sourceFile": uri, "name": "genome"}]
    place.omics.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)

    def listed():
        return place.omics.list_references(referenceStoreId=store)["references"]

    [found] = until(listed, "the reference")
    where = f"omics://123456789012.storage.{REGION}.amazonaws.com/{store}/reference"
    uris = [f"{where}/{found['id']}", f"{where}/{found['id']}/index"]
    run = place.ended(place.start(parameters={"files": uris}))
    if place.door == "local":  # it has the bytes of no store
        assert run["failureReason"] == "INPUT_URI_NOT_FOUND"
        return
    assert run["status"] == "COMPLETED", run.get("statusMessage")
    text = place.text(f"{run['runOutputUri']}/out/all/all.txt")
    assert text == ">chr1\nACGT\nchr1\t4\t6\t4\t5\n"
    assert run["resourceDigests"][uris[0]] == f"etag:{found['md5']}"


def test_a_missing_input_fails_the_run(place):
    uri = f"s3://{BUCKET}/no/such.txt"
    run = place.ended(place.start(parameters={"files": [uri]}))
    assert (run["status"], run["failureReason"]) == ("FAILED", "INPUT_URI_NOT_FOUND")
    assert uri in run["statusMessage"]


def test_a_failed_task_says_what_the_worker_said(place):
    run_id = place.start("exit 3")
    run = place.ended(run_id)
    assert (run["status"], run["failureReason"]) == ("FAILED", "RUN_TASK_FAILED")
    assert run["statusMessage"] == "task breaks failed with exit status 3"
    (task,) = place.tasks(run_id)
    found = place.omics.get_run_task(id=run_id, taskId=task["taskId"])
    assert (found["status"], found["failureReason"]) == ("FAILED", "RUN_TASK_FAILED")
    assert found["statusMessage"] == "Task breaks exited with 3."


def test_a_cancelled_run_leaves_no_process(place):
    run_id = place.start("sleep")
    execution, sleeper = place.at_work(run_id)
    place.omics.cancel_run(id=run_id)
    run = place.ended(run_id)
    assert run["status"] == "CANCELLED"
    assert is_gone(sleeper)
    assert is_gone(pid(execution["worker"]))
    assert {task["status"] for task in place.tasks(run_id)} == {"CANCELLED"}


def test_a_killed_worker_fails_the_run(place):
    run_id = place.start("sleep")
    execution, sleeper = place.at_work(run_id)
    os.kill(pid(execution["worker"]), signal.SIGKILL)
    run = place.ended(run_id)
    assert (run["status"], run["failureReason"]) == ("FAILED", "SERVICE_ERROR")
    assert "signal 9" in run["statusMessage"]
    until(lambda: is_gone(sleeper), "the end of the task")


def test_a_link_out_of_the_run_is_not_exported(place):
    run = place.ended(place.start("link"))
    assert (run["status"], run["failureReason"]) == ("FAILED", "EXPORT_FAILED")
    assert not any(key.endswith("all.txt") for key in place.objects())


def test_a_group_holds_runs_back(place, tmp_path):
    control.change_settings(place.state, {"executeRuns": 8})
    group = place.omics.create_run_group(maxRuns=2)["id"]
    workflow, gate = place.workflow(), tmp_path / "gate"
    started = [place.start(f"wait {gate}", workflow=workflow, runGroupId=group) for _ in range(4)]
    statuses = lambda: [place.run(each)["status"] for each in started]  # noqa: E731
    until(lambda: statuses().count("RUNNING") == 2, "two runs at work")
    assert statuses() == ["RUNNING", "RUNNING", "PENDING", "PENDING"]
    gate.touch()
    assert {place.ended(each)["status"] for each in started} == {"COMPLETED"}


def test_no_more_runs_are_executed_at_once_than_the_setting_says(place, tmp_path):
    control.change_settings(place.state, {"executeRuns": 1})
    workflow, gate = place.workflow(), tmp_path / "gate"
    started = [place.start(f"wait {gate}", workflow=workflow) for _ in range(2)]
    until(lambda: place.run(started[0])["status"] == "RUNNING", "a run at work")
    assert place.run(started[1])["status"] == "PENDING"
    gate.touch()
    assert {place.ended(each)["status"] for each in started} == {"COMPLETED"}


def test_a_run_that_waits_can_be_cancelled(place, tmp_path):
    control.change_settings(place.state, {"executeRuns": 1})
    workflow, gate = place.workflow(), tmp_path / "gate"
    first, second = (place.start(f"wait {gate}", workflow=workflow) for _ in range(2))
    place.omics.cancel_run(id=second)
    assert place.ended(second)["status"] == "CANCELLED"
    gate.touch()
    assert place.ended(first)["status"] == "COMPLETED"


def test_a_group_limits_the_time(place):
    group = place.omics.create_run_group(maxDuration=1)["id"]
    run_id = place.start("sleep", runGroupId=group)
    _, sleeper = place.at_work(run_id)
    control.advance(place.state, 61)
    run = place.ended(run_id)
    assert (run["status"], run["failureReason"]) == ("FAILED", "RUN_TIMED_OUT")
    assert is_gone(sleeper)


def test_work_folders_are_removed_unless_they_are_to_be_kept(place):
    workflow = place.workflow()
    first = place.ended(place.start(workflow=workflow))
    control.change_settings(place.state, {"keepWork": True})
    second = place.ended(place.start(workflow=workflow))
    work = Path(f"{place.state}.files", "work")
    until(lambda: not (work / first["uuid"]).exists(), "the end of the first folder")
    assert (work / second["uuid"] / "job.json").exists()


def test_full_work_folders_fail_a_run(place):
    control.change_settings(place.state, {"maxWorkGiB": 0})
    run = place.ended(place.start())
    assert run["failureReason"] == "FILE_SYSTEM_OUT_OF_SPACE"
    assert "maxWorkGiB" in run["statusMessage"]


@pytest.mark.parametrize(
    ("behavior", "first", "hits"),
    [
        ("CACHE_ALWAYS", "", [True]),
        ("CACHE_ON_FAILURE", "", [False]),
        ("CACHE_ON_FAILURE", "exit 3", [True]),
    ],
)
def test_a_run_cache_keeps_what_its_behavior_says(place, behavior, first, hits):
    made = place.omics.create_run_cache(
        cacheS3Location=f"s3://{BUCKET}/cache", cacheBehavior=behavior
    )
    workflow = place.workflow()
    place.ended(place.start(first, workflow=workflow, cacheId=made["id"]))
    second = place.ended(place.start(workflow=workflow, cacheId=made["id"]))
    tasks = [each for each in place.tasks(second["id"]) if each["name"] == "caches"]
    assert [task["cacheHit"] for task in tasks] == hits
    assert [
        task.get("cacheS3Uri", "").startswith(f"s3://{BUCKET}/cache/") for task in tasks
    ] == hits


def test_the_runs_of_a_batch_are_executed(place):
    uri = place.put("a.txt", "one\n")
    batch = place.omics.start_run_batch(
        batchName="two",
        defaultRunSetting={
            "workflowId": place.workflow(),
            "roleArn": ROLE,
            "outputUri": f"s3://{BUCKET}/out",
            "parameters": {"files": [uri]},
        },
        batchRunSettings={
            "inlineSettings": [{"runSettingId": name, "name": name} for name in ("a", "b")]
        },
    )["id"]

    def ended():
        runs = place.omics.list_runs(batchId=batch)["items"]
        return runs if [run["status"] for run in runs] == ["COMPLETED"] * 2 else None

    for run in until(ended, "the end of the batch"):
        base = place.run(run["id"])["runOutputUri"]
        assert place.text(f"{base}/out/all/all.txt") == "one\n"


def test_a_folder_stands_for_a_bucket(tmp_path):
    folder = tmp_path / "reads"
    (folder / "lane").mkdir(parents=True)
    (folder / "lane" / "a.txt").write_text("real\n")
    buckets = tmp_path / "buckets.json"
    buckets.write_text(json.dumps({"amzn-reads": "reads"}))
    with serving_at(tmp_path / "state.db", "--buckets", str(buckets)) as place:
        uri = "s3://amzn-reads/lane/a.txt"
        run = place.ended(
            place.start(parameters={"files": [uri]}, outputUri="s3://amzn-reads/results")
        )
        assert run["status"] == "COMPLETED", run.get("statusMessage")
        written = folder / run["runOutputUri"].removeprefix("s3://amzn-reads/")
        assert (written / "out" / "all" / "all.txt").read_text() == "real\n"
        assert not (tmp_path / "state.db.files" / "inputs").exists()


def test_a_killed_executor_fails_what_it_had_begun_and_another_goes_on(tmp_path):
    place = Place("local", tmp_path / "state.db")
    control.change_settings(place.state, {"executeRuns": 1})
    workflow = place.workflow()
    first = place.start("sleep", workflow=workflow)
    execution, sleeper = place.at_work(first)
    second = place.start(workflow=workflow)
    os.kill(pid(execution["owner"]), signal.SIGKILL)
    until(lambda: is_gone(pid(execution["owner"])), "the end of the executor")
    assert place.ended(first)["failureReason"] == "SERVICE_ERROR"
    assert is_gone(sleeper)
    assert place.ended(second)["status"] == "COMPLETED"


def test_logs_events_and_manifest_tell_what_was_executed(served):
    run_id = served.start("exit 3")
    run = served.ended(run_id)
    logs = served.made("logs")

    def lines(stream):
        found = logs.get_log_events(
            logGroupName="/aws/omics/WorkflowLog", logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in found["events"]]

    (task,) = served.tasks(run_id)
    assert "no such sample: NA12878" in lines(f"run/{run_id}/task/{task['taskId']}")
    assert f"run-{run_id} begins" in lines(f"run/{run_id}/engine")
    states = ("PENDING", "STARTING", "RUNNING", "STOPPING", "FAILED")
    told = [line for line in lines(f"run/{run_id}") if line.startswith("Run ")]
    assert told == [f"Run {run_id} {state}" for state in states]
    entries = [json.loads(line) for line in lines(f"manifest/run/{run_id}/{run['uuid']}")]
    assert entries[0]["failureReason"] == "RUN_TASK_FAILED"
    assert entries[0]["metrics"]["runningSeconds"] > 0
    assert entries[1]["metrics"] == {
        "cpusReserved": 2,
        "gpusReserved": 0,
        "memoryReservedGiB": 4,
    }


@pytest.mark.parametrize("tag", ["emulator:seconds", "emulator:fails"])
def test_tags_that_direct_a_life_keep_it_simulated(place, tag):
    run_id = place.start("sleep", tags={tag: "0" if tag.endswith("seconds") else "X"})
    control.advance(place.state, 10)
    assert place.ended(run_id)["status"] == ("COMPLETED" if tag.endswith("seconds") else "FAILED")


def test_what_has_no_definition_is_simulated(place):
    workflow = place.omics.create_workflow(name="nf", engine="NEXTFLOW", definitionUri="s3://x/y")
    run_id = place.start(workflow=workflow["id"])
    assert place.executions() == []
    control.advance(place.state, 10)
    assert place.ended(run_id)["status"] == "COMPLETED"


def test_a_killed_server_leaves_no_run_at_work(tmp_path):
    state = tmp_path / "state.db"
    with serving_at(state) as first:
        run_id = first.start("sleep")
        execution, sleeper = first.at_work(run_id)
        first.child.process.kill()
        first.child.process.wait(60)
        until(lambda: is_gone(sleeper), "the end of the task")
        until(lambda: is_gone(pid(execution["worker"])), "the end of the worker")
    with serving_at(state) as second:
        run = second.run(run_id)
    assert (run["status"], run["failureReason"]) == ("FAILED", "SERVICE_ERROR")


def test_a_server_that_ends_ends_its_runs(tmp_path):
    state = tmp_path / "state.db"
    with serving_at(state) as first:
        run_id = first.start("sleep")
        _, sleeper = first.at_work(run_id)
    assert is_gone(sleeper)
    with serving_at(state) as second:
        assert second.run(run_id)["failureReason"] == "SERVICE_ERROR"


def test_two_servers_on_one_state_file_execute_each_run_once(tmp_path):
    state = tmp_path / "state.db"
    with serving_at(state) as first, serving_at(state) as second:
        workflow = first.workflow()
        started = {
            run_id: place
            for place in (first, second)
            for run_id in [place.start(workflow=workflow) for _ in range(3)]
        }
        for run_id, place in started.items():
            assert second.ended(run_id)["status"] == "COMPLETED"
            keys = [key for key in place.objects() if key.split("/")[1] == run_id]
            assert len(keys) == 3
        homes = [{key.split("/")[1] for key in place.objects()} for place in (first, second)]
        assert homes[0] & homes[1] == set()


def test_a_server_that_can_start_no_container_says_so(tmp_path, capfd):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"executeTool": "podman"}))
    words = ("-m", "omics_provider.emulator", "--port", "0", "--execute", "--images", '{"*": "x"}')
    child = children.python(
        *words, "--state", tmp_path / "s.db", "--settings", settings, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": str(tmp_path)},
    )  # fmt: skip
    assert child.line("the URL").startswith("http://127.0.0.1:")
    child.stop()
    assert "podman is not on PATH" in capfd.readouterr().err


def test_images_without_execution_are_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "omics_provider.emulator", "--port", "0", "--images", "{}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "give --execute, too" in done.stderr
