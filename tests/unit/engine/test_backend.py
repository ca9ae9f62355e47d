"""Which organization a stack is in, and what its configuration says of the namespace aws."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from omics_provider.base.errors import OmicsError
from omics_provider.engine.backend import StackNames, find_backend
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.project import find_project
from omics_provider.engine.stack_config import completed

URN = "urn:pulumi:dev::trial::omics:index:Run::S1"
DEFAULT = "urn:pulumi:dev::trial::pulumi:providers:omics::default_0_1_0"
GIVEN = "urn:pulumi:dev::trial::pulumi:providers:omics::lab"
CLOUD = "https://api.pulumi.com"
BUCKET = "s3://states"


class Machine:
    """A project's folder, a home of the CLI, and a CLI that is at work there."""

    def __init__(self, folder: Path) -> None:
        self.project, self.home = folder / "project", folder / "home"
        self.project.mkdir()
        self.home.mkdir()
        self.environment: dict[str, str] = {"PULUMI_HOME": str(self.home)}
        self.write("Pulumi.yaml", "name: trial\nruntime: yaml\n")

    def write(self, name: str, text: str) -> None:
        (self.project / name).write_text(text, "utf-8")

    def keep(self, name: str, value: Any) -> None:
        file = self.home / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(value), "utf-8")

    def select(self, kept: Any) -> None:
        digest = hashlib.sha1(str(self.project / "Pulumi.yaml").encode()).hexdigest()
        self.keep(f"workspaces/trial-{digest}-workspace.json", kept)

    def engine(self, *options: str) -> Engine:
        return Engine(("pulumi", "up", *options), cast(psutil.Process, self))

    # What is asked of a process.

    def cwd(self) -> str:
        return str(self.project)

    def environ(self) -> dict[str, str]:
        return self.environment

    def name_of(self, *options: str, recorded: str = "") -> str:
        return StackNames(self.engine(*options)).of(URN, recorded)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def cloud(machine: Machine) -> Machine:
    machine.keep("credentials.json", {"current": CLOUD})
    return machine


@pytest.mark.parametrize("url", [BUCKET, "file:///states", "gs://states", "azblob://states"])
@pytest.mark.parametrize("options", [(), ("-s", "dev"), ("--stack=organization/trial/dev",)])
def test_a_folder_and_a_bucket_have_no_organizations(
    machine: Machine, url: str, options: tuple[str, ...]
) -> None:
    machine.environment["PULUMI_BACKEND_URL"] = url
    assert machine.name_of(*options) == "organization/trial/dev"


def test_the_backend_is_that_of_the_variable_the_project_the_login_or_the_token(
    machine: Machine,
) -> None:
    def found() -> tuple[str, str]:
        return find_backend(find_project(machine.project), machine.environment)

    assert found() == ("", "")
    machine.environment["PULUMI_ACCESS_TOKEN"] = "t"  # no token
    assert found() == (CLOUD, "PULUMI_ACCESS_TOKEN")
    machine.keep("credentials.json", {"current": BUCKET})
    assert found() == (BUCKET, "pulumi login")
    machine.write("Pulumi.yaml", "name: trial\nbackend: {url: 'gs://states'}\n")
    assert found() == ("gs://states", "Pulumi.yaml")
    machine.environment["PULUMI_BACKEND_URL"] = CLOUD
    assert found() == (CLOUD, "PULUMI_BACKEND_URL")


NAMED = [
    ("--stack", "acme/trial/dev"),
    ("--stack=acme/trial/dev",),
    ("-s", "acme/trial/dev"),
    ("-sacme/trial/dev",),
    ("-s=acme/dev",),
    ("-s", "other/trial/dev", "--stack", "acme/dev"),
]


@pytest.mark.parametrize("options", NAMED)
def test_an_option_names_the_organization(cloud: Machine, options: tuple[str, ...]) -> None:
    cloud.select({"stacks": {CLOUD: "others/trial/dev"}})
    assert cloud.name_of(*options) == "acme/trial/dev"


def test_the_environment_may_hold_the_option_or_the_stack(cloud: Machine) -> None:
    cloud.environment["PULUMI_STACK"] = "acme/trial/dev"
    assert cloud.name_of() == "acme/trial/dev"
    cloud.environment["PULUMI_OPTION_STACK"] = "other/dev"
    assert cloud.name_of() == "other/trial/dev"
    assert cloud.name_of("-s", "third/dev") == "third/trial/dev"


def test_a_short_name_is_of_the_default_organization(cloud: Machine) -> None:
    cloud.select({"stacks": {CLOUD: "selected/trial/dev"}})
    with pytest.raises(OmicsError, match="--stack ORGANIZATION/trial/dev"):
        cloud.name_of("-s", "dev")
    cloud.keep("config.json", {"backends": {CLOUD: {"defaultOrg": "acme"}}})
    assert cloud.name_of("-s", "dev") == "acme/trial/dev"
    cloud.environment["PULUMI_DEFAULT_ORGANIZATION"] = "other"
    assert cloud.name_of("-s", "dev") == "other/trial/dev"


