"""Provider methods against the emulator, with a clock that the tests turn.

Nothing here waits: whoever sleeps turns the clock, and with it the emulated time.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import pytest

from omics_provider.emulator import control
from omics_provider.emulator.doors import local
from omics_provider.emulator.world.settings import Settings as EmulatorSettings
from omics_provider.emulator.world.store import open_store
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.service import pacing, polling, start_loop
from tests.served import Served, serving

from .harness import (
    REGION,
    ROLE,
    RUN_SECONDS,
    Clock,
    Emulator,
    Recorded,
    Service,
    Up,
    bag,
    configured,
    next_update,
)


@pytest.fixture(scope="session")
def _clock() -> Iterator[Clock]:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for waiting in (polling.poll, start_loop.repeat, pacing.Pacer.__init__):
            defaults = waiting.__kwdefaults__
            assert {"sleep", "clock"} <= defaults.keys()
            patch.setitem(defaults, "sleep", clock.sleep)
            patch.setitem(defaults, "clock", clock.read)
        # botocore sleeps between its own tries.
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=clock.sleep))
        yield clock


@pytest.fixture(autouse=True)
def clock(_clock: Clock) -> Clock:
    _clock.slept.clear()
    _clock.also = lambda _: None
    return _clock


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reaches a real account, whatever the machine is set up for."""
    for name in (
        "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_OMICS",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture(autouse=True)
def _tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give tracebacks back: a provider's failure cuts them for the whole process, as it should.

    Pulumi's own program half reads the stack when a resource is made, and fails on an empty one.
    """
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)


@pytest.fixture(scope="session")
def _one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server of all modules: to start one takes more than most of their tests."""
    with serving(tmp_path_factory.mktemp("served") / "state.db") as served:
        yield served


@pytest.fixture(scope="module")
def server_anew(_one_server: Served) -> Served:
    """The emulator's server, with nothing in it when a module begins."""
    _one_server.forget()
    return _one_server


@pytest.fixture(scope="session")
def _emulator(tmp_path_factory: pytest.TempPathFactory) -> Emulator:
    state = str(tmp_path_factory.mktemp("emulator") / "state.db")
    client = boto3.client("omics", region_name=REGION, endpoint_url="http://127.0.0.1")
    local.attach(client, state, RUN_SECONDS)
    workflow = client.create_workflow(
        name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
    )["id"]
    return Emulator(state, client, workflow)


@pytest.fixture
def emulator(_emulator: Emulator, clock: Clock) -> Emulator:
    """The emulator without runs or faults, with default settings, its time standing still."""
    # A list has as many pages as there are runs: those of other tests must not add to them.
    with open_store(_emulator.state).transaction() as connection:
        connection.execute("DELETE FROM runs")
    control.plan_faults(_emulator.state, [])
    control.change_settings(_emulator.state, {**asdict(EmulatorSettings()), "speed": 0})
    _emulator.first = max((call["number"] for call in control.calls(_emulator.state)), default=0)
    clock.also = _emulator.advance
    next_update()
    return _emulator


@pytest.fixture
def config(emulator: Emulator) -> dict[str, str]:
    return {
        "omics:endpoint": "local",
        "omics:region": REGION,
        "omics:localState": emulator.state,
        "omics:localRunSeconds": str(RUN_SECONDS),
    }


@pytest.fixture
def provider(config: dict[str, str]) -> OmicsRunProvider:
    return configured(config)


@pytest.fixture
def declared(emulator: Emulator, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A declaration of this test's own."""
    return {
        "roleArn": ROLE,
        "outputUri": "s3://results/trio",
        "workflowId": emulator.workflow,
        "name": f"{request.module.__name__}.{request.node.name}"[-128:],
        "parameters": {"count": 3, "share": 0.5, "files": ["a", {"b": 1}]},
        "tags": {"sample": "HG002"},
        "priority": 7,
    }


@pytest.fixture
def up(provider: OmicsRunProvider) -> Up:
    """First up of a declaration, as the engine does it: check, then create."""

    def _up(inputs: Mapping[str, Any]) -> Recorded:
        checked = provider.check({}, bag(inputs))
        assert [(f.property, f.reason) for f in checked.failures] == []
        made = provider.create(bag(checked.inputs))
        return Recorded(made.id, dict(made.outs or {}))

    return _up


@pytest.fixture(scope="session")
def _service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.requests.append(f"{self.command} {self.path}")
            status, code, message = service.answer
            body = json.dumps({"message": message} if message else {}).encode()
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(_service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The endpoint, with credentials of nobody to sign with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    _service.requests.clear()
    return _service
