"""OmicsRunBatch's provider against the emulator's server, with moto's S3 beside it."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.output import Unknown

from omics_provider.base import errors
from omics_provider.base.identity import Mark
from omics_provider.base.keys import EARLIER
from omics_provider.base.settings import Settings
from omics_provider.batches import ending, starts
from omics_provider.batches.folder import Folder
from omics_provider.batches.rules import batch_table, rows
from omics_provider.batches.rules import index as batch_index
from omics_provider.batches.rules.rows import Sample
from omics_provider.emulator import control
from omics_provider.engine import state as recorded
from omics_provider.engine.call import Unfinished
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.providers import _dynamic, _host
from omics_provider.providers._host import HostCall, ProviderError
from omics_provider.providers.run_batch import OmicsRunBatchProvider
from omics_provider.resources import run_batch
from omics_provider.service import account, clients
from tests.provider.harness import ROLE, Clock, Inputs, Recorded, as_pulumi_sends, bag, unknown
from tests.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served

KIND = "pulumi-python:dynamic/omics:RunBatch"
URN = f"urn:pulumi:dev::trial::{KIND}::cohort"
STACK = "organization/trial/dev"
BUCKET = "settings-of-batches"
PREFIX = f"s3://{BUCKET}/batches"
#: Emulated seconds that a run takes, and a batch until all its runs have been started.
RUN, BATCH = 100.0, 30.0

# Never to be changed: another value makes every batch in every stack differ.
PINNED = (
    "gASVQwAAAAAAAACMIm9taWNzX3Byb3ZpZGVyLnByb3ZpZGVycy5ydW5fYmF0Y2iUjBVPbWljc1J1bkJhdGNoUHJvdmlkZXKU"
    "k5QpgZQu"
)


def test_the_bytes_of_the_provider_are_pinned() -> None:
    assert serialize_provider(OmicsRunBatchProvider()) == PINNED
    assert OmicsRunBatchProvider.serialize_as_secret_always is False


def sheet(count: int, first: int = 0, **changed: Any) -> dict[str, dict[str, Any]]:
    """Give the settings of `count` samples by id; `changed` ones have another parameter."""
    names = [f"S{n:03}" for n in range(first, first + count)]
    own = {name: {"parameters": {"sample_name": name}} for name in names}
    return {**own, **{name: {"parameters": {"x": value}} for name, value in changed.items()}}


@dataclass
class Place:
    """The emulator's server and what stands around it, as one stack's resource sees it."""

    served: Served
    workflow: str
    keys: dict[str, dict[str, str]]
    home: Path
    patch: pytest.MonkeyPatch
    clock: Clock
    warnings: list[str] = field(default_factory=list)
    #: What the stack records.
    state: StackState = field(default_factory=StackState)
    endpoint: str = ""
    #: Drawn anew for each create.
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex)
    first: int = 0

    @property
    def omics(self) -> Any:
        return self.served.omics

    def provider(self, account: str = ACCOUNT) -> OmicsRunBatchProvider:
        """Go on as another process does, with keys of `account`."""
        if account not in self.keys:
            self.keys[account] = self.served.keys_of(account)
        for name, value in self.keys[account].items():
            self.patch.setenv(name, value)
        if account != ACCOUNT:
            self.patch.setattr(clients, "_clients", {})
            forget_clients()
        self.forget()
        found = OmicsRunBatchProvider()
        endpoint = {"omics:endpoint": self.endpoint or self.served.url, "omics:region": REGION}
        local = {"omics:localState": self.served.state}
        found.configure(ConfigureRequest(Config({**endpoint, **local}, "trial")))
        return found

    def forget(self) -> None:
        _dynamic.this_update.cache_clear()

    def begun(self) -> Update:
        """Give an update of the stack, as its process begins: it remembers nothing."""

        def now(*_: Any, **__: Any) -> StackState:
            return self.state

        stack = SimpleNamespace(ask_early=now, state=now, current=now, late=now)
        return Update(Engine(), cast(OwnStack, stack))

    def inputs(self, samples: Mapping[str, Mapping[str, Any]], **more: Any) -> Inputs:
        """Give what the program sends for `samples`."""
        shared = {"outputUri": "s3://results/x", "parameters": more.get("parameters", {})}
        made = rows.sheet([Sample(name, own) for name, own in samples.items()], shared)
        assert made.problems == ()
        folder = self.home / "rows"
        Folder(folder).keep_rows(made.sha256, made.content)
        return {
            "roleArn": ROLE,
            "workflowId": self.workflow,
            "runTags": {"emulator:seconds": str(RUN)},
            "outputUri": "s3://results/x",
            "samples": {"count": made.total, "sha256": made.sha256},
            batch_table.FOLDER: str(folder),
            "__stack": STACK,
            "__attempt": self.attempt,
            **more,
        }

    def checked(self, inputs: Inputs, olds: Inputs | None = None) -> Inputs:
        found = self.provider().check(bag(olds or inputs), bag(inputs))
        assert [failure.reason for failure in found.failures] == []
        return dict(found.inputs)

    def up(self, samples: Mapping[str, Mapping[str, Any]], **more: Any) -> Recorded:
        """First up."""
        made = self.provider().create(bag(self.checked(self.inputs(samples, **more))))
        return Recorded(made.id, dict(made.outs or {}))

    def change(
        self, kept: Recorded, samples: Mapping[str, Mapping[str, Any]], **more: Any
    ) -> Recorded:
        """An up that changes in place."""
        news = bag(self.checked(self.inputs(samples, **more)))
        diff = self.provider().diff(kept.id, kept.bag(), news)
        assert (diff.changes, diff.replaces) == (None, [])
        found = self.provider().update(kept.id, kept.bag(), news)
        return Recorded(kept.id, dict(found.outs or {}))

    def refresh(self, kept: Recorded) -> Recorded:
        found = self.provider().read(kept.id, kept.bag())
        return Recorded(str(found.id), dict(found.outs or {}))

    def destroy(self, kept: Recorded, **changes: Any) -> None:
        self.provider().delete(kept.id, kept.bag(**changes))

    def advance(self, seconds: float) -> None:
        control.advance(self.served.state, seconds)

    def faults(self, *plans: Mapping[str, Any]) -> None:
        control.plan_faults(self.served.state, list(plans))

    def settings(self, **changes: Any) -> None:
        control.change_settings(self.served.state, changes)

    def batches(self) -> list[dict[str, Any]]:
        """Give GetBatch's answer for every batch that there is, by id."""
        pages = self.omics.get_paginator("list_batch").paginate()
        ids = [item["id"] for page in pages for item in page["items"]]
        return [self.omics.get_batch(batchId=each) for each in ids]

    def entries(self, batch_id: str) -> dict[str, str]:
        pages = self.omics.get_paginator("list_runs_in_batch").paginate(batchId=batch_id)
        return {
            entry["runSettingId"]: entry["submissionStatus"]
            for page in pages
            for entry in page["runs"]
        }

    def calls(self) -> list[str]:
        """Give the calls that the provider made, the tests' own left out."""
        return [
            call["operation"]
            for call in control.calls(self.served.state, after=self.first)
            if call["operation"] not in ("CreateWorkflow",)
        ]

    def mark(self) -> None:
        """Count calls from here on."""
        self.first = max((c["number"] for c in control.calls(self.served.state)), default=0)

    def files(self) -> dict[str, bytes]:
        s3 = self.served.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            for each in found
        }


