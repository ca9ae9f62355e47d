"""A create waits for the stack's state and for a client: it gets both at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omics_provider.base import keys
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.engine.call import Call
from omics_provider.engine.handler import Handler
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.runs.handler import RunHandler
from omics_provider.service import clients
from omics_provider.shared.handler import GroupHandler

STACK = "organization/trial/dev"
RUN = {
    "roleArn": "arn:aws:iam::123456789012:role/omics",
    "outputUri": "s3://results/runs",
    "workflowId": "9500764",
    "workflowType": "READY2RUN",
}


@pytest.mark.parametrize(
    ("kind", "handler", "declared"),
    [("Run", RunHandler(), RUN), ("RunGroup", GroupHandler(), {"maxRuns": 1})],
)
def test_the_state_is_read_while_the_client_is_made(
    kind: str,
    handler: Handler,
    declared: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[str] = []

    class Asked(OwnStack):
        def ask_early(self, stack: str) -> None:
            happened.append(f"asked for {stack}")

        def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
            happened.append("waited for it")
            return StackState()

    def client(settings: Settings, **more: Any) -> Any:
        happened.append("client")
        return made(settings, **more)

    made = clients.omics
    monkeypatch.setattr(clients, "omics", client)
    file = tmp_path / "omics.db"
    control.change_settings(file, {"parameterCheck": "off"})
    settings = Settings(region="us-east-1", endpoint="local", local_state=str(file))
    urn = f"urn:pulumi:dev::trial::pulumi-python:dynamic/omics:{kind}::one"
    call = Call(Update(stack=Asked(Engine())), settings, urn=urn)
    handler.create(call, {**declared, keys.STACK: STACK, keys.ATTEMPT: "mine"})

    assert happened[:3] == [f"asked for {STACK}", "client", "waited for it"]
