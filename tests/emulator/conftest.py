import json
import os
import urllib.request
from dataclasses import dataclass
from unittest import mock

import boto3
import moto
import pytest
from botocore.config import Config

from omics_provider.emulator import control, install
from omics_provider.emulator.doors.local import attach
from tests.served import serving

from .checking import check_answer

REGION = "us-east-1"
# Made after moto is loaded, so that its clients can be mocked; shared, because loading the model
# of the service for each client is what takes the most time.
SESSION = boto3.Session()
CLIENTS = {}
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
ROLE = "arn:aws:iam::123456789012:role/omics"


@dataclass
class World:
    """One emulator behind one door: clients of it, and its state for `control`."""

    door: str
    state: object
    url: str | None = None

    def client(self, region=REGION, retries=0, **config):
        """An omics client whose every answer is checked."""
        key = (self.door, str(self.state), self.url, region, retries, *sorted(config.items()))
        if key not in CLIENTS:
            CLIENTS[key] = self.made(region, retries, config)
        return CLIENTS[key]

    def client_of(self, account):
        """A client of another account."""
        key = (self.door, str(self.state), self.url, account)
        if key not in CLIENTS:
            with mock.patch.dict(os.environ, {"MOTO_ACCOUNT_ID": account}):
                CLIENTS[key] = self.made(REGION, 0, {})
            CLIENTS[key].meta.events.register(
                "before-sign.omics",
                lambda request, **_: request.headers.add_header("x-moto-account-id", account),
            )
        return CLIENTS[key]

    def made(self, region, retries, config):
        made = SESSION.client(
            "omics",
            region_name=region,
            endpoint_url=self.url,
            config=Config(
                parameter_validation=False,
                inject_host_prefix=self.door != "server",
                retries={"total_max_attempts": retries + 1, "mode": "standard"},
                **config,
            ),
            **({} if self.door == "local" else KEYS),
        )
        if self.door == "local":
            attach(made, self.state)
        made.meta.events.register("after-call.omics", check_answer)
        return made

    def other(self, service):
        """A client of another of moto's services, where the door has them."""
        return SESSION.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            config=Config(s3={"addressing_style": "path"}),
            **KEYS,
        )

    def settings(self, **changes):
        return control.change_settings(self.state, changes)

    def faults(self, *plans):
        return control.plan_faults(self.state, plans)

    def calls(self, operation=None):
        return control.calls(self.state, operation=operation)

    def advance(self, seconds):
        return control.advance(self.state, seconds)

    def post(self, path, document):
        request = urllib.request.Request(self.url + path, json.dumps(document).encode())
        with urllib.request.urlopen(request) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "state.db") as served:
        yield served


@pytest.fixture(scope="session")
def local_state(tmp_path_factory):
    return str(tmp_path_factory.mktemp("local") / "state.db")


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("AWS_", "OMICS_EMULATOR_", "MOTO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def local_world(state):
    control.reset(state)
    yield World("local", state)


def mocked_world():
    store = install()
    control.reset(store)
    with moto.mock_aws():
        yield World("mock_aws", store)


def served_world(server):
    world = World("server", server.state, server.url)
    world.post("/_omics/reset", {})
    yield world


def made(door, request):
    if door == "server":
        return served_world(request.getfixturevalue("server"))
    if door == "mock_aws":
        return mocked_world()
    return local_world(request.getfixturevalue("local_state"))


@pytest.fixture(params=["local", "mock_aws", "server"])
def world(request):
    """The emulator behind each of its doors, its time standing still."""
    worlds = made(request.param, request)
    opened = next(worlds)
    opened.settings(speed=0)
    yield opened
    worlds.close()


@pytest.fixture(params=["mock_aws", "server"])
def moto_world(request):
    """The doors that have moto's other services beside omics."""
    worlds = made(request.param, request)
    opened = next(worlds)
    opened.settings(speed=0)
    yield opened
    worlds.close()


@pytest.fixture
def omics(world):
    return world.client()


@pytest.fixture
def workflow(omics):
    """The id of a private workflow that takes any parameters."""
    return omics.create_workflow(name="any", engine="NEXTFLOW", definitionUri="s3://bucket/w.zip")[
        "id"
    ]


@pytest.fixture
def start(omics, workflow):
    """Starts a run of the private workflow."""

    def start_run(**inputs):
        return omics.start_run(
            **{
                "workflowId": workflow,
                "roleArn": ROLE,
                "outputUri": "s3://bucket/out",
                **inputs,
            }
        )

    return start_run