@pytest.fixture(scope="module")
def _keys() -> Iterator[dict[str, dict[str, str]]]:
    """Credentials by account. Clients with them are shared: making one takes most of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "_clients", {})
        forget_clients()
        yield {}
    forget_clients()


def forget_clients() -> None:
    for remembered in (clients.aws, clients._session, account.number):
        remembered.cache_clear()


@pytest.fixture
def place(
    server_anew: Served,
    _keys: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    clock: Clock,
) -> Iterator[Place]:
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    control.reset(server_anew.state)
    control.change_settings(server_anew.state, {"speed": 0, "batchSeconds": BATCH})
    s3 = server_anew.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    workflow = server_anew.omics.create_workflow(
        name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
    )["id"]
    found = Place(server_anew, workflow, _keys, tmp_path, monkeypatch, clock)
    context = SimpleNamespace(set_trailing_metadata=lambda _: None)
    call = HostCall(urn=URN, request=None, timeout=None, random_seed=b"", context=context)
    monkeypatch.setattr(_host, "current_call", lambda: call)
    monkeypatch.setattr(_dynamic, "this_update", functools.cache(found.begun))
    monkeypatch.setattr(_host, "warn", found.warnings.append)
    clock.also = found.advance
    found.mark()
    yield found
    found.forget()


# First up ---------------------------------------------------------------------------------------


def test_a_first_up_is_one_call(place: Place) -> None:
    kept = place.up(sheet(3), tags={"of": "me"}, batchName="trio")
    assert place.calls() == ["StartRunBatch"]
    (live,) = place.batches()
    assert (live["id"], live["uuid"]) == (kept.id, kept.outs["uuid"])
    assert (live["name"], live["totalRuns"], live["tags"]["of"]) == ("trio", 3, "me")
    assert Mark.on(live) == Mark.of(STACK, URN, kept.outs["requestId"])
    place.advance(BATCH)
    assert place.entries(kept.id) == dict.fromkeys(sheet(3), "SUCCESS")
    assert place.files() == {}


def test_a_hundred_go_inline_and_one_more_through_s3(place: Place) -> None:
    kept = place.up(sheet(101), settingsUri=PREFIX + "/")
    assert place.calls() == ["StartRunBatch"]
    (entry,) = kept.outs["batches"]
    assert entry["count"] == 101
    files = place.files()
    key = entry["settings"].removeprefix(f"s3://{BUCKET}/")
    digest = kept.outs["samples"]["sha256"]
    assert key == f"batches/{digest}.json"
    assert rows.digest(files[key]) == digest
    index = kept.outs["index"]["uri"].removeprefix(f"s3://{BUCKET}/")
    assert set(files) == {key, index}
    assert batch_index.Index.of(batch_index.unpacked(files[index])).samples.keys() == {*sheet(101)}
    place.advance(BATCH)
    assert len(place.entries(kept.id)) == 101


def test_the_same_rows_are_written_once(place: Place) -> None:
    first = place.up(sheet(101), settingsUri=PREFIX)
    second = place.up(
        sheet(101), settingsUri=PREFIX, batchName="another", __attempt=uuid.uuid4().hex
    )
    assert first.outs["batches"][0]["settings"] == second.outs["batches"][0]["settings"]
    assert len(place.files()) == 2
    place.advance(BATCH)
    # Nothing was written over: the service would fail a batch whose file changes.
    assert {live["status"] for live in place.batches()} == {"INPROGRESS"}


def test_a_file_that_somebody_wrote_over_is_told(place: Place) -> None:
    inputs = place.checked(place.inputs(sheet(101), settingsUri=PREFIX))
    key = f"batches/{inputs['samples']['sha256']}.json"
    place.served.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"[]")
    with pytest.raises(ProviderError, match="Somebody overwrote it"):
        place.provider().create(bag(inputs))
    assert place.batches() == []


def test_a_bucket_that_is_not_there_is_told(place: Place) -> None:
    inputs = place.checked(place.inputs(sheet(101), settingsUri="s3://no-such-bucket/x"))
    with pytest.raises(ProviderError, match="place of the settings: its bucket must exist"):
        place.provider().create(bag(inputs))
    assert place.batches() == []


def test_rows_that_are_not_there_start_nothing(place: Place) -> None:
    inputs = place.checked(place.inputs(sheet(2)))
    (path,) = (place.home / "rows").glob("*.rows.json")
    path.write_bytes(b"[]")
    with pytest.raises(ProviderError, match="other bytes than the program wrote"):
        place.provider().create(bag(inputs))
    path.unlink()
    with pytest.raises(ProviderError, match="is not there"):
        place.provider().create(bag(inputs))
    assert place.batches() == []


def test_rows_with_other_bytes_of_the_same_number_are_written_again(tmp_path: Path) -> None:
    made = rows.sheet([Sample("A", {})], {"outputUri": "s3://results/x"})
    folder = Folder(tmp_path)
    folder.keep_rows(made.sha256, made.content)
    (path,) = tmp_path.glob("*.rows.json")
    path.write_bytes(b"x" * len(made.content))
    folder.keep_rows(made.sha256, made.content)
    assert folder.rows(made.sha256) == made.content


def test_at_the_endpoint_local_a_hundred_go_and_more_are_refused(place: Place) -> None:
    place.endpoint = "local"
    kept = place.up(sheet(100), settingsUri=PREFIX)
    assert kept.outs["batches"][0]["count"] == 100
    assert "uri" not in kept.outs["index"]
    found = place.provider().check({}, bag(place.inputs(sheet(101), settingsUri=PREFIX)))
    (failure,) = found.failures
    assert failure.property == ""
    assert "python -m omics_provider.emulator" in failure.reason


def test_what_is_wrong_with_rows_is_told_with_the_rest(place: Place) -> None:
    inputs = place.inputs(sheet(1))
    wrong = {**inputs, batch_table.PROBLEMS: ["line 2, a: b", "and 7 more"], "priority": -1}
    found = place.provider().check({}, bag(wrong))
    assert [(f.property, f.reason) for f in found.failures] == [
        ("", "priority: -1: must be 0 to 100,000"),
        ("", "line 2, a: b"),
        ("", "and 7 more"),
    ]


def test_the_state_has_no_row(place: Place) -> None:
    kept = place.up(sheet(150), settingsUri=PREFIX)
    text = json.dumps(kept.outs)
    assert "sample_name" not in text
    assert len(text) < 12_000


# Exactly once -----------------------------------------------------------------------------------

#: Faults, each with what the service makes of a repeated requestId.
FAULTS = [
    *itertools.product(
        ["lost-answer", "late-500", "torn-answer"], ["replay", "conflict", "forget"]
    ),
    *((fault, "replay") for fault in ("throttle", "error-500", "cut-before")),
]


@pytest.mark.parametrize(("fault", "memory"), FAULTS)
def test_a_start_without_a_clear_answer_is_one_batch(place: Place, fault: str, memory: str) -> None:
    place.settings(requestId=memory)
    place.faults({"operation": "StartRunBatch", "fault": fault, "count": 2})
    kept = place.up(sheet(3))
    assert [live["uuid"] for live in place.batches()] == [kept.outs["uuid"]]


@pytest.mark.parametrize(("fault", "memory"), FAULTS)
def test_a_further_start_without_a_clear_answer_is_one_batch(
    place: Place, fault: str, memory: str
) -> None:
    kept = place.up(sheet(3))
    place.settings(requestId=memory)
    place.faults({"operation": "StartRunBatch", "fault": fault, "count": 2})
    now = place.change(kept, sheet(5))
    assert [live["uuid"] for live in place.batches()] == [b["uuid"] for b in now.outs["batches"]]
    assert [live["totalRuns"] for live in place.batches()] == [3, 2]


def refused_to_answer(place: Place, fault: str = "lost-answer") -> None:
    """Have no StartRunBatch answered any more, and no look either."""
    place.faults(
        {"operation": "StartRunBatch", "fault": fault, "count": 100},
        {"operation": "ListBatch", "fault": "cut-before", "count": 100},
    )


@pytest.mark.parametrize("memory", ["replay", "conflict", "forget"])
def test_a_further_start_in_doubt_is_found_by_the_next_update(place: Place, memory: str) -> None:
    kept = place.up(sheet(3))
    place.settings(requestId=memory)
    inputs = bag(place.checked(place.inputs(sheet(5))))
    place.faults({"operation": "StartRunBatch", "fault": "lost-answer"},
                 {"operation": "StartRunBatch", "fault": "denied", "count": 9})  # fmt: skip
    # The answer is lost, and what comes after it is no answer to whether it started.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts.Cohort, "find", lambda *_: None)
        with pytest.raises(ProviderError):
            place.provider().update(kept.id, kept.bag(), inputs)
    place.faults()
    assert len(place.batches()) == 2

    now = place.change(kept, sheet(5))

    assert len(place.batches()) == 2
    assert [each["count"] for each in now.outs["batches"]] == [3, 2]
    assert any("An interrupted update started batch" in each for each in place.warnings)


def test_an_interrupted_update_is_taken_into_account_by_one_for_another_sheet(
    place: Place,
) -> None:
    kept = place.up(sheet(3))
    # Killed: the batch has started, and nothing recorded it.
    place.change(kept, sheet(5))
    now = place.change(kept, sheet(6, S001="changed"))
    assert [each["count"] for each in now.outs["batches"]] == [3, 2, 2]
    place.advance(BATCH)
    last = place.batches()[-1]
    assert place.entries(last["id"]).keys() == {"S001", "S005"}


def test_a_further_batch_that_was_cancelled_meanwhile_does_not_count(place: Place) -> None:
    kept = place.up(sheet(2))
    lost = place.change(kept, sheet(3)).outs["batches"][1]
    place.advance(BATCH + 1)
    place.omics.cancel_run_batch(batchId=lost["id"])
    place.advance(RUN)
    now = place.change(kept, sheet(3))
    _, second = now.outs["batches"]
    assert (second["count"], second["uuid"] == lost["uuid"]) == (1, False)
    assert len(place.batches()) == 3


def test_an_update_in_doubt_says_so(place: Place) -> None:
    kept = place.up(sheet(2))
    inputs = bag(place.checked(place.inputs(sheet(3))))
    place.faults({"operation": "StartRunBatch", "fault": "lost-answer", "count": 100},
                 {"operation": "ListBatch", "fault": "cut-before", "count": 100})  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts.Cohort, "further", lambda _: iter(()))
        with pytest.raises(ProviderError, match="never starts a second"):
            place.provider().update(kept.id, kept.bag(), inputs)
    place.faults()
    now = place.change(kept, sheet(3))
    assert [each["count"] for each in now.outs["batches"]] == [2, 1]
    assert len(place.batches()) == 2


def test_an_interrupted_update_whose_index_is_lost_starts_nothing(place: Place) -> None:
    kept = place.up(sheet(3))
    place.change(kept, sheet(5))
    for path in (place.home / "rows").glob("*.index.json"):
        path.unlink()
    news = bag(place.checked(place.inputs(sheet(6))))
    with pytest.raises(ProviderError, match="it is not known which samples have run"):
        place.provider().update(kept.id, kept.bag(), news)
    assert len(place.batches()) == 2
    # For the same sheet no file is needed.
    now = place.change(kept, sheet(5))
    assert [each["count"] for each in now.outs["batches"]] == [3, 2]


def interrupted(
    place: Place, earlier: Inputs, history: Sequence[Mapping[str, Any]] = (), **more: Any
) -> None:
    """Have the state tell of a create that was interrupted."""
    pending = {"type": "creating", "resource": {"urn": URN, "inputs": earlier}}
    deployment = {"pending_operations": [pending], **more}
    place.state = recorded.parse({"deployment": deployment}, history)


@pytest.mark.parametrize("memory", ["replay", "conflict", "forget"])
@pytest.mark.parametrize("started", [True, False])
def test_an_interrupted_create_is_one_batch(place: Place, started: bool, memory: str) -> None:
    place.settings(requestId=memory)
    earlier = place.checked(place.inputs(sheet(3)))
    if started:
        place.provider().create(bag(earlier))
    interrupted(place, earlier)
    kept = place.up(sheet(3), __attempt=uuid.uuid4().hex)
    assert [live["uuid"] for live in place.batches()] == [kept.outs["uuid"]]
    assert kept.outs["index"]["samples"] == 3
    # The late process of the interrupted update sends its request at last.
    if not started and memory == "replay":
        place.provider().create(bag(earlier))
        assert len(place.batches()) == 1


def test_a_batch_that_is_taken_has_the_tags_that_are_declared_now(place: Place) -> None:
    earlier = place.checked(place.inputs(sheet(3), tags={"of": "them", "gone": "soon"}))
    place.provider().create(bag(earlier))
    interrupted(place, earlier)
    kept = place.up(sheet(4), __attempt=uuid.uuid4().hex, tags={"of": "me"})
    assert [each["count"] for each in kept.outs["batches"]] == [3, 1]
    for live in place.batches():
        own = {k: v for k, v in live["tags"].items() if not k.startswith("omics-provider:")}
        assert own == {"of": "me"}
        assert Mark.on(live) is not None
        assert starts.INDEX_MARK in live["tags"]


def test_a_further_batch_of_a_killed_update_has_the_tags_that_are_declared_now(
    place: Place,
) -> None:
    kept = place.up(sheet(3), tags={"of": "us"})
    place.change(kept, sheet(5), tags={"of": "them"})
    place.change(kept, sheet(6), tags={"of": "me"})
    assert [live["tags"]["of"] for live in place.batches()] == ["me"] * 3


def test_an_interrupted_create_for_another_sheet_is_completed(place: Place) -> None:
    earlier = place.checked(place.inputs(sheet(3)))
    place.provider().create(bag(earlier))
    interrupted(place, earlier)
    kept = place.up(sheet(4), __attempt=uuid.uuid4().hex)
    assert [each["count"] for each in kept.outs["batches"]] == [3, 1]
    assert len(place.batches()) == 2


@pytest.mark.parametrize("memory", ["replay", "conflict", "forget"])
def test_what_a_failed_batch_of_an_interrupted_create_has_started_runs_once(
    place: Place, memory: str
) -> None:
    place.settings(requestId=memory)
    earlier = place.checked(place.inputs(sheet(150), settingsUri=PREFIX))
    place.provider().create(bag(earlier))
    place.advance(MOMENTS["SUBMITTING"])
    assert 0 < len(runs_of(place)) < 150
    failed = fail(place)
    started = len(runs_of(place))
    assert 0 < started < 150
    interrupted(place, earlier)
    kept = place.up(sheet(150), __attempt=uuid.uuid4().hex, settingsUri=PREFIX)
    assert kept.outs["uuid"] == failed["uuid"]
    place.advance(BATCH + 1)
    assert len(runs_of(place)) == started
    # The next preview says that not all have started.
    news = bag(place.checked(place.inputs(sheet(150), settingsUri=PREFIX)))
    place.provider().diff(kept.id, kept.bag(), news)
    assert f"Run batch {kept.id} ended FAILED" in place.warnings[-1]


def test_a_failed_batch_of_an_interrupted_create_that_started_nothing_does_not_count(
    place: Place,
) -> None:
    earlier = place.checked(place.inputs(sheet(150), settingsUri=PREFIX))
    place.provider().create(bag(earlier))
    failed = fail(place)
    assert runs_of(place) == []
    interrupted(place, earlier)
    kept = place.up(sheet(150), __attempt=uuid.uuid4().hex, settingsUri=PREFIX)
    assert kept.outs["uuid"] != failed["uuid"]
    place.advance(BATCH + 1)
    assert len(runs_of(place)) == len(place.entries(kept.id)) == 150


def test_an_interrupted_create_is_taken_once_where_an_update_has_failed_since(
    place: Place,
) -> None:
    earlier = place.checked(place.inputs(sheet(3)))
    place.provider().create(bag(earlier))
    (live,) = place.batches()
    begun = live["creationTime"].isoformat()
    interrupted(place, earlier, [{"kind": "update", "result": "failed", "startTime": begun}])
    kept = place.up(sheet(4), __attempt=uuid.uuid4().hex)
    assert [each["count"] for each in kept.outs["batches"]] == [3, 1]


def test_a_batch_that_a_late_process_starts_after_the_look_is_taken(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.settings(requestId="conflict")
    earlier = place.checked(place.inputs(sheet(3)))
    place.provider().create(bag(earlier))
    interrupted(place, earlier)
    monkeypatch.setattr(starts.Cohort, "interrupted", lambda *_: iter(()))
    kept = place.up(sheet(3), __attempt=uuid.uuid4().hex)
    assert [live["uuid"] for live in place.batches()] == [kept.outs["uuid"]]


def test_a_batch_that_was_kept_is_not_taken_for_an_interrupted_create(place: Place) -> None:
    inputs = place.checked(place.inputs(sheet(2), onDelete="keep"))
    made = place.provider().create(bag(inputs))
    first = Recorded(made.id, dict(made.outs or {}))
    resource = {"urn": URN, "type": KIND, "inputs": inputs, "outputs": first.outs}
    interrupted(place, inputs, resources=[resource])
    place.destroy(first)
    # The engine's note of the start stays until a refresh.
    interrupted(place, inputs)
    second = place.up(sheet(2), __attempt=uuid.uuid4().hex, onDelete="keep")
    uuids = [first.outs["uuid"], second.outs["uuid"]]
    assert [live["uuid"] for live in place.batches()] == uuids


def test_diff_and_update_hash_the_samples_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = place.up(sheet(2))
    news = bag(place.checked(place.inputs(sheet(3))))
    provider, hashes, made = place.provider(), batch_index.hashes, []
    monkeypatch.setattr(batch_index, "hashes", lambda *a: made.append(a) or hashes(*a))
    provider.diff(kept.id, kept.bag(), news)
    provider.update(kept.id, kept.bag(), news)
    assert len(made) == 1


def fail(place: Place) -> dict[str, Any]:
    """Have the one batch fail, as its settings can't be read for a while; give its answer."""
    s3, files = place.served.client("s3"), place.files()
    for key in files:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"[]")
    place.advance(BATCH)
    (live,) = place.batches()
    assert live["status"] == "FAILED"
    for key, content in files.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return live


