"""Runs to which things happen outside of the stack."""

import pulumi

from omics_provider import OmicsRun

#: What the emulator is to do with each run.
LIVES = {
    "HG002": {"emulator:seconds": "0"},
    "HG003": {"emulator:seconds": "0", "emulator:fails": "INPUT_URI_NOT_FOUND"},
    "HG004": {"emulator:freezes": "yes"},
    "HG005": {"emulator:freezes": "yes"},
}

for sample, life in LIVES.items():
    run = OmicsRun(
        sample,
        workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
        workflow_type="READY2RUN",
        role_arn="arn:aws:iam::111122223333:role/omics-runs",
        output_uri="s3://amzn-s3-demo-bucket/results",
        parameters={
            "sample_name": sample,
            "cram": f"s3://amzn-s3-demo-bucket/cram/{sample}.cram",
        },
        tags={"project": "trio", **life},
    )
    pulumi.export(f"{sample}-arn", run.arn)
