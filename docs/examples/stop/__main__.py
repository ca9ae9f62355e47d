"""Active runs."""

from omics_provider import OmicsRun

for sample in ("HG002", "HG003", "HG004"):
    OmicsRun(
        sample,
        workflow_id="5454617",  # GATK-BP Germline bam2vcf for 30x genome
        workflow_type="READY2RUN",
        role_arn="arn:aws:iam::111122223333:role/omics-runs",
        output_uri="s3://amzn-s3-demo-bucket/results",
        parameters={"sample_name": sample, "cram": f"s3://amzn-s3-demo-bucket/cram/{sample}.cram"},
        tags={"emulator:freezes": "yes"},  # at the emulator: active until it is cancelled
        on_delete="cancel",
    )
