import json
import time
import urllib.request
from pathlib import Path

import boto3
import moto
import psutil
import pytest
from botocore.config import Config

from omics_provider.emulator import control, install
from omics_provider.emulator.doors import local
from omics_provider.emulator.world.store import open_store
from tests.emulator.conftest import KEYS, REGION, ROLE
from tests.emulator.workflows.test_workflows import zipped
from tests.served import serving

FAKE = "tests.emulator.execution.fake_runner"
WDL = """
version 1.0
workflow wf {
  input {
    String does = ""
    Array[File] files = []
    String text = ""
  }
}
"""
LIMIT = 60.0
BUCKET = "bucket-one"


@pytest.fixture(autouse=True)
def _fake_runner(monkeypatch, _no_outside_settings):
    monkeypatch.setenv("OMICS_EMULATOR_RUNNER", FAKE)


def until(check, what, seconds=LIMIT):
    """Wait for what comes; it gives what the check gives."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(0.05)
    return found


class Place:
    """An emulator that executes, behind one of its doors."""

    def __init__(self, door, state, url=None, buckets=None):
        self.door, self.state, self.url, self.buckets = door, str(state), url, buckets
        self.omics = self.made("omics", inject_host_prefix=door == "mock_aws")
        if door == "local":
            execution = local.execution(None, json.dumps(buckets or {}), Path(state).parent)
            local.attach(self.omics, state, 5.0, execution)

    def made(self, service, **config):
        keys = {} if self.door == "local" else KEYS
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.url, config=Config(**config), **keys
        )

    @property
    def s3(self):
        client = self.made("s3", s3={"addressing_style": "path"})
        if self.door == "local":
            local.attach_s3(client, self.state, self.buckets)
        return client

    def put(self, key, text):
        if self.door == "local":
            path = Path(f"{self.state}.files", "s3", BUCKET, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        else:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
        return f"s3://{BUCKET}/{key}"

    def text(self, uri):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    def objects(self):
        return {each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())}

    def forget(self):
        """Have the server forget everything; the bucket is there, and empty."""
        urllib.request.urlopen(f"{self.url}/_omics/reset", b"{}", timeout=LIMIT).close()
        self.s3.create_bucket(Bucket=BUCKET)

    def workflow(self):
        return self.omics.create_workflow(
            name="wf", engine="WDL", definitionZip=zipped(main_wdl=WDL)
        )["id"]

    def start(self, does="", workflow=None, **more):
        parameters = {"does": does, **more.pop("parameters", {})}
        return self.omics.start_run(
            **{
                "workflowId": workflow or self.workflow(),
                "roleArn": ROLE,
                "outputUri": f"s3://{BUCKET}/out",
                "parameters": parameters,
                **more,
            }
        )["id"]

    def run(self, run_id):
        return self.omics.get_run(id=run_id)

    def ended(self, run_id):
        def look():
            run = self.run(run_id)
            return run if run["status"] in ("COMPLETED", "FAILED", "CANCELLED") else None

        return until(look, f"the end of run {run_id}")

    def tasks(self, run_id):
        return self.omics.list_run_tasks(id=run_id)["items"]

    def executions(self):
        with open_store(self.state).reading() as connection:
            return [dict(row) for row in connection.execute("SELECT * FROM executions")]

    def at_work(self, run_id):
        """Wait until a run's worker sleeps, and give the worker's row and the sleeper's pid."""

        def look():
            tasks = self.tasks(run_id)
            found = self.executions()
            if not any(each["name"] == "sleeps" for each in tasks) or not found:
                return None
            path = Path(found[0]["folder"], "child")
            return (found[0], int(path.read_text())) if path.exists() and path.read_text() else None

        return until(look, "a worker at work")


def pid(identity):
    return int(identity.split()[0])


def is_gone(number):
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def served(tmp_path):
    with serving_at(tmp_path / "state.db") as place:
        yield place


def serving_at(state, *options):
    return _Serving(state, options)


class _Serving:
    def __init__(self, state, options):
        self.state, self.options = state, options

    def __enter__(self):
        self.served = serving(
            self.state, "--execute", *self.options, environment={"OMICS_EMULATOR_RUNNER": FAKE}
        )
        found = self.served.__enter__()
        place = Place("server", self.state, found.url)
        place.child = found.child
        place.s3.create_bucket(Bucket=BUCKET)
        return place

    def __exit__(self, *error):
        return self.served.__exit__(*error)


@pytest.fixture(scope="session")
def server_that_executes(tmp_path_factory):
    with serving_at(tmp_path_factory.mktemp("executing") / "state.db") as found:
        yield found


@pytest.fixture(params=["local", "mock_aws", "server"])
def place(request, tmp_path):
    if request.param == "server":
        found = request.getfixturevalue("server_that_executes")
        found.forget()
        yield found
        until(lambda: not found.executions(), "the end of all runs")
    elif request.param == "local":
        found = Place("local", tmp_path / "state.db")
        yield found
        until(lambda: not found.executions(), "the end of all runs")
    else:
        store = install(tmp_path / "state.db", execute=True)
        control.reset(store)
        with moto.mock_aws():
            found = Place("mock_aws", tmp_path / "state.db")
            found.s3.create_bucket(Bucket=BUCKET)
            yield found
        install(":memory:")
