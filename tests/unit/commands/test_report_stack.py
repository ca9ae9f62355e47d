from __future__ import annotations

from pathlib import Path

import pytest

from omics_provider.base.errors import OmicsError
from omics_provider.base.settings import Settings
from omics_provider.commands.report.of_stack import runs_of
from omics_provider.engine import cli

RUN = "pulumi-python:dynamic/omics:Run"
SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:…",
}


def resource(name: str, id_: str, **more: object) -> dict[str, object]:
    return {
        "urn": f"urn:pulumi:dev::omics-runs::{RUN}::{name}",
        "type": RUN,
        "id": id_,
        "outputs": {"uuid": f"u-{id_}", "status": "COMPLETED", "parameters": {"token": "hunter2"}},
        **more,
    }


def test_the_runs_of_a_state() -> None:
    state = {
        "deployment": {
            "resources": [
                {
                    "urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev",
                    "type": "pulumi:pulumi:Stack",
                },
                resource("HG002", "1"),
                resource("HG002", "2", delete=True),
                resource("HG003", "pending-start", outputs={"status": "UNKNOWN"}),
                resource("HG004", "3", outputs={"uuid": "u-3", "name": SECRET, "status": "FAILED"}),
            ]
        }
    }
    found = runs_of(state)
    assert [(each.resource, each.id, each.uuid) for each in found] == [
        ("HG002", "1", "u-1"),
        ("HG004", "3", "u-3"),
    ]
    assert found[0].recorded == {"uuid": "u-1", "status": "COMPLETED"}
    assert found[1].recorded == {"uuid": "u-3", "status": "FAILED"}


def test_a_run_is_at_the_place_of_its_provider() -> None:
    provider = {
        "urn": "urn:pulumi:dev::p::pulumi:providers:pulumi-python::lab",
        "type": "pulumi:providers:pulumi-python",
        "id": "4f",
        "inputs": {"omics:region": "eu-west-1", "omics-provider:name": "lab"},
    }
    default = {**provider, "urn": "urn:pulumi:dev::p::pulumi:providers:pulumi-python::default"}
    default["inputs"] = {"omics:region": "us-east-1"}
    resources = [
        provider,
        default,
        resource("HG002", "1", provider=f"{provider['urn']}::4f"),
        resource("HG003", "1", provider=f"{default['urn']}::4f"),
        resource("HG004", "2"),
    ]
    found = runs_of({"deployment": {"resources": resources}})
    assert [each.place for each in found] == [Settings(region="eu-west-1"), None, None]


def test_a_provider_with_a_secret_place_is_told_of() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47c9", "ciphertext": "v1:x"}
    provider = {
        "urn": "urn:pulumi:dev::p::pulumi:providers:pulumi-python::lab",
        "type": "pulumi:providers:pulumi-python",
        "id": "4f",
        "inputs": {"omics:profile": secret, "omics-provider:name": "lab"},
    }
    run = resource("HG002", "1", provider=f"{provider['urn']}::4f")
    with pytest.raises(OmicsError, match="omics:profile of Provider lab is a secret"):
        runs_of({"deployment": {"resources": [provider, run]}})


@pytest.mark.parametrize("state", [{}, {"deployment": None}, {"deployment": {"resources": None}}])
def test_an_empty_state_has_none(state: dict[str, object]) -> None:
    assert runs_of(state) == []


def pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    command = folder / "pulumi"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_configuration_comes_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = '{"omics:region": {"value": "eu-west-1", "secret": false}, "x:y": {"secret": true}}'
    pulumi(
        tmp_path,
        monkeypatch,
        f"""test "$1 $2 $3 $4" = "config --json --stack dev" && echo '{known}'""",
    )
    assert cli.config("dev") == {"omics:region": "eu-west-1"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'error: no stack named dev found' >&2; exit 255", "no stack named dev found"),
        ("exit 3", "it failed"),
        ("echo nonsense", "JSONDecodeError"),
    ],
)
def test_a_stack_that_can_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    pulumi(tmp_path, monkeypatch, script)
    with pytest.raises(OmicsError, match=words) as caught:
        cli.state("dev")
    assert "also take ids of runs" in caught.value.advice


def test_without_pulumi_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OmicsError, match="no `pulumi` on PATH"):
        cli.state("dev")
