"""Pulumi's host of Python dynamic providers, started and spoken to as the engine does.

Canaries: the provider reaches into the host for what its methods are not told. These tests say so
first when a new release of Pulumi no longer has it there.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from omics_provider.base import errors, identity
from omics_provider.emulator import control
from omics_provider.providers import _host
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.rules.run_table import TABLE
from tests import children
from tests.provider.harness import REGION, ROLE, Inputs

URN = "urn:pulumi:prod::omics-runs::pulumi-python:dynamic/omics:Run::"
PLAIN = ("-m", "pulumi.dynamic")
RUN_HOST = "import runpy; runpy.run_module('pulumi.dynamic', run_name='__main__')"


def struct(properties: Inputs) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


class Host:
    """One plugin process and the engine's side of the conversation."""

    def __init__(self, folder: Path, arguments: tuple[str, ...] = PLAIN) -> None:
        self.state = str(folder / "state.db")
        self._provider = serialize_provider(OmicsRunProvider())
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        self._child = children.python(
            *arguments,
            cwd=folder,
            env={
                **environment,
                "PULUMI_PROJECT": "omics-runs",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        port = self._child.line("the host's port")
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def configure(self, **more: str) -> None:
        config = {
            "omics:endpoint": "local",
            "omics:region": REGION,
            "omics:localState": self.state,
            "omics:localRunSeconds": "1",
            **more,
        }
        self.stub.Configure(provider_pb2.ConfigureRequest(args=struct(config)))

    def bag(self, properties: Inputs) -> struct_pb2.Struct:
        return struct({**properties, "__provider": self._provider})

    def check(self, name: str, olds: Inputs, news: Inputs, seed: bytes = b"") -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=URN + name,
                olds=self.bag(olds) if olds else None,
                news=self.bag(news),
                randomSeed=seed,
            )
        )

    def create(self, name: str, inputs: struct_pb2.Struct) -> Any:
        return self.stub.Create(provider_pb2.CreateRequest(urn=URN + name, properties=inputs))

    def up(self, name: str, news: Inputs, seed: bytes = b"seed") -> Any:
        return self.create(name, self.check(name, {}, news, seed).inputs)

    def delete(self, name: str, made: Any, timeout: float = 0) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=made.id, urn=URN + name, properties=made.properties, timeout=timeout
            )
        )

    def close(self) -> None:
        self._channel.close()
        self._child.stop()


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    made = Host(tmp_path_factory.mktemp("host"))
    made.configure()
    yield made
    made.close()


