"""Runs in two Regions, and in two accounts where the profile is another account's."""

import pulumi
from pulumi import ResourceOptions

from omics_provider import OmicsRun, Provider, wait_all

frankfurt = Provider("frankfurt", region="eu-central-1")  # profile="clinic": its own credentials


def run(sample: str, bucket: str, provider: Provider | None = None) -> OmicsRun:
    """Declare a run whose data stay in one Region."""
    return OmicsRun(
        sample,
        workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
        workflow_type="READY2RUN",
        role_arn="arn:aws:iam::111122223333:role/omics-runs",
        output_uri=f"s3://{bucket}/results",
        parameters={"sample_name": sample, "cram": f"s3://{bucket}/cram/{sample}.cram"},
        opts=ResourceOptions(provider=provider),
    )


runs = [
    run("NA12878", "amzn-s3-demo-bucket"),
    run("HG002", "amzn-s3-demo-bucket-frankfurt", frankfurt),
]
ended = wait_all(runs)
pulumi.export("status", {each: ended[each]["status"] for each in ("NA12878", "HG002")})
pulumi.export("arn", runs[1].arn)