def runs_of(place: Place) -> list[dict[str, Any]]:
    pages = place.omics.get_paginator("list_runs").paginate()
    return [run for page in pages for run in page["items"]]


def test_an_interrupted_create_under_another_name_is_found(place: Place) -> None:
    earlier = place.checked(place.inputs(sheet(3), batchName="before"))
    place.provider().create(bag(earlier))
    interrupted(place, earlier)
    kept = place.up(sheet(3), __attempt=uuid.uuid4().hex, batchName="after")
    assert [live["uuid"] for live in place.batches()] == [kept.outs["uuid"]]


@pytest.mark.parametrize("memory", ["replay", "forget"])
def test_an_interrupted_update_that_came_with_another_name_is_found(
    place: Place, memory: str
) -> None:
    place.settings(requestId=memory)
    kept = place.up(sheet(2), batchName="before")
    place.change(kept, sheet(4), batchName="before")
    now = place.change(kept, sheet(5), batchName="after")
    assert [each["count"] for each in now.outs["batches"]] == [2, 2, 1]
    place.destroy(now)
    assert place.batches() == []


def renamed(place: Place) -> tuple[str, str]:
    """Go on after `pulumi stack rename`: the engine gives the resource another URN."""
    stack, urn = STACK.replace("/dev", "/prod"), URN.replace(":dev:", ":prod:")
    context = SimpleNamespace(set_trailing_metadata=lambda _: None)
    call = HostCall(urn=urn, request=None, timeout=None, random_seed=b"", context=context)
    place.patch.setattr(_host, "current_call", lambda: call)
    return stack, urn


