"""Declarations that can't be right: told at once and as a whole, before anything starts."""

from __future__ import annotations

from tests.engine.harness import ROLE, Stack, declaration, kept

BAD = {
    "role_arn": "admin",
    "output_uri": "/results",
    "workflow_id": "9500764",
    "adopt_run_id": "1234567",
    "workflow_type": "READY2RUNN",
    "name": "x" * 129,
    "priority": 100_001,
    "parameters": {"depth": 2**60, "gone": None},
    "storage_type": "DYNAMIC",
    "storage_capacity": 1200,
    "cache_behavior": "CACHE_ALWAYS",
    "networking_mode": "VPC",
    "session_policy": "{",
    "tags": {"aws:mine": "x", "ok": 7},
    "workflow_versoin_name": "1.0",
    "retension_mode": "REMOVE",
    "logLevel": "ALL",
}

#: Each problem: its property, in the program's spelling or the API's, and words of its reason.
PROBLEMS = (
    ("role_arn", "must match arn:"),
    ("output_uri", "must be an S3 URI"),
    ("workflow_id", "exactly one of workflow_id, run_id and adopt_run_id"),
    ("workflow_type", "did you mean READY2RUN?"),
    ("name", "must have 1 to 128 characters"),
    ("priority", "must be 0 to 100,000"),
    ("parameters", "parameters.depth"),
    ("parameters", "parameters.gone"),
    ("storage_capacity", "DYNAMIC storage ignores a capacity"),
    ("cache_behavior", "cache_behavior needs cache_id"),
    ("networking_mode", "VPC networking needs configuration_name"),
    ("session_policy", "must hold a JSON object"),
    ("tags", "belong to AWS"),
    ("tags", "'ok'"),
    ("workflow_versoin_name", "did you mean workflow_version_name?"),
    ("retension_mode", "did you mean retention_mode?"),
    ("log_level", "logLevel: is not an argument of OmicsRun: did you mean log_level?"),
)


#: The first run and `bare` are known in a preview; what comes of the first run is not.
UNKNOWN = f"""\
import pulumi
from omics_provider import OmicsRun

first = OmicsRun(
    "first", role_arn="{ROLE}", output_uri="s3://results/runs",
    workflow_id="9500764", workflow_type="READY2RUN",
)
OmicsRun(
    "second",
    role_arn=first.arn.apply(lambda _: "{ROLE}"),
    output_uri=first.run_output_uri,
    run_id=first.id,
    priority=first.uuid.apply(len),
    parameters={{"upstream": first.run_output_uri, "list": [first.uuid, {{"deep": first.id}}]}},
    session_policy=first.uuid.apply(lambda _: "{{}}"),
    tags={{"upstream": first.uuid}},
)
OmicsRun(
    "third", role_arn="{ROLE}", output_uri="s3://results/runs", workflow_id="9500764",
    workflow_type="READY2RUN", parameters=first.uuid.apply(lambda uuid: {{"upstream": uuid}}),
)
nothing = pulumi.Output.from_input(None)
OmicsRun(
    "bare", role_arn="{ROLE}", output_uri="s3://results/runs", workflow_id="9500764",
    workflow_type="READY2RUN", name=nothing, priority=nothing, parameters=nothing, tags=nothing,
)
"""


def untold(text: str) -> list[tuple[str, str]]:
    """Give the problems for which no one line of `text` has both the property and the reason."""
    lines = [line for line in text.splitlines() if "resource 'bad'" in line]

    def tells(line: str, name: str, reason: str) -> bool:
        return reason in line and name.replace("_", "") in line.replace("_", "").lower()

    return [
        (name, reason)
        for name, reason in PROBLEMS
        if not any(tells(line, name, reason) for line in lines)
    ]


def test_every_problem_is_told_at_once_and_nothing_starts(stack: Stack) -> None:
    stack.declare({"good": declaration(), "bad": BAD})
    outcome, calls = stack.calls(lambda: stack.pulumi("preview", expect=1))
    assert untold(outcome.text) == [], outcome.text
    assert calls == {}

    # Nor does a bad run start without a preview.
    stack.declare({"bad": declaration(priority=-1, parameters={"n": float(2**53)})})
    outcome, calls = stack.calls(lambda: stack.up(expect=1))
    assert "priority" in outcome.message
    assert "parameters.n" in outcome.message
    assert calls == {}
    assert stack.resources() == []


def test_what_a_preview_does_not_know_is_never_complained_about(stack: Stack) -> None:
    stack.program(UNKNOWN)
    preview, calls = stack.calls(stack.preview)
    assert preview.summary == {"create": 5}
    assert calls == {}

    stack.up()

    first, second = stack.recorded("first"), stack.recorded("second")
    live = stack.live("second")
    assert live["runId"] == first["id"]
    assert live["parameters"]["list"] == [first["outputs"]["uuid"], {"deep": first["id"]}]
    assert second["outputs"]["priority"] == 36
    # An output of None is an argument that is not given.
    inputs = stack.recorded("bare")["inputs"]
    assert {"name", "priority", "parameters", "tags"} & inputs.keys() == set()
    stack.preview("--expect-no-changes")

    # A changed declaration that is bad leaves the run alone.
    before = kept(stack)
    stack.program(UNKNOWN.replace(ROLE, "nobody", 1))
    _, calls = stack.calls(lambda: stack.up(expect=1))
    assert calls == {}
    assert kept(stack) == before
    assert stack.live("first")["uuid"] == first["outputs"]["uuid"]
