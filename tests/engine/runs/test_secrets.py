"""Secrets: encrypted in the state, and never in anything that a command writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import (
    ACTIVE,
    Stack,
    declaration,
    is_secret,
    secret,
    until,
)
from tests.served import serving

TOKEN = "hush-token-7f3a"
WHOLE = "hush-whole-51c9"
POLICY = "hush-policy-e02d"
SESSION_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": POLICY}]})
CANARIES = (TOKEN, WHOLE, POLICY)


def leaks(stack: Stack, *canaries: str) -> list[str]:
    """Give every place where a canary can be read: files of the project and all output."""
    places = {str(path): text for path, text in stack.written().items()}
    # The test's own way to hand the declaration to the program.
    places = {path: text for path, text in places.items() if Path(path).name != "runs.json"}
    places["output"] = stack.transcript
    return [
        f"{canary} in {place}"
        for place, text in places.items()
        for canary in canaries
        if canary in text
    ]


def assert_encrypted(stack: Stack, run: str, *paths: tuple[str, ...]) -> None:
    """Hold each path to be an encrypted secret, in the inputs and in the outputs."""
    recorded = stack.recorded(run)
    for half in ("inputs", "outputs"):
        for path in paths:
            value = recorded[half]
            for step in path:
                value = value[step]
            assert is_secret(value), f"{half}.{'.'.join(path)} is {value!r}"


def test_secrets_stay_encrypted_and_unsaid_for_the_whole_life_of_a_run(stack: Stack) -> None:
    nested = {"sample_name": "NA12878", "portal": {"user": "lab", "token": secret(TOKEN)}}
    runs = {
        "nested": declaration(parameters=nested, session_policy=secret(SESSION_POLICY)),
        "whole": declaration(parameters=secret({"sample_name": WHOLE})),
    }
    paths = {
        "nested": (("parameters", "portal", "token"), ("sessionPolicy",)),
        "whole": (("parameters",),),
    }
    stack.declare(runs)

    def still_encrypted(moment: str) -> None:
        for run, secrets in paths.items():
            assert_encrypted(stack, run, *secrets)
        assert leaks(stack, *CANARIES) == [], moment

    stack.pulumi("preview", "--diff")
    stack.up("--diff")
    still_encrypted("up")
    # The service got the plain values.
    live = stack.live("nested")
    assert live["parameters"]["portal"] == {"user": "lab", "token": TOKEN}
    assert live["sessionPolicy"] == SESSION_POLICY
    assert stack.live("whole")["parameters"] == {"sample_name": WHOLE}

    stack.pulumi("refresh", "--yes", "--diff")
    still_encrypted("refresh")
    stack.pulumi("preview", "--diff", "--expect-no-changes")

    stack.declare(
        {
            name: {**arguments, "tags": {**ACTIVE, "project": "trio"}}
            for name, arguments in runs.items()
        }
    )
    stack.up("--diff")
    still_encrypted("a changed tag")

    # A refresh that finds a tag changed by hand writes new inputs.
    stack.service.tag_resource(
        resourceArn=stack.recorded("nested")["outputs"]["arn"], tags={"by": "hand"}
    )
    stack.pulumi("refresh", "--yes", "--diff")
    assert stack.recorded("nested")["inputs"]["tags"]["by"] == "hand"
    still_encrypted("drift")
    stack.up("--diff")
    still_encrypted("drift put right")

    # A run whose record is gone stays, and so do its secrets.
    run_id = stack.recorded("whole")["id"]
    stack.service.cancel_run(id=run_id)
    until(lambda: stack.live("whole"), lambda run: run["status"] == "CANCELLED")
    stack.service.delete_run(id=run_id)
    stack.pulumi("refresh", "--yes", "--diff")
    assert stack.recorded("whole")["outputs"]["recordGone"] is True
    still_encrypted("gone")

    stack.pulumi("destroy", "--yes", "--diff")
    assert leaks(stack, *CANARIES) == []


def test_a_changed_secret_replaces_the_run_and_shows_neither_value(stack: Stack) -> None:
    def parameters(token: str) -> dict[str, object]:
        return {"sample_name": "NA12878", "portal": {"token": secret(token)}}

    stack.declare(parameters=parameters("hush-old-11"), on_delete="keep")
    stack.up()
    stack.declare(parameters=parameters("hush-new-22"), on_delete="keep")

    step = stack.preview().steps()["replace NA12878"]
    assert step["replaceReasons"] == ["parameters"]
    stack.pulumi("preview", "--diff")
    stack.up("--diff")

    assert stack.counted()["StartRun"] == 2
    assert_encrypted(stack, "NA12878", ("parameters", "portal", "token"))
    assert leaks(stack, "hush-old-11", "hush-new-22") == []


#: Declarations that check refuses, and the words that each must be refused with. The engine shows
#: one bad resource at a time, so many properties share one.
REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a good secret beside bad values": (
        {
            "parameters": {"portal": {"token": secret(TOKEN)}, "too_big": 2**60, "gone": None},
            "session_policy": secret(SESSION_POLICY),
            "priority": -1,
            "retension_mode": "REMOVE",
        },
        ("parameters.too_big", "parameters.gone", "0 to 100,000", "did you mean retention_mode?"),
    ),
    "secrets that are bad themselves": (
        {
            "session_policy": secret(f"{TOKEN} {{"),
            "parameters": secret(TOKEN),
            "priority": secret(TOKEN),
            "output_uri": secret(TOKEN),
            "role_arn": secret(TOKEN),
            "workflow_id": secret(TOKEN),
            "log_level": secret(TOKEN),
            "tags": {"portal": secret(TOKEN * 40)},
            "pasword": secret(TOKEN),
        },
        (
            "must hold a JSON object",
            "JSON object: names and values",
            "whole number",
            "S3 URI",
            "must match arn:",
            "must be one of",
            "256 characters",
            "is no argument",
        ),
    ),
    "secrets that are too long": (
        {
            "session_policy": secret(json.dumps({"Sid": TOKEN * 200})),
            "parameters": secret({"token": TOKEN, "padding": "x" * 50_001}),
            "name": secret(TOKEN * 20),
        },
        ("2048 characters", "50,000 bytes", "128 characters"),
    ),
    "a secret number": (
        {"parameters": {"pin": secret(10**17 + 4242)}, "storage_capacity": secret(4242.5)},
        ("parameters.pin", "whole number"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_declaration_does_not_tell_its_secrets(stack: Stack, case: str) -> None:
    arguments, words = REFUSED[case]
    stack.declare(**arguments)

    outcome, calls = stack.calls(lambda: stack.pulumi("preview", "--diff", expect=1))

    assert calls == {}
    assert [each for each in words if each not in outcome.message] == [], outcome.text
    assert "resource 'NA12878'" in outcome.text
    secrets = (*CANARIES, "4242", "1e+17")
    assert [line for line in outcome.text.splitlines() if any(s in line for s in secrets)] == []


def test_an_error_of_the_service_does_not_tell_the_secrets_it_was_sent(stack: Stack) -> None:
    stack.declare(
        parameters={"token": secret(TOKEN)},
        session_policy=secret(SESSION_POLICY),
        role_arn="arn:aws:iam::none",
    )
    outcome = stack.up("--diff", expect=1)
    assert "IAM role is invalid" in outcome.message
    assert leaks(stack, *CANARIES) == []


def test_the_export_shows_secrets_to_who_may_see_them_only(stack: Stack) -> None:
    stack.declare(parameters={"token": secret(TOKEN)})
    stack.up()
    assert TOKEN not in stack.pulumi("stack", "export").stdout
    assert TOKEN in stack.pulumi("stack", "export", "--show-secrets").stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The emulator behind a real socket, so that requests are signed and sent."""
    with serving(tmp_path / "project" / "omics.db") as served:
        yield served.url


def test_credentials_are_in_no_state_and_in_no_output(stack: Stack, server: str) -> None:
    credentials = {
        "AWS_ACCESS_KEY_ID": "AKIACANARYCANARY0001",
        "AWS_SECRET_ACCESS_KEY": "canary-of-a-secret-key",
        "AWS_SESSION_TOKEN": "canary-of-a-session-token",
    }
    stack.environment.update(credentials)
    stack.configure(endpoint=server)
    stack.declare()

    stack.pulumi("up", "--yes", "--diff")
    stack.pulumi("refresh", "--yes", "--diff")
    stack.declare(tags={**ACTIVE, "project": "trio"})
    stack.pulumi("up", "--yes", "--diff")
    stack.plan_faults({"operation": "CancelRun", "fault": "denied", "count": 100})
    stack.pulumi("destroy", "--yes", "--diff", expect=1)
    assert leaks(stack, *credentials.values()) == []

    stack.plan_faults()
    stack.pulumi("destroy", "--yes", "--diff")
    assert stack.statuses() == {}
    assert leaks(stack, *credentials.values()) == []
    assert {each["status"] for each in stack.log} <= {200, 201, 202, 204, 403}
