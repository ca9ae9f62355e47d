"""OmicsRunCache's provider against the emulator."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from omics_provider.providers._host import ProviderError
from omics_provider.providers.run_cache import OmicsRunCacheProvider
from omics_provider.resources.shared import OmicsRunCache
from tests.provider import lasting
from tests.provider.harness import ROLE, Clock, Emulator, Recorded, bag, unknown
from tests.provider.lasting import again, reasons, up

# Never to be changed: a state made by an earlier release has this one.
PINNED = (
    "gASVQwAAAAAAAACMIm9taWNzX3Byb3ZpZGVyLnByb3ZpZGVycy5ydW5fY2FjaGWUjBVPbWljc1J1bkNhY2hlUHJvdmlk"
    "ZXKUk5QpgZQu"
)
DECLARED = {
    "cacheS3Location": "s3://results/cache",
    "cacheBehavior": "CACHE_ALWAYS",
    "name": "germline",
    "description": "of the trio",
    "tags": {"team": "rare"},
}


@pytest.fixture
def provider(config: dict[str, str]) -> OmicsRunCacheProvider:
    made: OmicsRunCacheProvider = lasting.configured(OmicsRunCacheProvider, config)
    return made


def live(emulator: Emulator, recorded: Recorded) -> dict[str, Any]:
    return dict(emulator.aws.get_run_cache(id=recorded.id))


def test_the_bytes_in_every_state_are_pinned() -> None:
    assert serialize_provider(OmicsRunCacheProvider()) == PINNED
    assert serialize_provider(OmicsRunCache._host) == PINNED
    assert OmicsRunCacheProvider.serialize_as_secret_always is False


def test_create_makes_one_cache_and_records_it(
    emulator: Emulator, provider: OmicsRunCacheProvider
) -> None:
    made = up(provider, DECLARED)
    found = live(emulator, made)
    assert (found["cacheS3Uri"], found["cacheBehavior"], found["name"], found["description"]) == (
        "s3://results/cache", "CACHE_ALWAYS", "germline", "of the trio",
    )  # fmt: skip
    assert (made.outs["arn"], made.outs["status"]) == (found["arn"], "ACTIVE")
    assert made.outs["creationTime"].endswith("Z")


def test_what_the_service_fills_in_never_differs(
    emulator: Emulator, provider: OmicsRunCacheProvider
) -> None:
    inputs = {"cacheS3Location": "s3://results/cache"}
    made = up(provider, inputs)
    assert live(emulator, made)["cacheBehavior"] == "CACHE_ON_FAILURE"
    seen = provider.read(made.id, made.bag())
    assert seen.inputs is None
    assert provider.diff(made.id, bag(seen.outs or {}), bag(inputs)).changes is False


def test_name_description_and_behaviour_change_in_place(
    emulator: Emulator, provider: OmicsRunCacheProvider
) -> None:
    made = up(provider, DECLARED)
    wanted = {
        **DECLARED, "cacheBehavior": "CACHE_ON_FAILURE", "name": "n", "description": "d",
    }  # fmt: skip
    calls = emulator.since(lambda: again(provider, made, wanted))
    assert calls == ["GetRunCache", "UpdateRunCache"]
    found = live(emulator, made)
    assert (found["cacheBehavior"], found["name"], found["description"]) == (
        "CACHE_ON_FAILURE", "n", "d",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"cacheS3Location": "s3://results/other"}, {"cacheBucketOwnerId": "210987654321"}]
)
def test_another_place_is_another_cache(
    provider: OmicsRunCacheProvider, change: dict[str, str]
) -> None:
    made = up(provider, DECLARED)
    found = provider.diff(made.id, made.bag(), bag({**DECLARED, **change}))
    assert found.replaces == list(change)


def test_all_problems_come_at_once(provider: OmicsRunCacheProvider) -> None:
    assert reasons(provider, {"cacheBehavior": "ALWAYS", "cacheBucketOwnerId": "12"}) == [
        'cache_behavior: "ALWAYS": must be one of CACHE_ON_FAILURE, CACHE_ALWAYS: did you mean '
        "CACHE_ALWAYS?",
        'cache_bucket_owner_id: "12": must have 12 characters, has 2',
        "cache_s3_location: is required",
    ]
    assert reasons(provider, {"cacheS3Location": "/data/cache"}) == [
        'cache_s3_location: "/data/cache": must be an S3 URI, s3://bucket or s3://bucket/prefix'
    ]
    assert provider.check({}, {"cacheS3Location": unknown()}).failures == []


def test_drift_is_shown_and_a_cache_that_is_gone_is_made_again(
    emulator: Emulator, provider: OmicsRunCacheProvider
) -> None:
    made = up(provider, DECLARED)
    emulator.aws.update_run_cache(id=made.id, cacheBehavior="CACHE_ON_FAILURE")
    seen = provider.read(made.id, made.bag())
    assert (seen.inputs or {})["cacheBehavior"] == "CACHE_ON_FAILURE"
    emulator.aws.delete_run_cache(id=made.id)
    assert provider.read(made.id, made.bag()).id == ""
    provider.delete(made.id, made.bag())


def test_delete(emulator: Emulator, provider: OmicsRunCacheProvider) -> None:
    made = up(provider, DECLARED)
    provider.delete(made.id, made.bag())
    with pytest.raises(emulator.aws.exceptions.ResourceNotFoundException):
        live(emulator, made)


def test_what_an_interrupted_create_made_elsewhere_is_left_and_told(
    emulator: Emulator, provider: OmicsRunCacheProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lasting.engine("RunCache", monkeypatch)
    first = engine.begins(DECLARED)
    lost = provider.create(bag(first))
    engine.interrupted(first)
    moved = engine.begins({**DECLARED, "cacheS3Location": "s3://results/moved"})
    assert provider.create(bag(moved)).id != lost.id
    (warning,) = engine.warnings
    assert (lost.outs or {})["arn"] in warning
    assert "cache_s3_location" in warning
    # With the same place it is taken.
    assert provider.create(bag(engine.begins(DECLARED))).id == lost.id


def test_errors_are_told_plainly(emulator: Emulator, provider: OmicsRunCacheProvider) -> None:
    made = up(provider, DECLARED)
    emulator.fault("UpdateRunCache", "denied", rate=1)
    with pytest.raises(ProviderError, match="Allow the caller omics:UpdateRunCache"):
        provider.update(made.id, made.bag(), bag({**DECLARED, "name": "n"}))


def run_with(emulator: Emulator, cache: str) -> str:
    made = emulator.aws.start_run(
        workflowId=emulator.workflow, roleArn=ROLE, outputUri="s3://results", cacheId=cache,
        tags={"emulator:seconds": "100"},
    )  # fmt: skip
    return str(made["id"])


def test_a_cache_that_an_active_run_uses_is_kept(
    emulator: Emulator, provider: OmicsRunCacheProvider, clock: Clock
) -> None:
    made = up(provider, DECLARED)
    clock.also = lambda _: None
    run_with(emulator, made.id)
    with pytest.raises(ProviderError, match="Wait for those runs, or cancel them"):
        provider.delete(made.id, made.bag())
    assert sum(clock.slept) == pytest.approx(60)
    assert live(emulator, made)["name"] == "germline"


def test_a_cancelled_run_that_uses_the_cache_is_waited_for(
    emulator: Emulator, provider: OmicsRunCacheProvider
) -> None:
    made = up(provider, DECLARED)
    emulator.aws.cancel_run(id=run_with(emulator, made.id))
    provider.delete(made.id, made.bag())
    with pytest.raises(emulator.aws.exceptions.ResourceNotFoundException):
        live(emulator, made)
