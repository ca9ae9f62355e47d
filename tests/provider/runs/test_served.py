"""What only a server shows: the caller's account, and what an ended run left in its manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from omics_provider.base import errors
from omics_provider.emulator import control
from omics_provider.providers import _host
from omics_provider.providers._host import ProviderError
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.calls import Runs
from omics_provider.service import account, clients, logs
from tests.provider.harness import ROLE, Inputs, Recorded, bag, configured, next_update
from tests.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served

SECONDS = 1000.0


def forget() -> None:
    """Forget clients and accounts, as another process does."""
    for remembered in (clients.aws, clients._session, account.number):
        remembered.cache_clear()


@dataclass
class Place:
    """The emulator's server, and a provider that reaches it with the keys of an account."""

    served: Served
    patch: pytest.MonkeyPatch
    warnings: list[str]
    #: Whose keys the clients have. They are kept: making them takes most of a test.
    account: str = ""

    def provider(self, account: str = ACCOUNT) -> OmicsRunProvider:
        """Go on as another process does, with keys of `account`."""
        if account != self.account:
            self.account = account
            for name, value in self.served.keys_of(account).items():
                self.patch.setenv(name, value)
            self.patch.setattr(clients, "_clients", {})
            forget()
        next_update()
        return configured({"omics:endpoint": self.served.url, "omics:region": REGION})

    def started(self, **more: Any) -> Recorded:
        """Start a run, as the first up does."""
        provider = self.provider()
        workflow = self.client.create_workflow(
            name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
        )["id"]
        declared = {
            "roleArn": ROLE,
            "outputUri": "s3://results/trio",
            "workflowId": workflow,
            **more,
            "tags": {"emulator:seconds": str(SECONDS), **more.get("tags", {})},
        }
        made = provider.create(bag(provider.check({}, bag(declared)).inputs))
        return Recorded(made.id, dict(made.outs or {}))

    def read(self, run: Recorded) -> Recorded:
        found = self.provider().read(run.id, run.bag())
        return Recorded(str(found.id), dict(found.outs or {}))

    @property
    def client(self) -> Any:
        return self.served.omics

    def advance(self, seconds: float) -> None:
        control.advance(self.served.state, seconds)

    def remove(self, run: Recorded) -> None:
        """Delete the record of an ended run by hand."""
        self.client.delete_run(id=run.id)

    def status(self, run: Recorded) -> str:
        return str(self.client.get_run(id=run.id)["status"])

    def calls(self) -> list[str]:
        return [call["operation"] for call in control.calls(self.served.state)]


@pytest.fixture(scope="module")
def _served(server_anew: Served) -> Served:
    control.change_settings(server_anew.state, {"speed": 0})
    # From its first call on, moto's logs are there to be written to.
    server_anew.client("logs").describe_log_groups()
    return server_anew


@pytest.fixture
def place(_served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    control.plan_faults(_served.state, [])
    warnings: list[str] = []
    monkeypatch.setattr(_host, "warn", warnings.append)
    yield Place(_served, monkeypatch, warnings)
    forget()


# Manifest --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "status", "reason"),
    [
        ({}, "COMPLETED", None),
        ({"emulator:fails": "OUT_OF_MEMORY_ERROR"}, "FAILED", "OUT_OF_MEMORY_ERROR"),
    ],
)
@pytest.mark.parametrize("seen", ["PENDING", "RUNNING"])
def test_an_end_that_nobody_saw_is_read_from_the_manifest(
    place: Place, tags: dict[str, str], status: str, reason: str | None, seen: str
) -> None:
    run = place.started(tags=tags)
    if seen == "RUNNING":
        place.advance(SECONDS / 2)
        run = place.read(run)
        assert run.outs["status"] == "RUNNING"
    place.advance(2 * SECONDS)
    live = place.read(run).outs
    place.remove(run)

    gone = place.read(run).outs

    assert gone["recordGone"] is True
    facts = ("status", "startTime", "stopTime", "failureReason")
    assert {key: gone.get(key) for key in facts} == {key: live.get(key) for key in facts}
    assert (gone["status"], gone.get("failureReason")) == (status, reason)
    assert {key: gone[key] for key in ("uuid", "arn", "runOutputUri", "workflowId", "tags")} == {
        key: run.outs[key] for key in ("uuid", "arn", "runOutputUri", "workflowId", "tags")
    }
    # A second look finds the same, and needs no log.
    place.served.client("logs").delete_log_group(logGroupName="/aws/omics/WorkflowLog")
    assert place.read(Recorded(run.id, gone)).outs == gone
    assert place.warnings == []


