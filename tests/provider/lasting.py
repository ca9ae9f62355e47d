"""What the tests of groups, caches and workflows share."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.dynamic import Config, ConfigureRequest

from omics_provider.base import keys
from omics_provider.base.identity import start_token
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine as Cli
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.providers import _dynamic, _host
from omics_provider.providers._dynamic import DynamicProvider

from .harness import Recorded, bag

STACK = "organization/trial/dev"


def configured(kind: type[DynamicProvider], config: Mapping[str, str]) -> Any:
    """Make a provider as the host does."""
    provider = kind()
    provider.configure(ConfigureRequest(Config(dict(config), "trial")))
    return provider


def up(provider: DynamicProvider, inputs: Mapping[str, Any]) -> Recorded:
    """First up of a declaration, as the engine does it: check, then create."""
    checked = provider.check({}, bag(inputs))
    assert [(f.property, f.reason) for f in checked.failures] == []
    made = provider.create(bag({**checked.inputs, keys.ATTEMPT: uuid.uuid4().hex}))
    return Recorded(made.id, dict(made.outs or {}))


def again(provider: DynamicProvider, recorded: Recorded, inputs: Mapping[str, Any]) -> Recorded:
    """A later up that changes the resource in place: check, diff, update."""
    checked = provider.check(recorded.bag(), bag(inputs))
    assert [f.reason for f in checked.failures] == []
    found = provider.diff(recorded.id, recorded.bag(), bag(checked.inputs))
    assert (found.changes, found.replaces) == (None, [])
    updated = provider.update(recorded.id, recorded.bag(), bag(checked.inputs))
    return Recorded(recorded.id, dict(updated.outs or {}))


def reasons(provider: DynamicProvider, inputs: Mapping[str, Any]) -> list[str]:
    """What a check complains about; never with a property, for the engine would print its value."""
    failures = provider.check({}, bag(inputs)).failures
    assert {failure.property for failure in failures} <= {""}
    return [failure.reason for failure in failures]


@dataclass
class Engine:
    """The engine as a provider sees it: the call's URN and seed, and the stack's state."""

    kind: str
    patch: pytest.MonkeyPatch
    warnings: list[str]
    name: str
    state: StackState = field(default_factory=StackState)
    seed: int = 0

    @property
    def urn(self) -> str:
        return f"urn:pulumi:dev::trial::{self.kind}::{self.name}"

    def call(self) -> Any:
        return SimpleNamespace(
            urn=self.urn,
            name=self.name,
            timeout=None,
            random_seed=str(self.seed).encode(),
            context=SimpleNamespace(set_trailing_metadata=lambda _: None),
        )

    def begins(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give the checked inputs of a create that another update begins."""
        self.seed += 1
        update = Update(stack=Stack(self))
        self.patch.setattr(_dynamic, "this_update", lambda: update)
        return {**inputs, keys.STACK: STACK, keys.ATTEMPT: f"attempt-{self.seed}"}

    def interrupted(self, inputs: Mapping[str, Any], *resources: Mapping[str, Any]) -> None:
        """Record that the update which was asked to create with `inputs` died."""
        self.state = StackState(resources, ({"urn": self.urn, "inputs": dict(inputs)},))

    def token(self, inputs: Mapping[str, Any]) -> str:
        return start_token(STACK, self.urn, str(inputs[keys.ATTEMPT]))


class Stack(OwnStack):
    """The stack as the engine has it now."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Cli())
        self._of = engine

    def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
        assert stack == STACK
        return self._of.state


def engine(kind: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Serve calls as the engine makes them."""
    # The emulator goes on from test to test, and remembers every request.
    made = Engine(f"pulumi-python:dynamic/omics:{kind}", monkeypatch, [], uuid.uuid4().hex)
    monkeypatch.setattr(_host, "current_call", made.call)
    monkeypatch.setattr(_host, "warn", made.warnings.append)
    return made
