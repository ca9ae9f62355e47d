"""Credentials that can't be had: one clear error, within seconds, and never a question."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.service import clients
from omics_provider.service.failures import translated

PLACE = Settings(region="us-east-1")
KEYS = "[profile keys]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = not-a-secret\n"
MFA = "mfa_serial = arn:aws:iam::123456789012:mfa/me\n"
ROLE = "role_arn = arn:aws:iam::123456789012:role/lab\n"


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's AWS configuration; the profile `lab` is the one to use."""
    file = tmp_path / "config"
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    clients.forget(PLACE)
    yield file
    clients.forget(PLACE)


def signed_in() -> None:
    """Do what the command doctor does."""
    with translated("GetCallerIdentity"):
        clients.session(PLACE).get_credentials()


def failures() -> list[errors.OmicsError]:
    """Give the errors of each way to a client or a session."""
    found = []
    for way in (
        lambda: clients.omics(PLACE),
        lambda: clients.aws(PLACE, "sts"),
        signed_in,
    ):
        with pytest.raises(errors.OmicsError) as caught:
            way()
        found.append(caught.value)
    return found


@pytest.mark.parametrize(
    "profiles",
    [
        f"[profile lab]\n{ROLE}source_profile = keys\n{MFA}",
        f"[profile lab]\n{ROLE}source_profile = middle\n"
        f"[profile middle]\n{ROLE}source_profile = keys\n{MFA}",
    ],
)
def test_a_profile_that_asks_for_a_code_is_refused(aws: Path, profiles: str) -> None:
    aws.write_text(KEYS + profiles)

    for error in failures():
        assert type(error) is errors.CredentialsError
        assert "profile lab asks for an MFA code" in error.detail
        for way_out in ("aws sso login", "aws-vault", "AWS_SESSION_TOKEN"):
            assert way_out in error.advice
        assert len(str(error).splitlines()) <= 5


def test_a_profile_without_a_code_and_one_that_is_not_used_are_left_alone(
    aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.write_text(KEYS + f"[profile lab]\n{ROLE}source_profile = keys\n")
    assert clients.session(PLACE).get_credentials().method == "assume-role"

    aws.write_text(KEYS + f"[profile lab]\n{ROLE}source_profile = keys\n{MFA}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    assert clients.session(PLACE).get_credentials().method == "env"


def test_at_a_terminal_nothing_is_asked_either(aws: Path) -> None:
    aws.write_text(KEYS + f"[profile lab]\n{ROLE}source_profile = keys\n{MFA}")
    source = (
        "from omics_provider.base.settings import Settings\n"
        "from omics_provider.service import clients\n"
        "clients.omics(Settings(region='us-east-1'))\n"
    )
    master, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", source], stdin=terminal, capture_output=True, text=True,
        timeout=30, check=False, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    os.close(master)
    assert "asks for an MFA code" in done.stderr
    assert "Enter MFA code" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("process", "says"),
    [
        ("/nonexistent/tool", "No such file or directory: '/nonexistent/tool'"),
        ("/", "Permission denied: '/'"),
        ("/bin/echo no JSON", "not return JSON"),
        ("/bin/false", "Error when retrieving credentials from custom-process"),
    ],
)
def test_a_credential_process_that_fails_is_one_clear_error(
    aws: Path, process: str, says: str
) -> None:
    aws.write_text(f"[profile lab]\ncredential_process = {process}\n")

    for error in failures():
        assert isinstance(error, errors.CredentialsError | errors.SettingsError)
        assert says in error.detail
        assert error.advice


def test_a_configuration_that_cannot_be_read_is_one_clear_error(aws: Path) -> None:
    for unreadable in ("no section\n", "[profile lab\n"):
        aws.write_text(unreadable)
        for error in failures():
            assert type(error) is errors.SettingsError
            assert str(aws) in error.detail
    aws.unlink()
    aws.mkdir()
    for error in failures():
        assert isinstance(error, errors.SettingsError)


def test_a_file_that_the_operating_system_refuses_is_one_clear_error(
    aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore import configloader

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(aws))

    aws.write_text(KEYS)
    monkeypatch.setattr(configloader, "raw_config_parse", refused)
    for error in failures():
        assert type(error) is errors.SettingsError
        assert f"Permission denied: '{aws}'" in error.detail
