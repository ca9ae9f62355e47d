"""Credentials that can't be had, through the real engine: an end in seconds, no question."""

from __future__ import annotations

import pytest

from tests.engine.harness import Stack

MFA = """\
[profile lab]
role_arn = arn:aws:iam::123456789012:role/lab
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = not-a-secret
"""
LOST = "[profile lab]\ncredential_process = /nonexistent/tool\n"


def configure(stack: Stack, text: str) -> None:
    """Let the stack ask AWS, with the profile `lab` of this configuration."""
    file = stack.home / "aws-config"
    file.write_text(text)
    stack.environment["AWS_CONFIG_FILE"] = str(file)
    stack.configure(endpoint=None, localState=None, profile="lab", preflight=None)
    stack.declare()


def told(text: str) -> list[str]:
    """Give the lines of the error itself, without the engine's frame around it."""
    lines = [line.strip() for line in text.splitlines()]
    first = next(n for n, line in enumerate(lines) if line.startswith("error: "))
    return lines[first : lines.index("", first)]


# Each error in `make test`: tests/provider/service/test_sign_in.py.
@pytest.mark.slow
def test_credentials_that_cannot_be_had_end_an_update_with_a_short_error(stack: Stack) -> None:
    # A question would wait for the command's own limit of time.
    configure(stack, MFA)
    outcome = stack.up(expect=None)
    assert "profile lab asks for an MFA code" in outcome.message
    assert "aws-vault" in outcome.message
    assert len(told(outcome.text)) <= 5, outcome.text
    assert "Enter MFA code" not in outcome.text

    configure(stack, LOST)
    outcome = stack.up(expect=None)
    assert "No such file or directory: '/nonexistent/tool'" in outcome.message

    # A preview goes on. Nothing was sent, so nothing is in doubt.
    preview = stack.pulumi("preview")
    assert "could not be looked up" not in preview.message or "started" not in preview.message
