"""The search before a start does not look through all runs of the stack again for each run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from omics_provider.engine.state import StackState
from omics_provider.runs.search import Marks, Search

RUN = "urn:pulumi:s::p::pulumi-python:dynamic/omics:Run::"
ARN = "arn:aws:omics:us-east-1:123456789012:run/"


class Counted(dict[str, Any]):
    """An item of ListRuns that counts how often anything looks at it."""

    looks = 0

    def __getitem__(self, key: str) -> Any:
        Counted.looks += 1
        return super().__getitem__(key)


class NoRuns:
    """The calls on runs, none of which is made."""

    def list(self) -> list[Any]:
        raise AssertionError("listed again")

    def find(self, id_: str, /) -> None:
        raise AssertionError(f"looked at {id_}, which a resource holds")


def looks_for_each(count: int, failing_since: str | None) -> float:
    """How often the searches of `count` new runs look at an item, for each run."""
    recent: list[Mapping[str, Any]] = [
        Counted(id=f"{n}", arn=f"{ARN}{n}", name=f"S{n}") for n in range(count)
    ]
    outputs = ({"uuid": f"u{n}", "arn": f"{ARN}{n}"} for n in range(count))
    state = StackState(
        tuple({"urn": f"{RUN}S{n}", "id": f"{n}", "outputs": o} for n, o in enumerate(outputs)),
        failing_since=failing_since,
    )
    marks = Marks()
    Counted.looks = 0
    for n in range(count):
        search = Search(
            NoRuns(), state, "organization/p/s", f"{RUN}new-{n}", {"name": f"S{n}"}, f"token-{n}",
            recent=lambda: recent, marks=marks,
        )  # fmt: skip
        assert [*search.lost(()), *search.unnoticed()] == []
    return Counted.looks / count


@pytest.mark.parametrize("failing_since", [None, "2020-01-01T00:00:00Z"])
def test_the_search_for_a_run_does_not_grow_with_the_stack(failing_since: str | None) -> None:
    many, few = looks_for_each(1000, failing_since), looks_for_each(20, failing_since)
    assert many == pytest.approx(few, rel=0.01)