def test_a_cancelled_run_is_cancelled_in_its_manifest_too(place: Place) -> None:
    run = place.started()
    place.advance(SECONDS / 2)
    place.client.cancel_run(id=run.id)
    place.advance(SECONDS)
    place.remove(run)
    assert place.read(run).outs["status"] == "CANCELLED"


def test_without_a_manifest_the_end_is_not_known(place: Place) -> None:
    run = place.started(logLevel="OFF")
    place.advance(2 * SECONDS)
    place.remove(run)
    gone = place.read(run).outs
    assert gone == {**run.outs, "status": "DELETED", "recordGone": True}
    assert place.warnings == []


def test_the_manifest_of_another_run_with_the_same_id_says_nothing(place: Place) -> None:
    run = place.started()
    place.advance(2 * SECONDS)
    place.remove(run)
    # The log of ours is gone, the one of the run that took over its id is not.
    place.served.client("logs").delete_log_group(logGroupName="/aws/omics/WorkflowLog")
    other = place.started(rerun="another", tags={"emulator:fails": "SERVICE_ERROR"})
    assert other.id == run.id
    place.advance(2 * SECONDS)
    place.remove(other)
    gone = place.read(run).outs
    assert (gone["status"], gone["recordGone"]) == ("DELETED", True)
    assert "failureReason" not in gone


def test_a_manifest_that_can_not_be_read_is_told_and_the_run_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = place.started()
    place.advance(2 * SECONDS)
    place.remove(run)

    def denied(*_: object) -> None:
        raise errors.Denied("GetLogEvents", "not authorized", code="AccessDeniedException")

    monkeypatch.setattr(logs, "manifest", denied)
    gone = place.read(run).outs
    assert gone == {**run.outs, "status": "DELETED", "recordGone": True}
    (warning,) = place.warnings
    assert run.id in warning
    assert "not authorized" in warning


# Account ---------------------------------------------------------------------------------------


def each_call(provider: OmicsRunProvider, run: Recorded) -> dict[str, Any]:
    changed = {**run.outs, "tags": {"a": "b"}}
    watched = {**run.outs, "rerunOn": ["FAILED", "CANCELLED", "DELETED"]}
    return {
        "read": lambda: provider.read(run.id, run.bag()),
        "update": lambda: provider.update(run.id, run.bag(), bag(changed)),
        "delete": lambda: provider.delete(run.id, run.bag()),
        "diff": lambda: provider.diff(run.id, run.bag(), bag(watched)),
    }


@pytest.mark.parametrize("there", ["nothing", "another run of that id"])
@pytest.mark.parametrize("call", ["read", "update", "delete", "diff"])
def test_with_keys_of_another_account_nothing_is_done(place: Place, call: str, there: str) -> None:
    run = place.started()
    provider = place.provider(OTHER_ACCOUNT)
    before = len(place.calls())

    with pytest.MonkeyPatch.context() as patch:
        if there != "nothing":
            stranger: Inputs = {"id": run.id, "uuid": "a stranger's", "status": "RUNNING"}
            patch.setattr(Runs, "get", lambda *_: stranger)
        with pytest.raises(ProviderError) as caught:
            each_call(provider, run)[call]()

    text = str(caught.value)
    assert (
        f"the run is in account {ACCOUNT}, but the credentials are for account {OTHER_ACCOUNT}"
        in text
    )
    assert "omics:profile" in text
    assert "Nothing was done" in text
    assert set(place.calls()[before:]) <= {"GetRun"}
    assert place.status(run) == "PENDING"


def test_with_keys_of_the_same_account_a_run_that_is_gone_is_gone(place: Place) -> None:
    run = place.started()
    place.advance(2 * SECONDS)
    place.remove(run)
    assert place.read(run).outs["recordGone"] is True
    place.provider().delete(run.id, run.bag())


def test_where_the_account_can_not_be_told_nothing_is_believed_gone(place: Place) -> None:
    run = place.started()
    place.advance(2 * SECONDS)
    place.remove(run)

    def unreachable(*_: object) -> str:
        raise errors.NotSent("GetCallerIdentity", "the service could not be reached")

    provider = place.provider()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "number", unreachable)
        for call in each_call(provider, run).values():
            with pytest.raises(ProviderError, match="GetCallerIdentity failed"):
                call()
