"""Region, profile and endpoint from a stack's configuration."""

import pytest

from omics_provider.base.errors import SettingsError
from omics_provider.base.settings import Settings, from_config, provider_config, unknown_keys


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Settings()),
        (
            {"omics:region": "eu-west-1", "omics:profile": "lab", "omics:endpoint": "local"},
            Settings(region="eu-west-1", profile="lab", endpoint="local"),
        ),
        (
            {"aws:region": "us-west-2", "aws:profile": "base"},
            Settings(region="us-west-2", profile="base"),
        ),
        (
            {"aws:region": "us-west-2", "omics:region": "eu-west-1"},
            Settings(region="eu-west-1"),
        ),
        ({"aws:profile": "base", "omics:profile": "lab"}, Settings(profile="lab")),
        ({"omics:region": "", "aws:region": "us-west-2"}, Settings(region="us-west-2")),
        ({"omics:endpoint": ""}, Settings()),
        (
            {"omics:localState": "/data/omics.db", "omics:localRunSeconds": "0.5"},
            Settings(local_state="/data/omics.db", local_run_seconds=0.5),
        ),
        ({"omics:localRunSeconds": "0"}, Settings(local_run_seconds=0)),
        (
            {"omics:localExecute": "true", "omics:localImages": "i.json"},
            Settings(local_execute=True, local_images="i.json"),
        ),
        (
            {"omics:localExecute": "False", "omics:localBuckets": '{"a": "b"}'},
            Settings(local_buckets='{"a": "b"}'),
        ),
        ({"other:region": "x", "region": "y"}, Settings()),
    ],
)
def test_from_config(config: dict[str, str], expected: Settings) -> None:
    assert from_config(config.get) == expected


def test_the_defaults_of_the_emulator() -> None:
    assert (Settings().local_state, Settings().local_run_seconds) == (".omics/local.db", 5)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:4566",
        "https://vpce-1.omics.eu-west-1.vpce.amazonaws.com",
        "http://[::1]:1",
    ],
)
def test_urls_are_endpoints(endpoint: str) -> None:
    made = from_config({"omics:endpoint": endpoint}.get)
    assert made.endpoint == endpoint
    assert not made.is_local


@pytest.mark.parametrize(
    "endpoint",
    [
        "LOCAL",
        "localhost:4566",
        "127.0.0.1",
        "ftp://host",
        "http://",
        "http:///path",
        "file:///x",
        "http://[::1",
        "http://host:port",
        "http://host:70000",
        "http://host:0",
    ],
)
def test_other_texts_are_none(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="omics:endpoint is neither") as caught:
        from_config({"omics:endpoint": endpoint}.get)
    assert "pulumi config set omics:endpoint" in caught.value.advice


@pytest.mark.parametrize("seconds", ["-1", "five", "nan", "inf", "1e999", "5 s"])
def test_what_is_no_length_of_a_run(seconds: str) -> None:
    with pytest.raises(SettingsError, match="omics:localRunSeconds") as caught:
        from_config({"omics:localRunSeconds": seconds}.get)
    assert "pulumi config set omics:localRunSeconds" in caught.value.advice


def test_execution_is_on_or_off() -> None:
    with pytest.raises(SettingsError, match="omics:localExecute") as caught:
        from_config({"omics:localExecute": "yes"}.get)
    assert "pulumi config set omics:localExecute true" in caught.value.advice


def test_settings_are_a_key() -> None:
    assert len({Settings(), Settings(), Settings(region="x")}) == 2
    assert Settings(endpoint="local").is_local
    assert not Settings().is_local


def test_a_provider_has_what_it_is_given_else_the_stacks() -> None:
    stack = {
        "aws:region": "us-east-1", "omics:profile": "base", "omics:endpoint": "local",
        "omics:localState": "here.db", "omics:localRunSeconds": "3", "omics:progress": "off",
        "omics:localExecute": "true", "omics:localImages": "images.json",
    }  # fmt: skip
    assert provider_config("lab", {}, stack.get) == {
        "omics-provider:name": "lab", "omics:region": "us-east-1", "omics:profile": "base",
        "omics:endpoint": "local", "omics:localState": "here.db", "omics:localRunSeconds": "3",
        "omics:localExecute": "true", "omics:localImages": "images.json",
    }  # fmt: skip
    given = {"region": "eu-west-1", "profile": "", "endpoint": "https://omics.example.org"}
    assert provider_config("lab", given, stack.get) == {
        "omics-provider:name": "lab", "omics:region": "eu-west-1",
        "omics:endpoint": "https://omics.example.org",
    }  # fmt: skip
    assert provider_config("lab", {}, {}.get) == {"omics-provider:name": "lab"}


def test_two_providers_of_one_place_are_one_place() -> None:
    lab, again = (from_config({"omics-provider:name": name}.get) for name in ("lab", "again"))
    assert lab == again == Settings()
    assert (lab.provider, again.provider) == ("lab", "again")


@pytest.mark.parametrize(
    ("mode", "is_handed_on"), [("off", True), ("false", True), ("fail", False)]
)
def test_a_provider_looks_nothing_up_where_its_stack_does_not(
    mode: str, is_handed_on: bool
) -> None:
    made = provider_config("lab", {}, {"omics:preflight": mode}.get)
    assert made.get("omics:preflight") == (mode if is_handed_on else None)


@pytest.mark.parametrize(
    ("keys", "project", "told"),
    [
        (["omics:region", "aws:regoin", "omics-runs:anything", "omics:localState"], "trio", []),
        (["omics:regoin"], "trio", ["there is no key omics:regoin: did you mean omics:region?"]),
        (
            ["omics:local_state", "omics:endpoints"],
            "trio",
            [
                "there is no key omics:endpoints: did you mean omics:endpoint?",
                "there is no key omics:local_state: did you mean omics:localState?",
            ],
        ),
        (
            ["omics:bucket"],
            "trio",
            [
                "there is no key omics:bucket: omics has region, profile, endpoint, localState, "
                "localRunSeconds, localExecute, localImages, localBuckets, preflight, progress"
            ],
        ),
        # Of the project's own.
        (["omics:bucket", "omics:role"], "omics", []),
        (["omics:Region"], "omics", ["there is no key omics:Region: did you mean omics:region?"]),
    ],
)
def test_keys_that_mean_nothing_are_told(keys: list[str], project: str, told: list[str]) -> None:
    assert unknown_keys(keys, project) == told
