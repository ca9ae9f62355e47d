"""Provider: what it takes from the stack's configuration, and whose place a resource has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import pulumi
import pytest
from pulumi import ResourceOptions

from omics_provider import OmicsRun, OmicsRunGroup, Provider, RunCohort
from omics_provider.base.settings import Settings, from_config
from omics_provider.resources import provider
from omics_provider.resources.provider import place_of, place_of_child
from tests.programs import Engine, mocked

PLACE: dict[str, Any] = {
    "role_arn": "arn:aws:iam::111122223333:role/r",
    "output_uri": "s3://bucket",
    "workflow_id": "1",
}
STACK = Settings(region="us-east-1", profile="base")


def up(program: Callable[[], object]) -> dict[str, dict[str, Any]]:
    """Run a program in a stack in us-east-1 with the profile `base`; return inputs by name."""
    engine = Engine()
    mocked(engine)
    pulumi.runtime.set_all_config({"aws:region": "us-east-1", "omics:profile": "base"})

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def update() -> None:
        program()

    try:
        update()
    finally:
        pulumi.runtime.set_all_config({})
    return engine.inputs


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, STACK),
        ({"region": "eu-west-1"}, Settings(region="eu-west-1", profile="base")),
        ({"profile": "lab"}, Settings(region="us-east-1", profile="lab")),
        # An empty text is boto3's own choice.
        ({"region": "", "profile": ""}, Settings()),
        (
            {"endpoint": "local", "local_state": "lab.db"},
            Settings("us-east-1", "base", "local", "lab.db"),
        ),
        ({"endpoint": "http://127.0.0.1:1"}, Settings("us-east-1", "base", "http://127.0.0.1:1")),
    ],
)
def test_the_program_and_the_plugin_have_the_same_place(
    given: dict[str, Any], expected: Settings
) -> None:
    made: list[Settings] = []
    inputs = up(lambda: made.append(Provider("lab", **given).settings))["lab"]
    assert made == [expected]
    assert from_config(inputs.get) == expected
    assert from_config(inputs.get).provider == made[0].provider == "lab"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"endpoint": "nowhere"}, "Provider lab: .*neither `local` nor a URL"),
        ({"profile": 3, "region": 4}, "region, profile of lab is not a text"),
        ({"opts": ResourceOptions(env_var_mappings={"A": "B"})}, "env_var_mappings"),
    ],
)
def test_what_is_refused(given: dict[str, Any], words: str) -> None:
    def program() -> None:
        with pytest.raises(pulumi.RunError, match=words):
            Provider("lab", **given)

    assert up(program) == {}


def test_an_output_is_refused() -> None:
    def program() -> None:
        region: Any = pulumi.Output.from_input("us-east-1")
        with pytest.raises(pulumi.RunError, match="region of lab is not a text"):
            Provider("lab", region=region)

    assert up(program) == {}


def test_a_resource_has_the_place_of_its_provider_given_or_inherited() -> None:
    found: list[str | None] = []

    def program() -> None:
        lab, clinic = Provider("lab", region="us-west-2"), Provider("clinic", region="eu-west-1")
        at_lab = pulumi.ComponentResource("a:b:C", "at-lab", None, ResourceOptions(provider=lab))
        inside = pulumi.ComponentResource("a:b:C", "inside", None, ResourceOptions(parent=at_lab))
        options = [
            None,
            ResourceOptions(provider=lab),
            ResourceOptions(providers=[clinic]),
            ResourceOptions(providers={"pulumi-python": clinic}),
            ResourceOptions(parent=at_lab),
            ResourceOptions(parent=inside),
            ResourceOptions(parent=inside, provider=clinic),
        ]
        for number, opts in enumerate(options):
            found.append(place_of(OmicsRun(f"run-{number}", **PLACE, opts=opts)).region)
        group = OmicsRunGroup("group", name="g", opts=ResourceOptions(provider=lab))
        got = OmicsRun.get("got", "1", ResourceOptions(provider=lab))
        found.extend([place_of(group).region, place_of(got).region])

    up(program)
    west, clinic = "us-west-2", "eu-west-1"
    assert found == ["us-east-1", west, clinic, clinic, west, west, clinic, west, west]


@pytest.mark.parametrize("way", ["provider", "providers", "parent", "template"])
def test_a_cohort_hands_its_provider_to_its_runs(way: str) -> None:
    found: list[str | None] = []

    def program() -> None:
        lab = Provider("lab", region="us-west-2")
        outer = pulumi.ComponentResource("a:b:C", "outer", None, ResourceOptions(provider=lab))
        opts = {
            "provider": ResourceOptions(provider=lab),
            "providers": ResourceOptions(providers=[lab]),
            "parent": ResourceOptions(parent=outer),
            "template": None,
        }[way]
        own = ResourceOptions(provider=lab) if way == "template" else None
        cohort = RunCohort(
            "cohort", samples=[{"sample": "S1"}], parameters=["sample"],
            template={**PLACE, "opts": own}, opts=opts,
        )  # fmt: skip
        # Before the run is there, and after: its columns are looked up where it will be.
        found.append(place_of_child("S1", own, opts).region)
        found.append(place_of(cohort.runs["S1"]).region)

    up(program)
    assert found == ["us-west-2", "us-west-2"]


def test_another_provider_of_the_package_is_refused_where_a_place_is_needed() -> None:
    def program() -> None:
        plain = pulumi.ProviderResource("pulumi-python", "plain", {"omics:region": "eu-west-1"})
        run = OmicsRun("run", **PLACE, opts=ResourceOptions(provider=plain))
        with pytest.raises(pulumi.RunError, match=r"run has a provider .* omics_provider.Provider"):
            place_of(run)

    up(program)


def test_a_key_that_means_nothing_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    # The tests of a file share an event loop, programs do not.
    monkeypatch.setattr(provider, "_looked", WeakSet())
    monkeypatch.setattr(
        pulumi.runtime.config, "get_config_env", lambda: {"omics:regoin": "us-east-1"}
    )
    up(lambda: [OmicsRun(name, **PLACE) for name in ("one", "two")])
    assert told == ["Configuration: there is no key omics:regoin: did you mean omics:region?"]
