import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused
from tests.emulator.workflows.test_workflows import zipped

SCATTERED = """
version 1.0
workflow Greet {
  input {
    Array[String] names = ["ada", "bob", "cy"]
    Array[Array[File]] lanes = []
    Int many = 2
  }
  Array[String] same = names
  scatter (name in names) { call greet { input: name = name } }
  scatter (i in range(length(same))) { call count { input: number = i } }
  scatter (i in range(many)) { call repeat { input: number = i } }
  scatter (pair in zip(names, names)) { if (many > 0) { call both { input: name = pair.left } } }
  scatter (lane in lanes) { scatter (file in lane) { call read { input: file = file } } }
  call split
  scatter (part in split.parts) { call work { input: name = part } }
  scatter (line in greet.line) { call after { input: name = line } }
  output { Array[String] lines = greet.line }
}
task greet { input { String name } command { } output { String line = "x" } }
task count { input { Int number } command { } }
task repeat { input { Int number } command { } }
task both { input { String name } command { } }
task read { input { File file } command { } }
task split { command { } output { Array[String] parts = [] } }
task work { input { String name } command { } }
task after { input { String name } command { } }
"""


# Through one door: the tasks are made behind all of them, and so many take seconds.
WIDE = pytest.mark.parametrize("world", ["local"], indirect=True)


@pytest.fixture
def scattered(world, omics):
    """Starts a run of a workflow with scatters and gives the names of its tasks, by call."""
    workflow = omics.create_workflow(definitionZip=zipped(main_wdl=SCATTERED))["id"]

    def names(**parameters):
        run = omics.start_run(
            workflowId=workflow, roleArn=ROLE, outputUri="s3://bucket", parameters=parameters
        )
        world.advance(10)
        pages = omics.get_paginator("list_run_tasks").paginate(id=run["id"])
        found = {}
        for task in [item for page in pages for item in page["items"]]:
            found.setdefault(task["name"].partition("-")[0], []).append(task["name"])
        return found

    return names


def test_a_scatter_over_an_input_has_a_task_for_each_element_of_the_parameters(scattered):
    found = scattered(names=["eve", "fay"])
    assert found["greet"] == ["greet-0-eve", "greet-1-fay"]
    assert found["count"] == ["count-0", "count-1"]
    assert len(found["both"]) == 2
    assert found["after"] == ["after-0", "after-1"]


def test_a_scatter_goes_over_the_default_where_the_run_gives_none(scattered):
    found = scattered()
    assert found["greet"] == ["greet-0-ada", "greet-1-bob", "greet-2-cy"]
    assert found["repeat"] == ["repeat-0", "repeat-1"]
    assert "read" not in found


def test_a_number_among_the_parameters_counts_the_tasks(scattered):
    assert len(scattered(many=11)["repeat"]) == 11
    assert scattered(many=11)["repeat"][0] == "repeat-00"


def test_a_scatter_over_what_only_the_run_knows_has_two_tasks(scattered):
    assert scattered()["work"] == ["work-0", "work-1"]


def test_scatters_in_scatters_have_an_index_each(scattered):
    lanes = [["s3://b/x/L1_R1.fq", "s3://b/x/L1_R2.fq"], ["s3://b/x/L2_R1.fq"]]
    found = scattered(lanes=lanes)["read"]
    assert [name.split("-")[1] for name in found] == ["0", "0", "1"]
    assert [name.split("-", 3)[3] for name in found] == ["0-L1_R1", "1-L1_R2", "0"]


def test_what_all_elements_have_in_common_is_not_in_the_names(scattered):
    files = [f"s3://bucket/reads/sample_{name}.fastq.gz" for name in ("a", "b")]
    assert scattered(names=files)["greet"] == ["greet-0-sample_a", "greet-1-sample_b"]


@WIDE
def test_every_task_of_a_wide_scatter_has_an_id_of_its_own(world, omics, scattered):
    scattered(many=700)
    (run, *_) = omics.list_runs()["items"]
    pages = omics.get_paginator("list_run_tasks").paginate(id=run["id"])
    ids = [item["taskId"] for page in pages for item in page["items"]]
    assert len(set(ids)) == len(ids) > 700


@WIDE
def test_a_scatter_has_a_thousand_tasks_at_most(scattered):
    assert len(scattered(many=5000)["repeat"]) == 1000


def test_a_workflow_whose_scatters_are_empty_completes_without_tasks(world, omics):
    wdl = """
version 1.0
workflow Empty {
  input { Array[String] names }
  scatter (name in names) { call greet { input: name = name } }
}
task greet { input { String name } command { } }
"""
    workflow = omics.create_workflow(definitionZip=zipped(main_wdl=wdl))["id"]
    run = omics.start_run(
        workflowId=workflow, roleArn=ROLE, outputUri="s3://bucket", parameters={"names": []}
    )
    world.advance(10)
    assert omics.get_run(id=run["id"])["status"] == "COMPLETED"
    assert omics.list_run_tasks(id=run["id"])["items"] == []


@pytest.mark.parametrize(
    ("engine", "names"),
    [
        (
            "NEXTFLOW",
            ["PREPARE", "ALIGN (sample_1)", "ALIGN (sample_2)", "CALL_VARIANTS", "REPORT"],
        ),
        ("CWL", ["prepare", "align", "align_2", "call_variants", "report"]),
        ("WDL", ["prepare", "align", "sort", "call_variants", "report"]),
    ],
)
def test_tasks_that_are_not_known_are_named_as_the_engine_names_them(world, omics, engine, names):
    workflow = omics.create_workflow(definitionUri="s3://bucket/w.zip", engine=engine)["id"]
    run = omics.start_run(workflowId=workflow, roleArn=ROLE, outputUri="s3://bucket")
    world.advance(10)
    assert [task["name"] for task in omics.list_run_tasks(id=run["id"])["items"]] == names


