"""The work for a run does not grow with its stack: counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.engine.state import StackState

RUN = "urn:pulumi:s::p::pulumi-python:dynamic/omics:Run::"


class Counted(dict[str, Any]):
    """A recorded resource that counts how often anything looks at it."""

    looks = 0

    def get(self, *arguments: Any) -> Any:
        Counted.looks += 1
        return super().get(*arguments)


def looks_for_each(count: int) -> float:
    """How often the questions about each of `count` runs look at a resource, for each run."""
    uuids = [f"u{number}" for number in range(count)]
    found = StackState(
        tuple(
            Counted(
                urn=f"{RUN}{uuid}",
                id=f"id-{uuid}",
                inputs={},
                outputs={"uuid": uuid, "requestId": uuid},
            )
            for uuid in uuids
        )
    )
    Counted.looks = 0
    for uuid in uuids:
        urn = f"{RUN}{uuid}"
        found.unconfirmed(urn, "")
        found.settled(urn)
        found.outlived(urn)
        found.lost("organization/p/s", urn, ())
        assert not found.holders(f"id-{uuid}") - {urn}
        assert found.records(uuid)
        found.keeps_run(uuid)
        found.keeps_run_in_destroy(uuid)
        found.keeps(urn)
        found.knows(uuid)
    return Counted.looks / count


def test_the_work_for_a_run_does_not_grow_with_the_stack() -> None:
    assert looks_for_each(2000) == pytest.approx(looks_for_each(20), rel=0.01)
