"""Secrets: encrypted in the state, and never in anything that a command writes.

What a refused declaration says of its secrets: tests/provider/runs/test_secrets.py, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.children import kill_with_children
from tests.engine.doors import BOTH_IN_SCALE, NATIVE_FIRST
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
OLD, NEW = "hush-old-11", "hush-new-22"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIACANARYCANARY0001",
    "AWS_SECRET_ACCESS_KEY": "canary-of-a-secret-key",
    "AWS_SESSION_TOKEN": "canary-of-a-session-token",
}
CANARIES = (TOKEN, WHOLE, POLICY, OLD, NEW, *CREDENTIALS.values())


def leaks(stack: Stack) -> list[str]:
    """Give every place where a canary can be read: files of the project and all output."""
    places = {str(path): text for path, text in stack.written().items()}
    # The test's own way to hand the declaration to the program.
    places = {path: text for path, text in places.items() if Path(path).name != "runs.json"}
    places["output"] = stack.transcript
    return [
        f"{canary} in {place}"
        for place, text in places.items()
        for canary in CANARIES
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


@pytest.fixture
def server(stack: Stack) -> Iterator[None]:
    """The stack's emulator behind a real socket, so that requests are signed and sent."""
    with serving(stack.emulator_state) as served:
        stack.environment.update(CREDENTIALS)
        stack.configure(endpoint=served.url)
        yield


#: Where each run has a secret.
PATHS = {
    "nested": (("parameters", "portal", "token"), ("sessionPolicy",)),
    "whole": (("parameters",),),
    "changed": (("parameters", "portal", "token"),),
}


def assert_unsaid(stack: Stack, moment: str) -> None:
    """Each secret is encrypted, and none can be read anywhere, nor can a credential."""
    for run, secrets in PATHS.items():
        assert_encrypted(stack, run, *secrets)
    assert leaks(stack) == [], moment


@BOTH_IN_SCALE
@pytest.mark.usefixtures("server")
def test_secrets_and_credentials_are_unsaid_for_the_whole_life_of_a_run(stack: Stack) -> None:
    def with_token(token: str) -> dict[str, Any]:
        return {"sample_name": "NA12878", "portal": {"user": "lab", "token": secret(token)}}

    nested = {"parameters": with_token(TOKEN), "session_policy": secret(SESSION_POLICY)}
    runs = {
        "nested": declaration(**nested),
        "whole": declaration(parameters=secret({"sample_name": WHOLE})),
        "changed": declaration(parameters=with_token(OLD), on_delete="keep"),
    }
    refused = declaration(**nested, role_arn="arn:aws:iam::none")

    # The service's error does not tell what it was sent.
    stack.declare({**runs, "refused": refused})
    failed = stack.up("--diff", "--continue-on-error", expect=1)
    assert "IAM role is invalid" in failed.message
    assert_unsaid(stack, "up")
    # The service got the plain values.
    live = stack.live("nested")
    assert live["parameters"]["portal"] == {"user": "lab", "token": TOKEN}
    assert live["sessionPolicy"] == SESSION_POLICY
    assert stack.live("whole")["parameters"] == {"sample_name": WHOLE}

    # A refresh that finds a tag changed by hand writes new inputs; a run whose record is gone
    # stays, and so do its secrets.
    arn = stack.recorded("nested")["outputs"]["arn"]
    stack.service.tag_resource(resourceArn=arn, tags={"by": "hand"})
    whole = stack.recorded("whole")["id"]
    stack.service.cancel_run(id=whole)
    until(lambda: stack.live("whole"), lambda run: run["status"] == "CANCELLED")
    stack.service.delete_run(id=whole)
    stack.refresh("--diff")
    assert stack.recorded("nested")["inputs"]["tags"]["by"] == "hand"
    assert stack.recorded("whole")["outputs"]["recordGone"] is True
    assert_unsaid(stack, "refresh")

    # A changed tag, and a changed secret, which replaces the run and shows neither value.
    stack.declare(
        {
            "nested": declaration(**nested, tags={**ACTIVE, "project": "trio"}),
            "whole": runs["whole"],
            "changed": declaration(parameters=with_token(NEW), on_delete="keep"),
        }
    )
    preview = stack.preview()
    assert preview.summary == {"same": 2, "update": 1, "replace": 1}
    steps = preview.steps()
    assert steps["replace changed"]["replaceReasons"] == ["parameters"]
    assert set(steps["update nested"]["detailedDiff"]) == {"tags.by", "tags.project"}
    _, calls = stack.calls(lambda: stack.up("--diff"))
    assert calls["StartRun"] == 1
    assert_unsaid(stack, "a change")
    assert TOKEN not in stack.pulumi("stack", "export").stdout
    shown = stack.pulumi("stack", "export", "--show-secrets")
    assert TOKEN in shown.stdout
    stack.outcomes.remove(shown)

    # A delete that is denied, and one that goes well.
    stack.plan_faults({"operation": "CancelRun", "fault": "denied", "count": 100})
    stack.destroy("--diff", expect=1)
    assert leaks(stack) == [], "a denied destroy"
    stack.plan_faults()
    stack.destroy("--diff")
    assert stack.resources() == []
    assert leaks(stack) == [], "destroy"


