"""What users rely on: names, arguments, defaults, and what an import costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import files
from typing import Any

import pytest

import omics_provider
from omics_provider import OmicsRun, wait_all
from omics_provider.runs.rules import run_table

ARGUMENTS: dict[str, Any] = {
    "role_arn": inspect.Parameter.empty,
    "output_uri": inspect.Parameter.empty,
    **dict.fromkeys(
        [
            "workflow_id", "workflow_type", "workflow_owner_id", "workflow_version_name",
            "run_id", "name", "run_group_id", "priority", "parameters", "storage_type",
            "storage_capacity", "scratch_storage_mode", "cache_id", "cache_behavior", "log_level",
            "retention_mode", "output_uri_prefix_mode", "networking_mode", "configuration_name",
            "engine_settings", "session_policy", "tags", "rerun", "on_delete", "adopt_run_id",
            "opts",
        ]
    ),
}  # fmt: skip
# Of later parts of the work; each has None for a default, too.
LATER = {"rerun_on", "retry", "max_attempts", "preflight"}

OUTPUTS = [
    "id", "arn", "uuid", "status", "run_output_uri", "creation_time", "start_time", "stop_time",
    "status_message", "failure_reason", "started_by", "digest", "engine_version", "workflow_uuid",
    "log_location", "batch_id",
]  # fmt: skip


def test_the_names_of_the_package() -> None:
    assert {"OmicsRun", "wait_all"} <= set(omics_provider.__all__)
    assert set(omics_provider.__all__) <= set(dir(omics_provider))
    assert all(getattr(omics_provider, name) is not None for name in omics_provider.__all__)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="OmicsRum"):
        _ = omics_provider.OmicsRum


def test_the_arguments_of_a_run() -> None:
    parameters = inspect.signature(OmicsRun).parameters
    first, *rest = parameters.values()
    assert first.name == "resource_name"
    assert first.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = {p.name: p for p in rest if p.kind is not inspect.Parameter.VAR_KEYWORD}
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in named.values())
    assert named.keys() - LATER == ARGUMENTS.keys()
    assert {name: named[name].default for name in ARGUMENTS} == ARGUMENTS
    assert all(named[name].default is None for name in LATER & named.keys())


def test_every_argument_has_its_doc() -> None:
    doc = inspect.getdoc(OmicsRun.__init__) or ""
    missing = [name for name in ["resource_name", *ARGUMENTS] if f"    {name}: " not in doc]
    assert missing == []


def test_every_argument_is_a_property_of_the_table() -> None:
    assert set(run_table.BY_NAME) - LATER == ARGUMENTS.keys() - {"opts"}


@pytest.mark.parametrize("name", [*OUTPUTS, *(name for name in ARGUMENTS if name != "opts")])
def test_an_attribute_of_a_run(name: str) -> None:
    attribute = inspect.getattr_static(OmicsRun, name)
    assert isinstance(attribute, property)
    assert name == "id" or inspect.getdoc(attribute)


def test_a_run_can_be_got_by_its_id() -> None:
    parameters = inspect.signature(OmicsRun.get).parameters
    assert list(parameters) == ["resource_name", "id", "opts"]
    assert parameters["opts"].default is None


def test_waiting_for_runs() -> None:
    parameters = inspect.signature(wait_all).parameters
    assert next(iter(parameters)) == "runs"
    assert parameters["timeout"].default is None
    assert parameters["on_failure"].default == "fail"


def test_the_arguments_of_a_provider() -> None:
    first, *rest = inspect.signature(omics_provider.Provider).parameters.values()
    assert first.name == "resource_name"
    assert [p.name for p in rest] == ["region", "profile", "endpoint", "local_state", "opts"]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY and p.default is None for p in rest)


def test_the_type_token() -> None:
    assert OmicsRun._resource_type_name == "dynamic/omics:Run"


def test_the_package_says_that_it_is_typed() -> None:
    from importlib.resources import files as inside

    assert inside("omics_provider").joinpath("py.typed").is_file()
    assert files("omics-provider")


IMPORTED = "import sys; {}; print(*sorted(m for m in sys.modules if m.split('.')[0] in {}))"
HEAVY = {"boto3", "botocore", "moto", "types_boto3_omics"}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import omics_provider", HEAVY | {"pulumi"}),
        ("from omics_provider import OmicsRun, wait_all", HEAVY),
        ("import omics_provider.providers.run", HEAVY),
        ("import omics_provider.emulator.service", {"pulumi", "grpc", "moto"}),
        ("import omics_provider.runs.calls", {"pulumi", "moto"}),
    ],
)
def test_an_import_brings_nothing_that_it_does_not_need(statement: str, absent: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(statement, absent)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
