import json

from tests.emulator.conftest import ROLE
from tests.emulator.traces.test_traces import streams
from tests.emulator.workflows.test_workflows import GOOD, zipped


def manifest(cloud, run):
    """The entries of a run's manifest: its own, and its tasks'."""
    (lines,) = [
        found
        for name, found in streams(cloud).items()
        if name.startswith(f"manifest/run/{run['id']}")
    ]
    entries = [json.loads(line) for line in lines]
    return entries[0], entries[1:]


def nulls(entry):
    return [name for name, value in entry.items() if value is None]


def test_a_manifest_has_the_members_that_readers_of_the_service_know(cloud, run):
    started = run(storageType="STATIC")
    cloud.advance(10)
    ended = cloud.client().get_run(id=started["id"])
    own, tasks = manifest(cloud, started)
    assert set(own) == {
        *("arn", "creationTime", "digest", "metrics", "name", "outputUri", "parameterTemplate"),
        *("parameters", "resourceDigests", "roleArn", "startTime", "startedBy", "status"),
        *("stopTime", "storageCapacity", "storageType", "uuid", "workflow"),
    }
    assert own["startedBy"] == ended["startedBy"]
    assert own["resourceDigests"] == ended["resourceDigests"]
    assert own["parameterTemplate"]["reads"] == {"description": "FASTQ files", "optional": False}
    assert own["workflow"].endswith(f":workflow/{ended['workflowId']}")
    for task in tasks:
        assert set(task) == {
            *("arn", "cpus", "creationTime", "gpus", "instanceType", "memory", "metrics", "name"),
            *("run", "startTime", "status", "stopTime", "uuid", "workflow"),
        }
        assert task["workflow"] == own["workflow"]
        assert task["run"] == own["arn"]
    assert [nulls(entry) for entry in (own, own["metrics"], *tasks)] == [[]] * (2 + len(tasks))


def test_a_manifest_tells_why_a_run_failed(cloud, run):
    started = run(tags={"emulator:fails": "RUN_TASK_FAILED"}, name="broken")
    cloud.advance(10)
    omics = cloud.client()
    ended = omics.get_run(id=started["id"])
    own, tasks = manifest(cloud, started)
    assert own["failureReason"] == "RUN_TASK_FAILED"
    assert own["statusMessage"] == ended["statusMessage"]
    (broken,) = [task for task in tasks if task["status"] == "FAILED"]
    task_id = broken["arn"].rpartition("/")[2]
    told = omics.get_run_task(id=started["id"], taskId=task_id)
    assert broken["failureReason"] == told["failureReason"]
    assert broken["statusMessage"] == told["statusMessage"]
    assert not [task for task in tasks if task is not broken and "failureReason" in task]


def test_a_run_without_a_name_and_with_dynamic_storage_has_no_nulls(cloud, run):
    omics = cloud.client()
    workflow = omics.create_workflow(definitionUri="s3://bucket-one/w.zip", engine="CWL")["id"]
    started = omics.start_run(
        workflowId=workflow,
        roleArn=ROLE,
        outputUri="s3://bucket-one/out",
        storageType="DYNAMIC",
    )
    cloud.advance(10)
    own, _ = manifest(cloud, started)
    assert not {"name", "parameters", "failureReason", "storageCapacity"} & set(own)
    assert "storageReservedGiB" not in own["metrics"]
    assert nulls(own) == []


def test_a_cached_task_has_no_times_in_the_manifest(cloud, run):
    omics = cloud.client()
    cache = omics.create_run_cache(
        cacheS3Location="s3://bucket-one/cache", cacheBehavior="CACHE_ALWAYS", requestId="c"
    )["id"]
    run(cacheId=cache)
    cloud.advance(10)
    again = run(cacheId=cache, name="again")
    cloud.advance(10)
    own, tasks = manifest(cloud, again)
    assert {"creationTime", "startTime", "stopTime"} <= set(own)
    assert len(tasks) == 3
    for task in tasks:
        assert not {"creationTime", "startTime", "stopTime"} & set(task)
        assert task["metrics"] == {}


def test_a_cache_has_a_log_of_what_was_found_and_kept(cloud, run):
    omics = cloud.client()
    cache = omics.create_run_cache(
        cacheS3Location="s3://bucket-one/cache", cacheBehavior="CACHE_ALWAYS", requestId="c"
    )["id"]
    first = run(cacheId=cache)
    cloud.advance(10)
    second = run(cacheId=cache, name="again")
    cloud.advance(10)
    ((name, lines),) = [
        (name, found) for name, found in streams(cloud).items() if name.startswith("runCache/")
    ]
    _, cache_id, uuid = name.split("/")
    assert cache_id == cache
    events = [json.loads(line) for line in lines]
    assert sorted(
        (event["run"] == second["id"], event["event"], event["name"]) for event in events
    ) == [
        *((False, "CACHE_ENTRY_CREATED", name) for name in ("count-0", "count-1", "map")),
        *((False, "CACHE_MISS", name) for name in ("count-0", "count-1", "map")),
        *((True, "CACHE_HIT", name) for name in ("count-0", "count-1", "map")),
    ]
    kept = {e["name"]: e["cacheS3Uri"] for e in events if e["event"] == "CACHE_ENTRY_CREATED"}
    hits = {e["name"]: e["cacheS3Uri"] for e in events if e["event"] == "CACHE_HIT"}
    assert kept == hits
    assert all(
        uri.startswith(f"s3://bucket-one/cache/{uuid}/{first['id']}/") for uri in hits.values()
    )
    listed = omics.list_run_tasks(id=second["id"])["items"]
    assert {task["name"]: task["cacheS3Uri"] for task in listed} == hits


def test_a_run_that_wants_no_logs_leaves_none_of_its_cache(cloud, run):
    cache = cloud.client().create_run_cache(cacheS3Location="s3://bucket-one/cache", requestId="c")
    run(cacheId=cache["id"], logLevel="OFF")
    cloud.advance(10)
    assert streams(cloud) == {}


def test_a_manifest_names_the_image_of_each_shard(cloud):
    omics = cloud.client()
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tools:1"
    wdl = GOOD.replace("command { } }", f'command {{ }} runtime {{ docker: "{image}" }} }}')
    workflow = omics.create_workflow(definitionZip=zipped(main_wdl=wdl))["id"]
    started = omics.start_run(
        workflowId=workflow,
        roleArn=ROLE,
        outputUri="s3://bucket-one/out",
        parameters={"reads": "s3://bucket-one/reads"},
    )
    cloud.advance(10)
    _, tasks = manifest(cloud, started)
    assert {task["name"]: task.get("image") for task in tasks} == {
        "map": None,
        "count-0": image,
        "count-1": image,
    }
