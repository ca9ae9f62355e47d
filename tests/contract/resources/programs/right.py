"""Every way to give an argument, and every kind of attribute: type checkers accept all of it."""

from pathlib import Path

import pulumi
from pulumi import Input, Output, ResourceOptions

from omics_provider import (
    OmicsRun,
    OmicsRunBatch,
    OmicsRunCache,
    OmicsRunGroup,
    OmicsWorkflow,
    Retry,
    RunBatchTemplate,
    RunCohort,
    RunTemplate,
    wait_all,
)

keep = ResourceOptions(retain_on_delete=True, ignore_changes=["role_arn"])
role: Output[str] = Output.from_input("arn:aws:iam::111122223333:role/omics")

group = OmicsRunGroup("group", keep, name="group", max_cpus=100, tags={"team": "genomics"})
cache = OmicsRunCache("cache", cache_s3_location="s3://b/cache", cache_behavior="CACHE_ALWAYS")
workflow = OmicsWorkflow(
    "workflow",
    definition=Path("workflows/hello"),
    engine="WDL",
    parameter_template={"name": {"description": "Who", "optional": False}},
    accelerators="GPU",
    opts=keep,
)
retry: Retry = {"attempts": 3, "on": ["SERVICE_ERROR"]}
run = OmicsRun(
    "run",
    role_arn=role,
    output_uri="s3://b/results",
    workflow_id=workflow.id,
    workflow_type="PRIVATE",
    workflow_version_name=workflow.version_name,
    run_group_id=group.id,
    cache_id=cache.id,
    cache_behavior=None,
    parameters={"name": role, "deep": {"list": [1, 2.5, None]}},
    storage_type="STATIC",
    storage_capacity=Output.from_input(1200),
    rerun=1,
    rerun_on=["FAILED", "CANCELLED"],
    retry=retry,
    on_delete="cancel",
    preflight="warn",
    tags={"team": role, "of": "NA1"},
)
again = OmicsRun("again", keep, role_arn=role, output_uri="s3://b/r", run_id=run.id)
adopted = OmicsRun.get("adopted", "1234567")

template: RunTemplate = {"role_arn": role, "output_uri": "s3://b/r", "workflow_id": workflow.id}
cohort = RunCohort(
    "cohort",
    samples=[{"sample": "NA1"}, {"sample": "NA2"}],
    template={**template, "retry": {"attempts": 2}, "opts": keep},
    parameters=["sample"],
    overrides={"NA1": {"priority": 7, "tags": {"team": None}}},
    max_failures=1,
    log_level="ALL",
)
by_row = RunCohort(
    "by-row",
    keep,
    samples="sheet.csv",
    template=template,
    overrides=lambda row: {"tags": {"of": row.id}} if row.id == "NA1" else None,
)
shared: RunBatchTemplate = {"role_arn": role, "run_tags": {"team": "genomics"}}
batch = OmicsRunBatch(
    "batch",
    samples=Path("sheet.csv"),
    template=shared,
    workflow_id="1234567",
    overrides=lambda row: {"priority": 3, "run_tags": {"of": row.id}},
    on_change="all",
)

arn: Output[str] = run.arn
priority: Output[int | None] = run.priority
place: Input[str] = run.run_output_uri
started: Output[int] = batch.runs.apply(lambda runs: runs.get("completed", 0))
pulumi.export("ended", wait_all([run, again])["run"])
pulumi.export("status", run.wait(timeout=60, on_failure="warn").apply(lambda run: run["status"]))
pulumi.export("cohort", cohort.wait(outputs=True))
pulumi.export("runs", {name: each.id for name, each in by_row.runs.items()})
pulumi.export("batch", batch.run_ids(["NA1"]))
