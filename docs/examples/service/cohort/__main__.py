"""The runs of a sample sheet, and where their results are."""

import pulumi

from omics_provider import RunCohort

config = pulumi.Config()
cohort = RunCohort(
    pulumi.get_stack(),
    samples=config.require("sheet"),
    parameters={"sample_name": "{sample}", "cram": "{cram}"},
    workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
    workflow_type="READY2RUN",
    role_arn="arn:aws:iam::111122223333:role/omics-runs",
    output_uri="s3://amzn-s3-demo-bucket/results",
)
ended = cohort.wait()
pulumi.export("results", {each: ended[each]["run_output_uri"] for each in cohort.runs})
