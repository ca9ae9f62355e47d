"""A run that somebody else started."""

import pulumi

from omics_provider import OmicsRun

run = OmicsRun(
    "NA12878",
    adopt_run_id=pulumi.Config().require("runId"),
    role_arn="arn:aws:iam::111122223333:role/omics-runs",
    output_uri="s3://amzn-s3-demo-bucket/results",
)
pulumi.export("uuid", run.uuid)
