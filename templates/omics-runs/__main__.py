"""The runs of this project: one for each sample of the sheet."""

import pulumi

from omics_provider import EachRow, RunCohort

SECONDS_AN_HOUR = 3600

config = pulumi.Config("cohort")
cohort = RunCohort(
    config.require("name"),
    samples=config.get("samples") or "samples.csv",
    template={
        "workflow_id": config.require("workflowId"),
        "workflow_type": config.get("workflowType") or "PRIVATE",
        "role_arn": config.require("roleArn"),
        "output_uri": config.require("outputUri"),
        "on_delete": config.get("onDelete") or "delete",
        "tags": {"project": pulumi.get_project(), "stack": pulumi.get_stack()},
    },
    # What the workflow's parameters take from the sheet. A sample may have several rows, one for
    # each pair of FASTQ files.
    parameters={
        "sample_name": str,
        "fastq_pairs": EachRow(
            {"read_group": str, "fastq_1": str, "fastq_2": str, "platform": str}
        ),
    },
)
ended = cohort.wait(timeout=(config.get_float("waitHours") or 24) * SECONDS_AN_HOUR)
pulumi.export("results", {sample: ended[sample]["run_output_uri"] for sample in cohort.runs})