Start = Callable[[str], Host]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the host in a process that has run some lines before."""
    started: list[Host] = []

    def _start(lines: str) -> Host:
        started.append(Host(tmp_path, ("-c", f"{lines}\n{RUN_HOST}")))
        started[-1].configure()
        return started[-1]

    yield _start
    for each in started:
        each.close()


def workflow(state: str) -> str:
    """A Ready2Run workflow needs no set-up; the emulator checks its parameters only if told to."""
    control.change_settings(state, {"parameterCheck": "off"})
    return "9500764"


def declaration(plugin: Host, **more: Any) -> Inputs:
    return {
        "roleArn": ROLE,
        "outputUri": "s3://results/trio",
        "workflowId": workflow(plugin.state),
        "workflowType": "READY2RUN",
        "parameters": {"count": 3.0},
        **more,
    }


def told(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """What the engine, which reads the status from the trailing metadata, tells the user."""
    trailing = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    return error.code(), status.message


def fails(call: Callable[[], Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


# What the frames give ------------------------------------------------------------------------


def test_check_is_told_the_random_seed(plugin: Host) -> None:
    for seed in (b"one", b"two"):
        checked = plugin.check("seeded", {}, declaration(plugin), seed)
        assert list(checked.failures) == []
        assert checked.inputs["__attempt"] == identity.attempt(seed)


def test_a_second_check_keeps_the_attempt(plugin: Host) -> None:
    first = plugin.check("kept", {}, declaration(plugin), b"one")
    olds = rpc.deserialize_properties(first.inputs)
    second = plugin.check("kept", olds, declaration(plugin), b"two")
    assert second.inputs["__attempt"] == identity.attempt(b"one")


def test_create_is_told_the_urn(plugin: Host) -> None:
    inputs = plugin.check("HG002", {}, declaration(plugin), b"seed").inputs
    made = plugin.create("HG002", inputs)
    expected = identity.request_id(URN + "HG002", rpc.deserialize_properties(inputs), TABLE)
    assert made.properties["requestId"] == expected
    assert expected != identity.request_id("", rpc.deserialize_properties(inputs), TABLE)


def test_the_same_create_twice_is_one_run_another_resource_is_another(plugin: Host) -> None:
    runs = [plugin.up(name, declaration(plugin)) for name in ("a", "a", "b")]
    assert runs[0].id == runs[1].id != runs[2].id
    assert plugin.up("a", declaration(plugin), seed=b"later").id not in {run.id for run in runs}


def test_delete_is_told_its_timeout(plugin: Host) -> None:
    made = plugin.up("slow", declaration(plugin, tags={"emulator:stopping": "5000"}))
    begin = time.monotonic()
    code, text = told(fails(lambda: plugin.delete("slow", made, timeout=1.0)))
    assert time.monotonic() - begin < 60  # 20 minutes by default
    assert code is grpc.StatusCode.UNKNOWN
    assert text.startswith(
        f"Delete for run slow failed: run {made.id} is still STOPPING 1 s after its cancellation."
    )


def test_a_whole_life(plugin: Host) -> None:
    made = plugin.up("life", declaration(plugin))
    assert made.properties["status"] == "PENDING"
    read = plugin.stub.Read(
        provider_pb2.ReadRequest(id=made.id, urn=URN + "life", properties=made.properties)
    )
    assert read.id == made.id
    assert read.properties["uuid"] == made.properties["uuid"]
    same = plugin.check("life", rpc.deserialize_properties(made.properties), declaration(plugin))
    diff = plugin.stub.Diff(
        provider_pb2.DiffRequest(
            id=made.id, urn=URN + "life", olds=made.properties, news=same.inputs
        )
    )
    assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE
    plugin.delete("life", made)
    gone = plugin.stub.Read(
        provider_pb2.ReadRequest(id=made.id, urn=URN + "life", properties=made.properties)
    )
    assert gone.properties["recordGone"] is True


def test_unknown_values_pass_check_and_diff(plugin: Host) -> None:
    news = declaration(plugin, parameters={"a": [rpc.UNKNOWN]}, outputUri=rpc.UNKNOWN)
    checked = plugin.check("preview", {}, news)
    assert list(checked.failures) == []
    assert checked.inputs["outputUri"] == rpc.UNKNOWN
    assert checked.inputs["parameters"]["a"][0] == rpc.UNKNOWN
    made = plugin.up("preview", declaration(plugin))
    diff = plugin.stub.Diff(
        provider_pb2.DiffRequest(
            id=made.id, urn=URN + "preview", olds=made.properties, news=checked.inputs
        )
    )
    assert diff.changes == provider_pb2.DiffResponse.DIFF_UNKNOWN
    assert list(diff.replaces) == ["outputUri", "parameters"]


def test_the_provider_comes_back_as_it_went(plugin: Host) -> None:
    made = plugin.up("pickled", declaration(plugin))
    assert made.properties["__provider"] == serialize_provider(OmicsRunProvider())


def test_a_secret_stays_at_its_own_place(plugin: Host) -> None:
    # The host hands secrets to the provider as plain text; the engine marks outputs by their path.
    news = declaration(plugin, parameters={"token": "hunter2"})
    made = plugin.up("secret", news)
    places = [path for path, text in texts(rpc.deserialize_properties(made.properties))
              if "hunter2" in text]  # fmt: skip
    assert places == ["parameters.token"]


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, path)
    else:
        yield path, str(value)


# Errors ----------------------------------------------------------------------------------------


def test_an_error_arrives_as_its_text(plugin: Host) -> None:
    control.plan_faults(plugin.state, [{"operation": "StartRun", "fault": "denied"}])
    error = fails(lambda: plugin.up("HG003", declaration(plugin)))
    code, text = told(error)
    assert code is grpc.StatusCode.UNKNOWN
    assert text.startswith("StartRun for run HG003 failed: AccessDeniedException: ")
    assert "iam:PassRole" in text
    assert "Traceback" not in text
    # Were the status not read, one line of Python would be all that is seen.
    assert "File " not in error.details()
    assert "hunter2" not in error.details()


def test_a_missing_run_is_told_plainly(plugin: Host) -> None:
    request = provider_pb2.ReadRequest(
        id="9999999", urn=URN + "got", inputs=plugin.bag({}), properties=None
    )
    _, text = told(fails(lambda: plugin.stub.Read(request)))
    assert text.startswith("GetRun for run got failed: there is no run 9999999 in us-east-1.")


def test_a_bad_setting_is_told_plainly(start: Start) -> None:
    plugin = start("")
    plugin.configure(**{"omics:localRunSeconds": "soon"})
    _, text = told(fails(lambda: plugin.check("x", {}, {})))
    assert "omics:localRunSeconds is not a number of seconds" in text


NO_PAUSES = (
    "from omics_provider.service import start_loop\n"
    "start_loop.repeat.__kwdefaults__['sleep'] = lambda seconds: None"
)


def test_a_start_in_doubt_is_recorded(start: Start) -> None:
    plugin = start(NO_PAUSES)
    news = declaration(plugin, name="in doubt")
    inputs = plugin.check("doubt", {}, news, b"seed").inputs
    control.plan_faults(
        plugin.state, [{"operation": "StartRun", "fault": "error-500", "rate": 1.0}]
    )
    error = fails(lambda: plugin.create("doubt", inputs))
    status = status_pb2.Status.FromString(
        dict(error.trailing_metadata())["grpc-status-details-bin"]
    )
    recorded = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(recorded)
    assert recorded.id
    assert recorded.properties["requestId"] == identity.request_id(
        URN + "doubt", rpc.deserialize_properties(inputs), TABLE
    )
    assert recorded.properties["__provider"] == serialize_provider(OmicsRunProvider())
    assert recorded.properties["parameters"]["count"] == 3
    assert list(recorded.reasons) == [status.message]
    assert "for run doubt failed" in status.message


# Without the frames --------------------------------------------------------------------------

BLIND = "from omics_provider.providers import _host\n_host._HANDLERS = frozenset()"


def test_without_the_frames_everything_goes_on(start: Start) -> None:
    plugin = start(BLIND)
    inputs = plugin.check("x", {}, declaration(plugin), b"seed").inputs
    assert "__attempt" not in inputs.fields
    made = plugin.create("x", inputs)
    assert plugin.create("x", inputs).id == made.id
    plugin.delete("x", made)
    control.plan_faults(plugin.state, [{"operation": "GetRun", "fault": "denied"}])
    read = provider_pb2.ReadRequest(id=made.id, urn=URN + "x", properties=made.properties)
    error = fails(lambda: plugin.stub.Read(read))
    assert "GetRun failed: AccessDeniedException" in error.details()
    assert "Allow the caller omics:GetRun." in error.details()


class Context:
    """The part of gRPC's context that is used."""

    def __init__(self) -> None:
        self.trailing: Any = None

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.trailing = metadata


