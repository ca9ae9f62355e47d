"""What the tests of the provider share: bags, a clock, the emulator seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.dynamic import Config, ConfigureRequest
from pulumi.output import Unknown

from omics_provider.emulator import control
from omics_provider.providers import _dynamic
from omics_provider.providers.run import OmicsRunProvider

Inputs = dict[str, Any]

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/omics"
RUN_SECONDS = 100.0
PICKLED = "gASV…"  # stands for __provider, which the host puts into every property bag


def as_pulumi_sends(value: Any) -> Any:
    """Every number a double."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return {key: as_pulumi_sends(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_pulumi_sends(item) for item in value]
    return value


def bag(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties as Pulumi's host hands them to a provider."""
    return {**as_pulumi_sends(dict(properties)), "__provider": PICKLED}


class Clock:
    """Time as everything under test sees it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.also: Callable[[float], object] = lambda _: None

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        self.also(seconds)


def unknown() -> Unknown:
    """A value that a preview does not know yet."""
    return Unknown()  # type: ignore[no-untyped-call]


def configured(config: Mapping[str, str]) -> OmicsRunProvider:
    """Make a provider as the host does."""
    provider = OmicsRunProvider()
    provider.configure(ConfigureRequest(Config(dict(config), "omics-runs")))
    return provider


def next_update() -> None:
    """Go on as another `pulumi up` does: in another process, which remembers nothing."""
    _dynamic.this_update.cache_clear()


@dataclass
class Emulator:
    """The emulator behind the endpoint `local`, and a client of its own that looks into it."""

    state: str
    aws: Any
    workflow: str
    first: int = 0

    def calls(self) -> list[str]:
        """Operations called in this test so far, the test's own looks among them."""
        return [call["operation"] for call in control.calls(self.state, after=self.first)]

    def since(self, call: Callable[[], Any]) -> list[str]:
        """Operations that `call` makes."""
        before = len(self.calls())
        call()
        return self.calls()[before:]

    def fault(self, operation: str, fault: str, **more: Any) -> None:
        control.plan_faults(self.state, [{"operation": operation, "fault": fault, **more}])

    def settings(self, **changes: Any) -> None:
        control.change_settings(self.state, changes)

    def advance(self, seconds: float) -> None:
        control.advance(self.state, seconds)

    def run(self, run_id: str) -> dict[str, Any] | None:
        """The run as GetRun tells it, None where there is none."""
        try:
            return dict(self.aws.get_run(id=run_id))
        except self.aws.exceptions.ResourceNotFoundException:
            return None

    def named(self, name: str) -> list[dict[str, Any]]:
        """All runs of this name."""
        return list(self.aws.list_runs(name=name)["items"])


@dataclass
class Recorded:
    """A resource as the engine keeps it."""

    id: str
    outs: dict[str, Any]

    def bag(self, **changes: Any) -> dict[str, Any]:
        return bag({**self.outs, **changes})


Up = Callable[..., Recorded]


@dataclass
class Service:
    """An HTTP endpoint: every request gets `answer`, (status, error code, message)."""

    url: str = ""
    answer: tuple[int, str, str] = (500, "InternalServerException", "unset")
    requests: list[str] = field(default_factory=list)

    @property
    def config(self) -> dict[str, str]:
        return {"omics:endpoint": self.url, "omics:region": REGION}
