"""The engine tier: every test goes through the real `pulumi` command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .doors import DYNAMIC, Door
from .harness import Stack, end_plugins, engine_problem, make_stack


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out unless the markers asked for name them."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow and "slow" not in config.option.markexpr:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """Fail, and never skip, where there is no engine: this tier proves nothing without one."""
    problem = engine_problem()
    if problem is not None:
        pytest.fail(
            f"The engine tier needs a Pulumi engine: {problem}. `make test` sets one up; in a "
            "shell of your own, use `. tools/env` after `tools/bootstrap`.",
            pytrace=False,
        )


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Door:
    """The way by which the programs of a test declare runs: the first, unless it names others."""
    given: Door = getattr(request, "param", DYNAMIC)
    return given


@pytest.fixture
def make(tmp_path: Path, door: Door) -> Iterator[Callable[..., Stack]]:
    """Make further stacks, each in a folder of its own."""

    def made(name: str, **options: object) -> Stack:
        return make_stack(tmp_path / name, **{"door": door, **options})  # type: ignore[arg-type]

    yield made
    end_plugins(tmp_path)


@pytest.fixture
def stack(make: Callable[..., Stack]) -> Iterator[Stack]:
    """One stack. No command of it may ever show a traceback."""
    made = make("project")
    yield made
    at = made.transcript.find("Traceback")
    assert at < 0, f"a traceback was shown:\n{made.transcript[max(0, at - 500) : at + 2000]}"