@BOTH_IN_SCALE
def test_a_refused_declaration_does_not_tell_its_secrets(stack: Stack) -> None:
    stack.declare(
        session_policy=secret(f"{TOKEN} {{"),
        parameters=secret(TOKEN),
        output_uri=secret(TOKEN),
        storage_capacity=secret(4242.5),
        tags={"portal": secret(TOKEN * 40)},
        retension_mode="REMOVE",
        pasword=secret(TOKEN),
    )

    outcome, calls = stack.calls(lambda: stack.pulumi("preview", "--diff", expect=1))

    assert calls == {}
    words = (
        "must hold a JSON object", "JSON object: names and values", "S3 URI", "whole number",
        "256 characters", "did you mean retention_mode?", "is not an argument",
    )  # fmt: skip
    assert [each for each in words if each not in outcome.message] == [], outcome.text
    assert "resource 'NA12878'" in outcome.text
    told = [line for line in outcome.text.splitlines() if TOKEN in line or "4242" in line]
    assert told == []


@NATIVE_FIRST
def test_a_start_that_was_killed_is_known_again_by_its_secrets(stack: Stack) -> None:
    """The engine's note of it is compared with what is declared now; none of it is shown."""

    def declared(token: str) -> dict[str, Any]:
        return {"parameters": {"sample_name": "NA12878", "portal": {"token": secret(token)}}}

    stack.declare(**declared(OLD))
    killed_while_starting(stack)
    (first,) = stack.statuses()
    stack.up()
    assert stack.recorded()["id"] == first
    assert_encrypted(stack, "NA12878", ("parameters", "portal", "token"))

    # Another secret is another run: the killed one is ended.
    stack.declare(**declared(NEW), rerun=1)
    killed_while_starting(stack)
    stack.declare(**declared(OLD), rerun=1)
    stack.up()
    assert stack.statuses().keys() == {stack.recorded()["id"]}
    assert stack.live()["parameters"]["portal"] == {"token": OLD}
    stack.preview("--expect-no-changes")
    assert leaks(stack) == []


def killed_while_starting(stack: Stack) -> None:
    """Kill an update and its plugin when a start has taken effect, and its answer is under way."""
    before = stack.counted().get("StartRun", 0)
    stack.plan_faults({"operation": "StartRun", "fault": "slow", "seconds": 30, "count": 1})
    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted().get("StartRun", 0), lambda asked: asked > before, 60)
    kill_with_children(process)
    stack.plan_faults()
    stack.pulumi("cancel", "--yes")
