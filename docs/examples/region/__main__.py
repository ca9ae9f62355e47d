"""The same run in any Region: what belongs to a Region is configuration."""

import pulumi

from omics_provider import OmicsRun

config = pulumi.Config()
bucket = config.require("bucket")

run = OmicsRun(
    "NA12878",
    workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
    workflow_type="READY2RUN",
    role_arn="arn:aws:iam::111122223333:role/omics-runs",
    output_uri=f"s3://{bucket}/results",
    parameters={"sample_name": "NA12878", "cram": f"s3://{bucket}/cram/NA12878.cram"},
)
pulumi.export("arn", run.arn)
