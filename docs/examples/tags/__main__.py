"""Tags that all runs of a cohort share."""

import pulumi

from omics_provider import RunCohort

RunCohort(
    "trio",
    samples="samples.csv",
    parameters={"sample_name": "{sample}", "cram": "{cram}"},
    workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
    workflow_type="READY2RUN",
    role_arn="arn:aws:iam::111122223333:role/omics-runs",
    output_uri="s3://amzn-s3-demo-bucket/results",
    tags={"project": "ashkenazim", "cost-center": pulumi.Config().get("costCenter") or "1200"},
)
