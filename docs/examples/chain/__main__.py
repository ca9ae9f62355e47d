"""A run for each sample of a family, then a joint run that takes what they gave."""

import csv
from pathlib import Path

import pulumi

from omics_provider import OmicsRun

config = pulumi.Config()
place = {
    "role_arn": "arn:aws:iam::111122223333:role/omics-runs",
    "output_uri": "s3://amzn-s3-demo-bucket/results",
}

gvcfs = []
with Path("samples.csv").open(encoding="utf-8") as sheet:
    for row in csv.DictReader(sheet):
        pair = {
            "read_group": f"{row['sample']}.1",
            "fastq_1": row["fastq_1"],
            "fastq_2": row["fastq_2"],
            "platform": "illumina",
        }
        run = OmicsRun(
            row["sample"],
            workflow_id="9500764",  # GATK-BP Germline fq2vcf for 30x genome
            workflow_type="READY2RUN",
            parameters={"sample_name": row["sample"], "fastq_pairs": [pair]},
            **place,
        )
        gvcfs.append(pulumi.Output.format("{0}/out", run.wait()["run_output_uri"]))

joint = OmicsRun(
    "joint",
    workflow_id=config.require("jointWorkflowId"),
    workflow_type=config.require("jointWorkflowType"),
    parameters={"gvcfs": gvcfs},
    **place,
)
pulumi.export("results", joint.wait()["run_output_uri"])
