"""Many samples through one workflow. Some of them fail."""

import csv
from pathlib import Path

import pulumi

from omics_provider import OmicsRun, RunFacts, wait_all

#: Columns of the sheet by which the emulator knows how a run is to go.
EMULATED = ("emulator:seconds", "emulator:fails")


def run_of(row: dict[str, str]) -> OmicsRun:
    """Declare the run of one line of the sheet."""
    return OmicsRun(
        row["sample"],
        workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
        workflow_type="READY2RUN",
        role_arn="arn:aws:iam::111122223333:role/omics-runs",
        output_uri="s3://amzn-s3-demo-bucket/results",
        parameters={"sample_name": row["sample"], "cram": row["cram"]},
        tags={name: row[name] for name in EMULATED if row[name]},
    )


def without_result(runs: dict[str, RunFacts]) -> list[str]:
    """Return the ids of the runs that did not complete."""
    return [run["id"] for run in runs.values() if run["status"] != "COMPLETED"]


with Path("samples.csv").open(encoding="utf-8") as sheet:
    runs = {row["sample"]: run_of(row) for row in csv.DictReader(sheet)}

ended = wait_all(runs, on_failure=pulumi.Config().get("onFailure") or "fail")
pulumi.export("status", {name: ended[name]["status"] for name in runs})
pulumi.export("failed", ended.apply(without_result))
