"""Previews as the engine writes them: `pulumi preview --json` of CLI 3.259.0, without the noise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

RUN = "pulumi-python:dynamic/omics:Run"
COHORT = "omics:index:RunCohort"
STACK = "urn:pulumi:dev::trial::pulumi:pulumi:Stack::trial-dev"
ROLE = "arn:aws:iam::123456789012:role/omics"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = "[secret]"
GATK = "9500764"


def urn(name: str, cohort: str | None = None, kind: str = RUN) -> str:
    chain = f"{COHORT}${kind}" if cohort else kind
    return f"urn:pulumi:dev::trial::{chain}::{name}"


def inputs(**given: Any) -> dict[str, Any]:
    """Checked inputs of a run; None takes one away."""
    whole = {
        "__attempt": "aa2ca4876a5c141e",
        "__provider": "gASV",
        "__stack": "organization/trial/dev",
        "onDelete": "delete",
        "outputUri": "s3://results/runs",
        "parameters": {"sample_name": "NA12878"},
        "roleArn": ROLE,
        "workflowId": GATK,
        "workflowType": "READY2RUN",
        **given,
    }
    return {name: value for name, value in whole.items() if value is not None}


def state(
    name: str, declared: Mapping[str, Any], cohort: str | None = None, **recorded: Any
) -> dict[str, Any]:
    """A resource of the state: one with `status` is recorded, one without is planned."""
    parent = urn(cohort, kind=COHORT) if cohort else STACK
    found = {
        "urn": urn(name, cohort),
        "custom": True,
        "type": RUN,
        "inputs": dict(declared),
        "parent": parent,
    }
    if recorded:
        run_id = recorded.pop("id", "1234567")
        uuid = recorded.pop("uuid", f"uuid-of-{name}")
        found |= {"retainOnDelete": True} if recorded.pop("retain", False) else {}
        found["id"] = run_id
        found["outputs"] = {
            **declared,
            "arn": f"arn:aws:omics:us-east-1:123456789012:run/{run_id}",
            "uuid": uuid,
            **recorded,
        }
    return found


def step(
    op: str,
    name: str,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    cohort: str | None = None,
    diff: Sequence[str] | None = None,
    reasons: Sequence[str] = (),
    **recorded: Any,
) -> dict[str, Any]:
    """A step on a run: `old` and `new` are its inputs, `recorded` what the state knows of it."""
    found: dict[str, Any] = {"op": op, "urn": urn(name, cohort), "detailedDiff": None}
    if old is not None:
        found["oldState"] = state(name, old, cohort, **{"status": "RUNNING", **recorded})
    if new is not None:
        found["newState"] = state(name, new, cohort)
    if diff:
        found["detailedDiff"] = {path: {"kind": "update", "inputDiff": True} for path in diff}
    if reasons:
        found["replaceReasons"] = list(reasons)
    return found


def of_stack(op: str = "same") -> dict[str, Any]:
    state_of_stack = {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"}
    return {"op": op, "urn": STACK, "oldState": state_of_stack, "newState": state_of_stack}


def batch(op: str, before: int, after: int, *diff: str, **more: Any) -> dict[str, Any]:
    """A step on the batch `cohort`, of so many samples; 0 is none."""
    old, new = (
        {
            **{k: v for k, v in inputs().items() if k not in ("workflowType", "parameters")},
            "onChange": "new",
            "samples": {"count": count, "sha256": f"{count:064}"},
            **more,
        }
        for count in (before, after)
    )
    found = step(op, "cohort", old=old if before else None, new=new if after else None, diff=diff,
                 status="PROCESSED")  # fmt: skip
    return json.loads(json.dumps(found).replace("omics:Run:", "omics:RunBatch:"))


def warning(text: str, name: str = "", cohort: str | None = None, severity: str = "warning") -> Any:
    about = {"urn": urn(name, cohort)} if name else {}
    return {**about, "message": f"{severity}: {text}\n", "severity": severity}


def digest(*steps: Mapping[str, Any], same: int = 0, notices: Sequence[Any] = ()) -> dict[str, Any]:
    """The whole; `same` counts unchanged resources that are not among the steps."""
    every = [of_stack(), *steps]
    summary = Counter(each["op"] for each in every if not each["op"].endswith("-replaced"))
    summary["same"] += same
    return {
        "config": {"omics:endpoint": "local", "omics:region": "us-east-1", "app:key": SECRET},
        "steps": every,
        "diagnostics": list(notices),
        "duration": 1,
        "changeSummary": dict(summary),
    }


def cohort_of(count: int, change: Mapping[int, Any] | None = None) -> list[dict[str, Any]]:
    """An unchanged cohort `trio`; `change` gives steps in place of those of some samples."""
    steps = []
    for number in range(count):
        declared = inputs(parameters={"sample": f"NA{number}"})
        name = f"trio-NA{number}"
        unchanged = step("same", name, old=declared, new=declared, cohort="trio")
        steps.append((change or {}).get(number, unchanged))
    return steps