@pytest.mark.parametrize(
    "kept",
    [
        {"stack": "acme/trial/dev"},
        {"stacks": {CLOUD: "acme/trial/dev", BUCKET: "organization/trial/dev"}},
        {"stack": "others/trial/dev", "stacks": {CLOUD: "acme/trial/dev"}},
    ],
)
def test_the_selected_stack_names_the_organization(cloud: Machine, kept: Any) -> None:
    cloud.select(kept)
    assert cloud.name_of() == cloud.name_of("-s", "acme/trial/dev") == "acme/trial/dev"


@pytest.mark.parametrize(
    "kept", [{}, {"stack": "acme/trial/prod"}, {"stack": "acme/other/dev"}, {"stack": "dev"}]
)
def test_another_selected_stack_tells_nothing(cloud: Machine, kept: Any) -> None:
    cloud.select(kept)
    with pytest.raises(OmicsError, match="it is not known which organization stack dev"):
        cloud.name_of()
    assert cloud.name_of(recorded="acme/trial/dev") == "acme/trial/dev"
    # A renamed stack stays in its organization.
    assert cloud.name_of(recorded="acme/before/old") == "acme/trial/dev"


def test_what_is_recorded_stays_but_for_another_organization(cloud: Machine) -> None:
    assert cloud.name_of("-s", "ACME/dev", recorded="acme/trial/dev") == "acme/trial/dev"
    assert cloud.name_of("-s", "other/dev", recorded="acme/trial/dev") == "other/trial/dev"


def test_where_no_login_can_be_read_the_selected_stack_tells(machine: Machine) -> None:
    machine.select({"stacks": {"file://~": "organization/trial/dev"}})
    assert machine.name_of() == "organization/trial/dev"
    machine.select({"stacks": {"file://~": "organization/trial/dev", CLOUD: "acme/trial/dev"}})
    with pytest.raises(OmicsError):
        machine.name_of()


# The configuration -----------------------------------------------------------------------------


@pytest.fixture
def bucket(machine: Machine) -> Machine:
    machine.environment["PULUMI_BACKEND_URL"] = BUCKET
    return machine


def config_of(machine: Machine, urn: str, *options: str, **given: Any) -> dict[str, Any]:
    engine = machine.engine(*options)
    names = StackNames(engine)
    return completed(given, urn, lambda: names.of(urn), OwnStack(engine))


def test_region_and_profile_of_aws_hold_where_omics_has_none(bucket: Machine) -> None:
    bucket.write("Pulumi.dev.yaml", "config: {aws:region: eu-west-1, aws:profile: lab}\n")
    assert config_of(bucket, DEFAULT) == {"region": "eu-west-1", "profile": "lab"}
    assert config_of(bucket, DEFAULT, region="us-east-1") == {
        "region": "us-east-1",
        "profile": "lab",
    }
    # An empty text leaves the choice to boto3.
    assert config_of(bucket, GIVEN, region="", profile="") == {"region": "", "profile": ""}


def test_another_file_of_configuration_counts(bucket: Machine) -> None:
    bucket.write("Pulumi.dev.yaml", "config: {aws:region: eu-west-1}\n")
    bucket.write("other.yaml", "config: {aws:region: eu-central-1}\n")
    assert config_of(bucket, DEFAULT, "--config-file", "other.yaml") == {"region": "eu-central-1"}


def test_a_default_of_the_project_counts(bucket: Machine) -> None:
    bucket.write("Pulumi.yaml", "name: trial\nconfig: {aws:region: eu-west-1}\n")
    assert config_of(bucket, DEFAULT) == {"region": "eu-west-1"}


def test_an_own_provider_follows_the_stack_in_what_it_leaves_out(bucket: Machine) -> None:
    bucket.write(
        "Pulumi.dev.yaml",
        "config: {omics:region: eu-west-1, aws:region: us-west-2, omics:endpoint: local,"
        " omics:localRunSeconds: 5, aws:profile: lab}\n",
    )
    assert config_of(bucket, GIVEN, region="us-east-1") == {
        "region": "us-east-1", "profile": "lab", "endpoint": "local", "localRunSeconds": "5",
    }  # fmt: skip
    assert config_of(bucket, GIVEN)["region"] == "eu-west-1"


def test_a_secret_region_of_aws_is_refused(bucket: Machine) -> None:
    bucket.write("Pulumi.dev.yaml", "config: {aws:region: {secure: 'v1:abc'}}\n")
    with pytest.raises(OmicsError, match="aws:region is a secret"):
        config_of(bucket, DEFAULT)
    assert config_of(bucket, DEFAULT, region="us-east-1") == {"region": "us-east-1"}


def test_a_service_is_asked_since_it_may_keep_the_configuration(
    cloud: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def answer(self: OwnStack, stack: str, *words: str) -> Any:
        asked.append((stack, *words))
        return {"aws:region": {"value": "eu-west-1"}, "aws:profile": {"secret": True}}

    monkeypatch.setattr(OwnStack, "_asked", answer)
    cloud.write("Pulumi.dev.yaml", "config: {aws:region: us-west-2}\n")
    with pytest.raises(OmicsError, match="aws:profile is a secret"):
        config_of(cloud, DEFAULT, "-s", "acme/dev")
    assert config_of(cloud, DEFAULT, "-s", "acme/dev", profile="lab")["region"] == "eu-west-1"
    assert set(asked) == {("acme/trial/dev", "config", "--json")}
    asked.clear()
    assert config_of(cloud, DEFAULT, "-s", "acme/dev", region="us-east-1")["region"] == "us-east-1"
    assert asked == []