def test_an_interrupted_create_is_one_batch_though_the_stack_was_renamed(place: Place) -> None:
    earlier = place.checked(place.inputs(sheet(3)))
    place.provider().create(bag(earlier))
    stack, urn = renamed(place)
    pending = {"type": "creating", "resource": {"urn": urn, "inputs": earlier}}
    place.state = recorded.parse({"deployment": {"pending_operations": [pending]}})
    kept = place.up(sheet(3), __attempt=uuid.uuid4().hex, __stack=stack)
    assert [live["uuid"] for live in place.batches()] == [kept.outs["uuid"]]


def test_the_marks_of_a_batch_that_goes_on_follow_the_stack(place: Place) -> None:
    kept = place.up(sheet(3))
    stack, urn = renamed(place)
    news = bag(place.checked(place.inputs(sheet(3), __stack=stack)))
    assert place.provider().diff(kept.id, kept.bag(), news).changes is True
    now = place.provider().update(kept.id, kept.bag(), news)
    (live,) = place.batches()
    assert Mark.on(live) == Mark.of(stack, urn, kept.outs["requestId"])
    assert Mark.stack_on(live) == stack
    assert place.provider().diff(kept.id, bag(now.outs or {}), news).changes is False


def test_with_all_an_interrupted_create_for_another_sheet_is_ended(place: Place) -> None:
    earlier = place.checked(place.inputs(sheet(3), onChange="all"))
    place.provider().create(bag(earlier))
    interrupted(place, earlier)
    kept = place.up(sheet(4), __attempt=uuid.uuid4().hex, onChange="all")
    (live,) = place.batches()
    assert (live["uuid"], live["totalRuns"]) == (kept.outs["uuid"], 4)


