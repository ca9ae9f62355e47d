"""A run, and where its results are."""

import pulumi

from omics_provider import OmicsRun

run = OmicsRun(
    "NA12878",
    workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
    workflow_type="READY2RUN",
    role_arn="arn:aws:iam::111122223333:role/omics-runs",
    output_uri="s3://amzn-s3-demo-bucket/results",
    parameters={"sample_name": "NA12878", "cram": "s3://amzn-s3-demo-bucket/cram/NA12878.cram"},
)
pulumi.export("results", run.wait()["run_output_uri"])