REQUEST = SimpleNamespace(urn=URN + "HG002", timeout=0.0, randomSeed=b"seed", properties={})


def Create(request: Any, context: Any) -> Any:  # noqa: N802  # the handler's name in the host
    return seen(lambda: _host.current_call())


def seen(look: Callable[[], Any]) -> Any:
    return look()


def Handle(request: Any, context: Any) -> Any:  # noqa: N802
    return _host.current_call()


def test_the_call_is_found_up_the_stack() -> None:
    context = Context()
    call = Create(REQUEST, context)
    assert (call.urn, call.timeout, call.random_seed, call.context) == (
        URN + "HG002",
        None,
        b"seed",
        context,
    )


@pytest.mark.parametrize(
    "look",
    [
        _host.current_call,
        lambda: Handle(REQUEST, Context()),
        lambda: Create(None, Context()),
        lambda: Create(REQUEST, None),
        lambda: Create(SimpleNamespace(name="no urn"), Context()),
    ],
)
def test_on_another_call_stack_there_is_no_call(look: Callable[[], Any]) -> None:
    assert look() is None


def test_a_call_is_its_threads_own() -> None:
    found: list[Any] = []

    def Create(request: Any, context: Any) -> None:  # noqa: N802
        thread = threading.Thread(target=lambda: found.append(_host.current_call()))
        thread.start()
        thread.join()

    Create(REQUEST, Context())
    assert found == [None]


class Subclass(OmicsRunProvider):
    """A provider of somebody's own, on top."""

    @_host.told_plainly
    def read(self, id_: str, props: Any) -> Any:
        raise errors.NotFound("GetRun", "Run 1 not found", code="ResourceNotFoundException")


def test_a_subclass_is_heard_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    context = Context()

    def Read(request: Any, context: Any) -> Any:  # noqa: N802
        return Subclass().read("1", {})

    with pytest.raises(_host.ProviderError) as caught:
        Read(REQUEST, context)
    text = "GetRun for run HG002 failed: ResourceNotFoundException: Run 1 not found."
    assert str(caught.value) == text
    ((key, value),) = context.trailing
    assert key == "grpc-status-details-bin"
    assert status_pb2.Status.FromString(value).message == text


def test_outside_of_the_host_it_is_an_exception_with_its_cause() -> None:
    with pytest.raises(_host.ProviderError) as caught:
        Subclass().read("1", {})
    assert str(caught.value) == "GetRun failed: ResourceNotFoundException: Run 1 not found."
    assert isinstance(caught.value.__context__, errors.NotFound)