def test_a_create_in_doubt_is_recorded_and_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished: dict[str, Any] = {}

    def record(made: Unfinished) -> None:
        unfinished.update(id=made.id, properties=made.properties)
        raise ProviderError(str(made))

    monkeypatch.setattr(_host, "_record", record)
    inputs = place.checked(place.inputs(sheet(3)))
    refused_to_answer(place)
    with pytest.raises(ProviderError, match="never starts a second"):
        place.provider().create(bag(inputs))
    place.faults()
    doubt = Recorded(unfinished["id"], unfinished["properties"])
    (live,) = place.batches()

    diff = place.provider().diff(doubt.id, doubt.bag(), bag(inputs))
    assert diff.replaces == ["startUnconfirmed"]
    resource = {"urn": URN, "type": KIND, "inputs": inputs, "outputs": doubt.outs}
    place.state = recorded.parse({"deployment": {"resources": [resource]}})
    kept = place.up(sheet(3), __attempt=uuid.uuid4().hex)
    assert kept.outs["uuid"] == live["uuid"]
    assert len(place.batches()) == 1
    assert place.refresh(doubt).id == doubt.id
    _dynamic.this_update().made.add(live["uuid"])
    place.patch.setattr(Place, "forget", lambda _: None)
    place.destroy(doubt)
    assert len(place.batches()) == 1


def test_the_end_of_a_create_in_doubt_ends_the_batch_of_an_earlier_one_in_doubt(
    place: Place,
) -> None:
    kept = place.up(sheet(3))
    own = place.checked(place.inputs(sheet(3)))
    doubt = {**own, "requestId": "never sent", EARLIER: [kept.outs["requestId"]]}
    place.destroy(Recorded("unconfirmed", doubt))
    assert place.batches() == []


# A changed sheet --------------------------------------------------------------------------------


def test_nothing_changed_is_no_difference_and_no_call(place: Place) -> None:
    kept = place.up(sheet(3), tags={"a": "b"}, priority=5)
    place.mark()
    news = place.checked(
        place.inputs(dict(reversed(sheet(3).items())), tags={"a": "b"}, priority=5)
    )
    diff = place.provider().diff(kept.id, kept.bag(), bag(news))
    assert (diff.changes, diff.replaces) == (False, [])
    assert place.calls() == []
    assert place.warnings == []


@pytest.mark.parametrize("many", [3, 120])
def test_only_new_and_changed_samples_run(place: Place, many: int) -> None:
    uri = {"settingsUri": PREFIX}
    kept = place.up(sheet(many), **uri)
    place.mark()
    now = place.change(kept, sheet(many + 1, S001="other"), **uri)
    assert place.calls() == ["ListBatch", "StartRunBatch"]
    assert place.warnings == [
        f"2 samples to start in a further batch: 1 new (S{many:03}), 1 changed (S001). "
        f"{many - 1} unchanged: no run starts again."
    ]
    place.advance(BATCH)
    assert place.entries(now.outs["batches"][1]["id"]).keys() == {"S001", f"S{many:03}"}
    assert now.id == kept.id
    # And again, without one that has run: it is left alone, also when it comes back.
    without = {name: own for name, own in sheet(many + 1, S001="other").items() if name != "S000"}
    place.warnings.clear()
    fewer = place.change(now, without, **uri)
    assert fewer.outs["batches"] == now.outs["batches"]
    assert "No longer declared: 1 (S000)" in place.warnings[0]
    back = place.change(fewer, sheet(many + 1, S001="other"), **uri)
    assert back.outs["batches"] == now.outs["batches"]
    assert len(place.batches()) == 2


def test_many_further_samples_go_through_s3(place: Place) -> None:
    kept = place.up(sheet(2), settingsUri=PREFIX)
    now = place.change(kept, sheet(150), settingsUri=PREFIX)
    first, second = now.outs["batches"]
    assert ("settings" in first, second["count"]) == (False, 148)
    content = place.files()[second["settings"].removeprefix(f"s3://{BUCKET}/")]
    assert len(rows.rows(content)) == 148


def test_a_changed_shared_setting_runs_what_it_concerns(place: Place) -> None:
    samples = {**sheet(2), "T": {"parameters": {"sample_name": "T", "reference": "own"}}}
    kept = place.up(samples, parameters={"reference": "a"})
    now = place.change(kept, samples, parameters={"reference": "b"})
    place.advance(BATCH)
    assert place.entries(now.outs["batches"][1]["id"]).keys() == {"S000", "S001"}


def test_rerun_runs_a_sample_again(place: Place) -> None:
    kept = place.up(sheet(3))
    now = place.change(kept, sheet(3), rerun={"S001": 2})
    assert now.outs["batches"][1]["count"] == 1
    again = place.change(now, sheet(4), rerun={"S001": 2})
    assert again.outs["batches"][2]["count"] == 1


def test_rerun_of_all_runs_all_again(place: Place) -> None:
    kept = place.up(sheet(3))
    now = place.change(kept, sheet(3), rerun=1)
    assert now.outs["batches"][1]["count"] == 3


def test_with_all_a_change_replaces(place: Place) -> None:
    kept = place.up(sheet(3), onChange="all")
    news = place.checked(place.inputs(sheet(4), onChange="all"))
    diff = place.provider().diff(kept.id, kept.bag(), bag(news))
    assert (diff.changes, diff.replaces) == (None, ["samples"])
    (warning,) = place.warnings
    assert "all 4 samples run again" in warning
    assert "on_delete='delete'" in warning


def test_tags_and_on_delete_change_in_place(place: Place) -> None:
    kept = place.change(place.up(sheet(2), tags={"a": "1"}), sheet(3), tags={"a": "1"})
    place.mark()
    now = place.change(kept, sheet(3), tags={"b": "2"}, onDelete="keep")
    assert "StartRunBatch" not in place.calls()
    for live in place.batches():
        own = {k: v for k, v in live["tags"].items() if not k.startswith("omics-provider:")}
        assert own == {"b": "2"}
        assert Mark.on(live) is not None
    assert (now.outs["onDelete"], now.outs["tags"]) == ("keep", {"b": "2"})


def test_what_will_start_may_depend_on_values_not_known_yet(place: Place) -> None:
    kept = place.up(sheet(2))
    news = place.checked(place.inputs(sheet(3)))
    diff = place.provider().diff(kept.id, kept.bag(), {**bag(news), "roleArn": unknown()})
    assert (diff.changes, diff.replaces) == (None, [])
    assert place.warnings == ["The samples that start depend on values that are not known yet."]


def test_an_index_comes_from_s3_where_this_machine_has_none(place: Place) -> None:
    kept = place.up(sheet(400), settingsUri=PREFIX)
    assert "text" not in kept.outs["index"]
    place.home = place.home / "another machine"
    now = place.change(kept, sheet(401), settingsUri=PREFIX)
    assert now.outs["batches"][1]["count"] == 1


@pytest.mark.parametrize("harm", ["gone", "damaged", "another"])
def test_an_index_that_can_not_be_read_starts_nothing(place: Place, harm: str) -> None:
    kept = place.up(sheet(400), settingsUri=PREFIX)
    place.home = place.home / "another machine"
    s3, key = place.served.client("s3"), kept.outs["index"]["uri"].removeprefix(f"s3://{BUCKET}/")
    if harm == "gone":
        s3.delete_object(Bucket=BUCKET, Key=key)
    else:
        other = batch_index.packed(batch_index.EMPTY.content())
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" if harm == "damaged" else other)
    news = bag(place.checked(place.inputs(sheet(401), settingsUri=PREFIX)))
    for call in (place.provider().diff, place.provider().update):
        with pytest.raises(ProviderError) as caught:
            call(kept.id, kept.bag(), news)
        assert "it is not known which samples have run" in str(caught.value)
        assert "Nothing was started" in str(caught.value)
    assert len(place.batches()) == 1


