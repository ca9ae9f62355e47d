"""Counting the tasks of an ended run: its own ones, also where its record is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omics_provider.base.settings import Settings
from omics_provider.runs import details
from omics_provider.service import account, clients
from tests.provider.harness import REGION, ROLE
from tests.served import ACCOUNT, Served

#: The emulator's usual number.
ALL_WELL = {"total": 5, "completed": 5, "failed": 0, "cancelled": 0}


@pytest.fixture
def served(server_anew: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    server_anew.forget()
    for name, value in server_anew.keys_of(ACCOUNT).items():
        monkeypatch.setenv(name, value)
    yield server_anew
    clients.forget(Settings())
    account.number.cache_clear()


def ended(served: Served, name: str, **more: Any) -> dict[str, Any]:
    workflow = served.omics.create_workflow(
        name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
    )["id"]
    started = served.omics.start_run(
        workflowId=workflow, roleArn=ROLE, outputUri="s3://results", requestId=name, name=name,
        tags={"emulator:seconds": "0"}, **more,
    )  # fmt: skip
    until(lambda: served.omics.get_run(id=started["id"])["status"] == "COMPLETED")
    return dict(started)


def until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_they_are_listed_or_taken_from_the_manifest(served: Served) -> None:
    place = Settings(region=REGION, endpoint=served.url)
    run = ended(served, "one")
    uuid = run["uuid"]
    assert details.task_counts(place, run["id"], uuid, is_there=True) == ALL_WELL
    assert details.task_counts(place, run["id"], uuid, is_there=False) == ALL_WELL

    until(lambda: bool(details.manifest(place, run["id"], uuid)))
    served.omics.delete_run(id=run["id"])
    assert details.task_counts(place, run["id"], uuid, is_there=True) == ALL_WELL
    assert details.task_counts(place, run["id"], "another", is_there=False) is None


def test_another_run_of_the_same_id_is_not_counted(served: Served) -> None:
    place = Settings(region=REGION, endpoint=served.url)
    run = ended(served, "one", logLevel="OFF")
    served.omics.delete_run(id=run["id"])
    assert ended(served, "two")["id"] == run["id"]
    assert details.task_counts(place, run["id"], run["uuid"], is_there=False) is None


def test_the_emulator_in_the_process_has_no_manifest(tmp_path: Path) -> None:
    place = Settings(region=REGION, endpoint="local", local_state=str(tmp_path / "local.db"))
    assert details.task_counts(place, "1234567", "u", is_there=False) is None
