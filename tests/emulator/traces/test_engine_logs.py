import re

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.traces.test_traces import streams

MINIWDL = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \((MainThread|TaskPool_\d+)\) (NOTICE|ERROR)"
    r" wdl\.w:Align(\.t:call-[\w-]+)? .+"
)


def engine_log(cloud, run):
    """The log of the engine in S3."""
    key = f"{run['runOutputUri'].removeprefix('s3://bucket-one/')}/logs/engine.log"
    body = cloud.other("s3").get_object(Bucket="bucket-one", Key=key)["Body"]
    return body.read().decode().splitlines()


def engine_stream(cloud, run):
    """The lines of the engine's stream, None where there is none."""
    return streams(cloud).get(f"run/{run['id']}/engine")


def test_a_completed_run_has_the_log_of_its_engine_in_s3_alone(cloud, run):
    started = run()
    cloud.advance(2)
    assert engine_stream(cloud, started) is None
    cloud.advance(10)
    assert engine_stream(cloud, started) is None
    lines = engine_log(cloud, started)
    assert [line for line in lines if not MINIWDL.fullmatch(line)] == []
    text = "\n".join(lines)
    assert 'workflow start :: name: "Align"' in lines[0]
    assert 'ready :: job: "call-count-1", callee: "count"' in text
    assert "wdl.w:Align.t:call-count-1 done" in text
    assert lines[-1].endswith("NOTICE wdl.w:Align done")


def test_a_failed_run_has_a_stream_of_its_engine_once_it_has_ended(cloud, run):
    started = run(tags={"emulator:fails": "RUN_TASK_FAILED"})
    cloud.advance(4)
    assert engine_stream(cloud, started) is None
    cloud.advance(10)
    lines = engine_stream(cloud, started)
    assert lines == engine_log(cloud, started)
    folder = f"/mnt/workflow/{started['id']}"
    failed, propagated = (line.partition(" ERROR ")[2] for line in lines if " ERROR " in line)
    assert failed == (
        f'wdl.w:Align.t:call-count-1 task count failed :: dir: "{folder}/call-count-1",'
        ' error: "CommandFailed"'
    )
    assert propagated == (
        f'wdl.w:Align call failure propagating :: from: "call-count-1", dir: "{folder}"'
    )


def test_a_run_that_failed_before_its_tasks_says_so_in_the_log_of_its_engine(cloud, run):
    started = run(tags={"emulator:fails": "IMPORT_FAILED"})
    cloud.advance(10)
    (_, failed) = engine_stream(cloud, started)
    assert "ERROR wdl.w:Align workflow Align failed" in failed
    assert failed.endswith('error: "IMPORT_FAILED"')


def test_a_cancelled_run_has_no_log_of_its_engine(cloud, run):
    started = run()
    cloud.advance(2)
    cloud.client().cancel_run(id=started["id"])
    cloud.advance(10)
    assert engine_stream(cloud, started) is None
    assert "Contents" not in cloud.other("s3").list_objects_v2(Bucket="bucket-one")


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ("NEXTFLOW", r"\w{3}-\d\d \d\d:\d\d:\d\d\.\d{3} \[.+\] (INFO |DEBUG|ERROR) .+"),
        ("CWL", r"(INFO|WARNING|ERROR) .+"),
    ],
)
def test_each_engine_has_its_own_form(cloud, engine, told):
    omics = cloud.client()
    workflow = omics.create_workflow(definitionUri="s3://bucket-one/w.zip", engine=engine)["id"]
    started = omics.start_run(
        workflowId=workflow,
        roleArn=ROLE,
        outputUri="s3://bucket-one/out",
        tags={"emulator:fails": "RUN_TASK_FAILED"},
    )
    cloud.advance(10)
    lines = engine_stream(cloud, started)
    assert len(lines) > 5
    assert [line for line in lines if not re.fullmatch(told, line)] == []
    assert "RUN_TASK_FAILED" in lines[-1]