def test_an_index_that_fits_nowhere_starts_nothing(place: Place) -> None:
    kept = place.up(sheet(100))
    while len(json.dumps(kept.outs["index"])) < 8_000 - 50 * 25:
        first = sum(each["count"] for each in kept.outs["batches"])
        kept = place.change(kept, sheet(50, first))
    before = len(place.batches())
    with pytest.raises(ProviderError, match="too large for the state") as caught:
        place.change(kept, sheet(100, 900))
    assert "place for settings in S3" in str(caught.value)
    assert len(place.batches()) == before


def test_a_preview_of_a_create_says_how_many_start(place: Place) -> None:
    place.provider().check({}, bag(place.inputs(sheet(3))))
    assert place.warnings == ["3 samples to start, in one batch."]


def test_a_preview_says_once_what_starts_in_place_of_a_batch(place: Place) -> None:
    kept = place.up(sheet(2), onChange="all")
    inputs = place.inputs(sheet(4), onChange="all")
    provider = place.provider()
    news = provider.check(kept.bag(), bag(inputs)).inputs
    assert provider.diff(kept.id, kept.bag(), bag(news)).replaces
    provider.check({}, bag(inputs))
    (warning,) = place.warnings
    assert "all 4 samples run again" in warning


# Read -------------------------------------------------------------------------------------------


def test_read_counts_and_asks_no_more_once_it_is_over(place: Place) -> None:
    kept = place.up(sheet(3))
    place.mark()
    seen = place.refresh(kept)
    assert (seen.outs["status"], seen.outs["submissions"]) == ("CREATING", {"pending": 3})
    place.advance(BATCH + 1)
    seen = place.refresh(seen)
    assert (seen.outs["status"], seen.outs["submissions"]) == ("INPROGRESS", {"started": 3})
    place.advance(2 * RUN)
    seen = place.refresh(seen)
    assert (seen.outs["status"], seen.outs["runs"]) == ("PROCESSED", {"completed": 3})
    assert place.calls() == ["GetBatch"] * 3
    assert place.refresh(seen).outs == seen.outs
    assert place.calls() == ["GetBatch"] * 3


def test_a_refresh_is_no_difference(place: Place) -> None:
    kept = place.up(sheet(3))
    place.advance(BATCH + 2 * RUN)
    seen = place.refresh(kept)
    news = place.checked(place.inputs(sheet(3)))
    assert place.provider().diff(seen.id, seen.bag(), bag(news)).changes is False


def test_a_record_that_is_gone_stays_and_starts_nothing(place: Place) -> None:
    kept = place.up(sheet(2))
    place.advance(BATCH + 2 * RUN)
    place.omics.delete_batch(batchId=kept.id)
    seen = place.refresh(kept)
    assert (seen.outs["status"], seen.outs["recordGone"]) == ("DELETED", True)
    news = place.checked(place.inputs(sheet(2)))
    assert place.provider().diff(seen.id, seen.bag(), bag(news)).changes is False
    place.destroy(seen)


def test_half_of_the_submissions_fail(place: Place) -> None:
    place.faults({"operation": "batch:StartRun", "fault": "denied", "rate": 0.5, "seed": 1})
    kept = place.up(sheet(40))
    place.advance(BATCH + 2 * RUN)
    place.mark()
    seen = place.refresh(kept)
    failed = seen.outs["submissions"]["failed"]
    assert 10 < failed < 30
    assert seen.outs["submissions"] == {"failed": failed, "started": 40 - failed}
    (kind,) = seen.outs["submissionFailures"]
    assert (kind["reason"], kind["seen"]) == ("AccessDeniedException", failed)
    (warning,) = place.warnings
    assert f"{failed} of 40 runs could not be started" in warning
    assert place.calls() == ["GetBatch", "ListRunsInBatch"]
    # Each preview says so, too, and asks nobody.
    place.warnings.clear()
    news = place.checked(place.inputs(sheet(40)))
    assert place.provider().diff(seen.id, seen.bag(), bag(news)).changes is False
    assert place.warnings == [warning]
    assert place.calls() == ["GetBatch", "ListRunsInBatch"]
    # The failed ones can be asked for again.
    place.faults()
    lost = [name for name, how in place.entries(kept.id).items() if how == "FAILED"]
    now = place.change(seen, sheet(40), rerun=dict.fromkeys(lost, 1))
    assert now.outs["batches"][1]["count"] == failed


# Delete -----------------------------------------------------------------------------------------

#: Emulated seconds after which a batch is in a state.
MOMENTS = {
    "CREATING": 1.0,
    "PENDING": BATCH / 3 + 1,
    "SUBMITTING": 2 * BATCH / 3 + 1,
    "INPROGRESS": BATCH + 1,
    "PROCESSED": BATCH + 2 * RUN,
}


@pytest.mark.parametrize("state", MOMENTS)
def test_delete_ends_all_from_any_state(place: Place, state: str) -> None:
    kept = place.up(sheet(5))
    place.advance(MOMENTS[state])
    assert place.batches()[0]["status"] == state
    place.destroy(kept)
    assert place.batches() == []
    assert place.omics.list_runs()["items"] == []


@pytest.mark.parametrize("state", MOMENTS)
def test_cancel_leaves_records_and_no_active_run(place: Place, state: str) -> None:
    kept = place.up(sheet(5), onDelete="cancel")
    place.advance(MOMENTS[state])
    place.destroy(kept)
    place.advance(RUN)
    (live,) = place.batches()
    assert live["status"] == ("PROCESSED" if state == "PROCESSED" else "CANCELLED")
    runs = {run["status"] for run in place.omics.list_runs(batchId=kept.id)["items"]}
    assert runs <= {"CANCELLED", "COMPLETED"}


def test_keep_touches_nothing(place: Place) -> None:
    kept = place.up(sheet(2), onDelete="keep")
    place.mark()
    place.destroy(kept)
    assert place.calls() == []
    assert place.batches()[0]["status"] == "CREATING"


def test_all_batches_of_the_resource_are_ended(place: Place) -> None:
    kept = place.change(place.up(sheet(2)), sheet(4))
    place.advance(BATCH + 1)
    place.destroy(kept)
    assert place.batches() == []


def test_what_a_killed_update_has_started_is_ended_with_the_rest(place: Place) -> None:
    kept = place.up(sheet(2))
    place.change(kept, sheet(4))
    assert len(place.batches()) == 2
    place.destroy(kept)
    assert place.batches() == []


def test_a_batch_of_an_earlier_resource_of_that_name_is_left_alone(place: Place) -> None:
    first = place.up(sheet(2), onDelete="keep")
    place.destroy(first)
    second = place.up(sheet(2), __attempt=uuid.uuid4().hex)
    now = place.change(second, sheet(3), __attempt=second.outs["__attempt"])
    assert len(now.outs["batches"]) == 2
    place.destroy(now)
    assert [live["uuid"] for live in place.batches()] == [first.outs["uuid"]]


