"""aws-healthomics-tools analyse a run that has completed, and run it again."""

import csv
import json

import pytest


@pytest.fixture
def tool(world):
    """Call one of its modules."""

    def call(name, *words):
        return world.good(world.python("python"), "-m", f"omics.cli.{name}", *words)

    return call


def test_run_analyzer_tells_a_cost_for_the_run_and_each_task(world, tool):
    run = world.run()
    tool("run_analyzer", run, "--out=cost.csv")
    with (world.folder / "cost.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["type"] for row in rows] == ["run", "task"]
    assert [row["name"] for row in rows] == ["first", "count"]
    assert all(float(row["estimatedUSD"]) > 0 for row in rows)
    assert rows[1]["omicsInstanceTypeReserved"] == "omics.c.large"


def test_run_analyzer_shows_the_manifest(world, tool):
    run = world.run()
    shown = json.loads(tool("run_analyzer", run, "--show"))
    assert [each["name"] for each in shown] == ["first", "count"]


def test_run_analyzer_draws_a_timeline(world, tool):
    run = world.run()
    heads, task = csv.reader(tool("run_analyzer", "--timeline", run).splitlines())
    assert heads == ["resource", "pending", "starting", "running"]
    assert "name=count,cpus=2,memory=4" in task[0]
    assert float(task[3]) > 0


def test_run_analyzer_plots(world, tool):
    run = world.run()
    tool("run_analyzer", run, "--plot=plots")
    [page] = (world.folder / "plots").glob("*.html")
    assert "count" in page.read_text()


def test_run_analyzer_lists_and_sums_runs(world, tool):
    first, second = world.run(), world.run(name="second")
    listing = tool("run_analyzer", "--time=1day")
    assert first in listing
    assert second in listing
    tool("run_analyzer", "--batch", first, second, "--out=batch.csv")
    with (world.folder / "batch.csv").open() as file:
        assert "count" in file.read()


def test_rerun_starts_the_run_again(world, tool):
    omics = world.served.omics
    run = world.run()
    world.served.client("s3").put_object(Bucket="bucket", Key="other.txt", Body=b"c\n")
    tool("rerun", run, "--name=again", "--parameter=reads=s3://bucket/other.txt")
    [made] = [each["id"] for each in omics.list_runs()["items"] if each["id"] != run]
    world.advance(100_000)
    again = omics.get_run(id=made)
    assert (again["name"], again["status"]) == ("again", "COMPLETED")
    assert again["workflowId"] == omics.get_run(id=run)["workflowId"]
    assert again["parameters"]["reads"] == "s3://bucket/other.txt"


def test_a_dry_rerun_starts_nothing(world, tool):
    run = world.run()
    assert "s3://bucket/reads.txt" in tool("rerun", run, "--dry-run")
    assert [each["id"] for each in world.served.omics.list_runs()["items"]] == [run]