# Retries -----------------------------------------------------------------------------------------


@pytest.fixture
def ended(world, omics):
    """Starts a run of an engine with tags and gives its status and tasks once it has ended."""

    def end(engine, **tags):
        workflow = omics.create_workflow(definitionUri="s3://bucket/w.zip", engine=engine)["id"]
        run = omics.start_run(
            workflowId=workflow,
            roleArn=ROLE,
            outputUri="s3://bucket",
            tags={f"emulator:{name}": value for name, value in tags.items()},
        )
        world.advance(10)
        status = omics.get_run(id=run["id"])["status"]
        return status, omics.list_run_tasks(id=run["id"])["items"]

    return end


@pytest.mark.parametrize(("engine", "tries"), [("WDL", 3), ("CWL", 3), ("NEXTFLOW", 1)])
def test_a_task_that_the_service_failed_is_tried_twice_again(ended, engine, tries):
    status, tasks = ended(engine, fails="SERVICE_ERROR")
    assert status == "FAILED"
    broken = [task for task in tasks if task["status"] == "FAILED"]
    assert [task["name"].lower() for task in broken] == ["report"] * tries
    assert len({task["taskId"] for task in tasks}) == len(tasks) == 4 + tries
    times = [time for task in broken for time in (task["creationTime"], task["stopTime"])]
    assert times == sorted(times)


def test_other_failures_are_final(ended):
    _, tasks = ended("WDL", fails="RUN_TASK_FAILED")
    assert [task["status"] for task in tasks].count("FAILED") == 1


def test_a_run_completes_whose_task_is_tried_again_in_time(ended):
    status, tasks = ended("CWL", retries="1")
    assert status == "COMPLETED"
    assert [(task["name"], task["status"]) for task in tasks[-2:]] == [
        ("report", "FAILED"),
        ("report", "COMPLETED"),
    ]


def test_the_failed_tries_tell_their_reason(world, omics, ended):
    _, tasks = ended("WDL", retries="2")
    (run,) = omics.list_runs()["items"]
    told = [
        omics.get_run_task(id=run["id"], taskId=task["taskId"]).get("failureReason")
        for task in tasks[-3:]
    ]
    assert told == ["SERVICE_ERROR", "SERVICE_ERROR", None]


def test_a_cancelled_run_tries_nothing_again(world, omics):
    workflow = omics.create_workflow(definitionUri="s3://bucket/w.zip", engine="WDL")["id"]
    run = omics.start_run(
        workflowId=workflow,
        roleArn=ROLE,
        outputUri="s3://bucket",
        tags={"emulator:retries": "2", "emulator:seconds": "100"},
    )
    world.advance(70)
    omics.cancel_run(id=run["id"])
    world.advance(10)
    tasks = omics.list_run_tasks(id=run["id"])["items"]
    assert [task["status"] for task in tasks if task["name"] == "report"] == ["CANCELLED"]


@pytest.mark.parametrize(("engine", "tries"), [("WDL", "3"), ("WDL", "x"), ("NEXTFLOW", "1")])
def test_a_number_of_retries_that_cannot_be_is_refused(ended, engine, tries):
    assert "emulator:retries" in refused("ValidationException", ended, engine=engine, retries=tries)


# Start-up times ----------------------------------------------------------------------------------


def test_start_up_takes_as_long_as_the_setting_says_whatever_the_run_s_length(world, omics, start):
    world.settings(startupSeconds=570)
    for seconds in ("5", "1000"):
        run_id = start(tags={"emulator:seconds": seconds})["id"]
        world.advance(569)
        assert omics.get_run(id=run_id)["status"] == "STARTING"
        world.advance(2)
        assert omics.get_run(id=run_id)["status"] == "RUNNING"


def test_a_task_starts_up_half_as_long(world, omics, start):
    world.settings(startupSeconds=570)
    run_id = start(tags={"emulator:seconds": "5"})["id"]
    world.advance(10_000)
    run = omics.get_run(id=run_id)
    assert run["status"] == "COMPLETED"
    tasks = omics.list_run_tasks(id=run_id)["items"]
    waits = [(task["startTime"] - task["creationTime"]).total_seconds() for task in tasks]
    assert waits == [pytest.approx(285)] * 5
    assert max(task["stopTime"] for task in tasks) <= run["stopTime"]
    assert min(task["creationTime"] for task in tasks) == run["startTime"]


def test_the_start_up_of_a_run_that_waits_begins_when_there_is_room(world, omics, start):
    world.settings(startupSeconds=100, maxConcurrentRuns=1)
    first, second = start()["id"], start()["id"]
    world.advance(99)
    omics.cancel_run(id=first)
    world.advance(20)
    assert omics.get_run(id=second)["status"] == "PENDING"
    world.advance(81)
    assert omics.get_run(id=second)["status"] == "RUNNING"


def test_the_waiters_of_the_service_see_a_run_and_a_task_at_work(world, omics, start, monkeypatch):
    """They ask each 30 seconds and take STOPPING and COMPLETED for still waiting."""
    monkeypatch.setattr("botocore.waiter.time.sleep", world.advance)
    world.settings(startupSeconds=300, runSeconds=600)
    run_id = start()["id"]
    omics.get_waiter("run_running").wait(id=run_id)
    assert omics.get_run(id=run_id)["status"] == "RUNNING"
    (task, *_) = omics.list_run_tasks(id=run_id)["items"]
    omics.get_waiter("task_running").wait(id=run_id, taskId=task["taskId"])
    assert omics.get_run_task(id=run_id, taskId=task["taskId"])["status"] == "RUNNING"
    omics.get_waiter("task_completed").wait(id=run_id, taskId=task["taskId"])