def test_a_kept_batch_that_the_engine_still_notes_is_released(place: Place) -> None:
    inputs = place.checked(place.inputs(sheet(2), onDelete="keep"))
    made = place.provider().create(bag(inputs))
    kept = Recorded(made.id, dict(made.outs or {}))
    resource = {"urn": URN, "type": KIND, "inputs": inputs, "outputs": kept.outs}
    interrupted(place, inputs, resources=[resource])
    place.destroy(kept)
    (live,) = place.batches()
    assert Mark.on(live) is None


def test_a_delete_that_is_done_is_done(place: Place) -> None:
    kept = place.up(sheet(2))
    place.destroy(kept)
    place.mark()
    place.destroy(kept)
    assert place.calls() == ["ListBatch", "GetBatch"]


def test_another_batch_of_that_id_is_left_alone(place: Place) -> None:
    kept = place.up(sheet(2))
    (batch_,) = kept.outs["batches"]
    place.mark()
    place.destroy(kept, batches=[{**batch_, "uuid": "of a batch that was here before"}])
    assert set(place.calls()) == {"GetBatch", "ListBatch"}
    assert [live["uuid"] for live in place.batches()] == [batch_["uuid"]]


def test_a_delete_that_takes_too_long_says_so_and_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "DELETE_LIMIT", 30.0)
    kept = place.up(sheet(2))
    place.advance(BATCH + 1)
    place.clock.also = lambda _: None
    with pytest.raises(ProviderError) as caught:
        place.destroy(kept)
    assert "is STOPPING" in str(caught.value)
    assert "customTimeouts" in str(caught.value)
    place.clock.also = place.advance
    place.destroy(kept)
    assert place.batches() == []


def test_a_delete_whose_engine_has_ended_asks_for_nothing_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = place.up(sheet(2))

    def refuse(_: Engine, operation: str = "StartRun") -> None:
        raise errors.OmicsError(operation, "the update that asked for it has ended")

    monkeypatch.setattr(Engine, "require_alive", refuse)
    with pytest.raises(ProviderError, match="the update that asked for it has ended"):
        place.destroy(kept)
    assert not {"CancelRunBatch", "DeleteRunBatch", "DeleteBatch"} & {*place.calls()}
    assert len(place.batches()) == 1


@pytest.mark.parametrize("faults", [1, 3])
def test_runs_that_the_batch_could_not_delete_are_deleted_one_by_one(
    place: Place, faults: int
) -> None:
    kept = place.up(sheet(5))
    place.advance(MOMENTS["PROCESSED"])
    place.faults({"operation": "batch:DeleteRun", "fault": "error-500", "count": faults})
    place.mark()
    place.destroy(kept)
    assert place.calls().count("DeleteRun") == faults
    assert place.batches() == []
    assert place.omics.list_runs()["items"] == []


def test_a_delete_that_partly_fails_says_what_to_do_and_is_done_again(place: Place) -> None:
    kept = place.up(sheet(5))
    place.advance(MOMENTS["PROCESSED"])
    place.faults({"operation": "batch:DeleteRun", "fault": "error-500", "count": 2},
                 {"operation": "DeleteRun", "fault": "denied", "count": 1})  # fmt: skip
    with pytest.raises(ProviderError) as caught:
        place.destroy(kept)
    text = str(caught.value)
    assert f"1 of the 2 remaining runs of batch {kept.id} can't be ended" in text
    assert "AccessDeniedException" in text
    assert 'let a delete "keep" them' in text
    assert len(place.omics.list_runs()["items"]) == 1
    place.faults()
    place.destroy(kept)
    assert place.batches() == []
    assert place.omics.list_runs()["items"] == []


def test_a_failed_batch_leaves_no_run(place: Place) -> None:
    kept = place.up(sheet(150), settingsUri=PREFIX)
    place.advance(MOMENTS["SUBMITTING"])
    assert 0 < len(place.entries(kept.id)) < 150
    key = kept.outs["batches"][0]["settings"].removeprefix(f"s3://{BUCKET}/")
    place.served.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"[]")
    place.advance(5)
    seen = place.refresh(kept)
    assert seen.outs["status"] == "FAILED"
    assert "ended FAILED" in place.warnings[0]
    place.destroy(seen)
    assert place.batches() == []
    assert place.omics.list_runs()["items"] == []


#: Has the next batch fail once its settings are looked at, after StartRunBatch has answered.
FAILS_WHOLE = {"operation": "batch:StartRunBatch", "fault": "error-500"}


def test_a_batch_that_fails_before_its_first_run_is_told_and_runs_once_more_when_asked(
    place: Place,
) -> None:
    place.faults(FAILS_WHOLE)
    kept = place.up(sheet(3))
    assert kept.outs["status"] == "CREATING"
    place.advance(BATCH)
    place.warnings.clear()
    seen = place.refresh(kept)
    assert (seen.outs["status"], seen.outs["submissions"]) == ("FAILED", {})
    (warning,) = place.warnings
    assert warning.startswith(
        f"Run batch {kept.id} ended FAILED with 0 of its 3 runs started: "
        "There was a transient error in the service. Retry the batch.\n"
    )
    assert "give `rerun` a value" in warning
    # The same program starts nothing, and says so again without asking anybody.
    place.mark()
    news = place.checked(place.inputs(sheet(3)))
    assert place.provider().diff(seen.id, seen.bag(), bag(news)).changes is False
    assert place.warnings == [warning] * 2
    assert place.calls() == []
    now = place.change(seen, sheet(3), rerun=1)
    place.advance(BATCH + 1)
    assert [each["count"] for each in now.outs["batches"]] == [3, 3]
    assert len(runs_of(place)) == 3
    place.destroy(now)
    assert place.batches() == []


@pytest.mark.parametrize("memory", ["replay", "conflict", "forget"])
@pytest.mark.parametrize("moment", ["CREATING", "PENDING", "SUBMITTING"])
@pytest.mark.parametrize("on_delete", ["delete", "cancel"])
def test_a_batch_that_fails_before_its_first_run_is_ended(
    place: Place, moment: str, on_delete: str, memory: str
) -> None:
    place.settings(requestId=memory)
    place.faults(FAILS_WHOLE)
    kept = place.up(sheet(3), onDelete=on_delete)
    place.advance(MOMENTS[moment])
    place.destroy(kept)
    assert len(place.batches()) == (0 if on_delete == "delete" else 1)
    place.advance(BATCH)
    assert runs_of(place) == []


def test_a_further_batch_that_fails_before_its_first_run_leaves_what_has_run(place: Place) -> None:
    kept = place.up(sheet(2))
    place.advance(BATCH + 1)
    place.faults(FAILS_WHOLE)
    now = place.change(kept, sheet(5))
    place.advance(BATCH)
    seen = place.refresh(now)
    failed = seen.outs["batches"][1]
    assert (failed["status"], failed["count"]) == ("FAILED", 3)
    again = place.change(seen, sheet(5), rerun={"S002": 1, "S003": 1, "S004": 1})
    place.advance(BATCH + 1)
    assert [each["count"] for each in again.outs["batches"]] == [2, 3, 3]
    assert len(runs_of(place)) == 5


