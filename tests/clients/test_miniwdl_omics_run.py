"""miniwdl-omics-run makes a workflow of a WDL file and starts a run of it."""

import pytest

from tests.clients.conftest import COUNT, ROLE


@pytest.fixture
def start(world):
    (world.folder / "count.wdl").write_text(COUNT)

    def call(*words):
        run = world.python("miniwdl-omics-run")
        inputs = ("count.wdl", "reads=s3://bucket/reads.txt", "least=3")
        before = {run["id"] for run in listed(world)}
        world.good(run, *inputs, "--output-uri", "s3://bucket/out", *words)
        [made] = [run["id"] for run in listed(world) if run["id"] not in before]
        return world.served.omics.get_run(id=made)

    return call


def listed(world):
    return world.served.omics.list_runs()["items"]


def test_a_run_is_started_and_completes(world, start):
    omics = world.served.omics
    run = start("--role", "omics", "--name", "mine", "--tag", "team=lab", "--priority", "7")
    assert (run["name"], run["roleArn"], run["priority"]) == ("mine", ROLE, 7)
    assert run["parameters"] == {"reads": "s3://bucket/reads.txt", "least": 3}
    assert omics.list_tags_for_resource(resourceArn=run["arn"])["tags"]["team"] == "lab"
    world.advance(100_000)
    assert omics.get_run(id=run["id"])["status"] == "COMPLETED"
    assert [task["name"] for task in omics.list_run_tasks(id=run["id"])["items"]] == ["count"]


def test_the_second_run_uses_the_workflow_version_of_the_first(world, start):
    first, second = start("--role-arn", ROLE), start("--role-arn", ROLE)
    assert first["workflowId"] == second["workflowId"]
    assert first["workflowVersionName"] == second["workflowVersionName"]
    versions = world.served.omics.list_workflow_versions(workflowId=first["workflowId"])
    assert len(versions["items"]) == 1


def test_groups_and_caches_are_found_by_name(world, start):
    omics = world.served.omics
    group = omics.create_run_group(name="few", maxRuns=2)["id"]
    cache = omics.create_run_cache(name="kept", cacheS3Location="s3://bucket/cache")["id"]
    run = start(
        "--role", "omics", "--run-group", "few", "--cache", "kept", "--cache-behavior", "always"
    )
    assert (run["runGroupId"], run["cacheId"]) == (group, cache)
    assert run["cacheBehavior"] == "CACHE_ALWAYS"


def test_a_cache_without_a_name_is_too_much_for_it(world, start):
    """A bug of 0.8.0: it reads the name of every cache. This fails once a release has mended it."""
    omics = world.served.omics
    omics.create_run_cache(cacheS3Location="s3://bucket/nameless")
    omics.create_run_cache(name="kept", cacheS3Location="s3://bucket/cache")
    with pytest.raises(AssertionError, match="KeyError: 'name'"):
        start("--role", "omics", "--cache", "kept")


def test_the_old_naming_makes_a_workflow_by_digest(world, start):
    run = start("--role", "omics", "--legacy-workflow-name")
    assert "workflowVersionName" not in run
    name = world.served.omics.get_workflow(id=run["workflowId"])["name"]
    assert name.startswith("count_lines")