def test_a_wait_fails_with_a_batch_that_failed_before_its_first_run(
    place: Place, pauses: list[float]
) -> None:
    place.faults(FAILS_WHOLE)
    kept = place.up(sheet(2))
    words = f"Run batch cohort: Run batch {kept.id} ended FAILED with 0 of its 2 runs started: "
    with pytest.raises(pulumi.RunError, match=words):
        waited(place, kept, 600)
    assert pauses
    assert waited(place, kept, 600, "warn")["status"] == "FAILED"


def test_runs_that_a_failed_batch_has_left_at_work_are_counted_until_they_end(
    place: Place,
) -> None:
    kept = place.up(sheet(150), settingsUri=PREFIX)
    place.advance(MOMENTS["SUBMITTING"])
    assert 0 < len(runs_of(place)) < 150
    fail(place)
    seen = place.refresh(kept)
    assert seen.outs["status"] == "FAILED"
    assert set(seen.outs["runs"]) & {"pending", "starting", "running"}
    place.advance(2 * RUN)
    seen = place.refresh(seen)
    assert set(seen.outs["runs"]) == {"completed"}


def test_a_failed_batch_has_no_active_run_after_a_cancel(place: Place) -> None:
    """Runs that wait, and those on further pages, go on to cost money like any other."""
    kept = place.up(sheet(130), settingsUri=PREFIX, onDelete="cancel")
    place.settings(maxConcurrentRuns=30)
    place.advance(BATCH - 1)
    assert 100 < len(place.entries(kept.id)) < 130
    key = kept.outs["batches"][0]["settings"].removeprefix(f"s3://{BUCKET}/")
    place.served.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"[]")
    place.advance(1)
    seen = place.refresh(kept)
    assert seen.outs["status"] == "FAILED"
    place.destroy(seen)
    place.advance(BATCH)
    pages = place.omics.get_paginator("list_runs").paginate(batchId=kept.id)
    assert {run["status"] for page in pages for run in page["items"]} == {"CANCELLED"}


# The wrong place --------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["read", "delete"])
def test_with_keys_of_another_account_nothing_is_done(place: Place, call: str) -> None:
    kept = place.up(sheet(2))
    act: Callable[..., Any] = getattr(place.provider(OTHER_ACCOUNT), call)
    with pytest.raises(ProviderError, match="the credentials are for account"):
        act(kept.id, kept.bag())
    forget_clients()
    assert len(place.batches()) == 1


@pytest.mark.parametrize("call", ["read", "delete", "diff", "update"])
def test_in_another_region_nothing_is_done(place: Place, call: str) -> None:
    kept = place.up(sheet(2))
    moved = kept.bag(arn=kept.outs["arn"].replace(REGION, "eu-west-1"))
    news = bag(place.checked(place.inputs(sheet(3))))
    arguments = (kept.id, moved) if call in ("read", "delete") else (kept.id, moved, news)
    with pytest.raises(ProviderError, match="was started in eu-west-1"):
        getattr(place.provider(), call)(*arguments)
    assert len(place.batches()) == 1


def test_a_provider_of_another_region_is_refused_before_anything_is_done(place: Place) -> None:
    kept = place.up(sheet(2))
    moved = kept.bag(arn=kept.outs["arn"].replace(REGION, "eu-west-1"))
    provider = place.provider()
    provider._settings = dataclasses.replace(provider._settings, provider="lab")
    for samples, more in ((sheet(2), {}), (sheet(3), {}), (sheet(2), {"tags": {"a": "b"}})):
        news = bag(place.checked(place.inputs(samples, **more)))
        with pytest.raises(
            ProviderError, match=f"in eu-west-1, but its provider lab is in {REGION}"
        ):
            provider.diff(kept.id, moved, news)
    # All samples again are a new batch: it starts there.
    news = bag(place.checked(place.inputs(sheet(3), onChange="all")))
    assert provider.diff(kept.id, moved, news).replaces
    assert len(place.batches()) == 1


# Wait -------------------------------------------------------------------------------------------


def test_run_ids_are_those_of_batches_that_are_there(place: Place) -> None:
    kept = place.up(sheet(2))
    place.advance(BATCH + 1)
    where = Settings(region=REGION, endpoint=place.served.url)
    there = kept.outs["batches"]
    assert run_batch._asked(where, there, None).keys() == {"S000", "S001"}
    # Its id is another batch's by now.
    assert run_batch._asked(where, [{**there[0], "recordGone": True}], None) == {}


def waited(place: Place, kept: Recorded, timeout: float | None, on_failure: Any = "fail") -> Any:
    """Wait as a program does."""
    where = Settings(region=REGION, endpoint=place.served.url)
    batches = as_pulumi_sends(kept.outs["batches"])
    return asyncio.run(run_batch._ended("cohort", where, batches, timeout, on_failure))


@pytest.fixture
def pauses(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a wait pauses between two looks; the runs go on meanwhile."""
    found: list[float] = []

    async def pause(seconds: float) -> None:
        found.append(seconds)
        place.advance(RUN / 2)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return found


def test_a_wait_ends_with_the_last_run(place: Place, pauses: list[float]) -> None:
    kept = place.up(sheet(2))
    place.advance(RUN / 2)
    kept = place.change(kept, sheet(3))
    ended = waited(place, kept, 120)
    assert (ended["status"], ended["runs"]) == ("PROCESSED", {"completed": 3})
    assert ended["submission_failures"] == []
    assert len(pauses) > 1
    assert pauses[0] == 2
    assert pauses == sorted(pauses)


def test_a_wait_goes_on_after_a_look_that_fails(
    place: Place, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    look, failing = run_batch._seen, [errors.ServiceFault, errors.NotSent]

    def seen(*given: Any) -> Any:
        if failing:
            raise failing.pop()("GetBatch", "no answer")
        return look(*given)

    monkeypatch.setattr(run_batch, "_seen", seen)
    assert waited(place, place.up(sheet(2)), 120)["runs"] == {"completed": 2}
    assert told == ["GetBatch for run batch cohort failed: no answer.\nThe wait continues."]


def test_a_wait_fails_with_a_run_unless_it_is_to_warn(place: Place) -> None:
    kept = place.up(sheet(2), runTags={"emulator:fails": "SERVICE_ERROR"})
    place.advance(BATCH + 1)
    place.advance(2 * RUN)
    with pytest.raises(pulumi.RunError, match="2 of 2 runs FAILED"):
        waited(place, kept, None)
    assert waited(place, kept, None, "warn")["runs"] == {"failed": 2}


def test_a_wait_that_takes_too_long_leaves_the_runs_at_work(place: Place) -> None:
    kept = place.up(sheet(2))
    with pytest.raises(pulumi.RunError, match="They continue"):
        waited(place, kept, 0.1)
    assert [each["status"] for each in place.batches()] == ["CREATING"]


def test_a_preview_knows_the_end_only_when_it_is_there(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    kept = place.up(sheet(2))
    assert isinstance(waited(place, kept, None), Unknown)
    place.advance(BATCH + 1)
    place.advance(2 * RUN)
    assert waited(place, kept, None)["runs"] == {"completed": 2}


def test_a_wait_ends_with_a_program_that_has_failed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = pulumi.RunError("the program's own")
    monkeypatch.setattr(run_batch, "failure_of_program", lambda: failure)
    with pytest.raises(pulumi.RunError, match="the program's own"):
        waited(place, place.up(sheet(2)), None)
