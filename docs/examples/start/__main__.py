"""One run of a Ready2Run workflow."""

import pulumi

from omics_provider import OmicsRun

config = pulumi.Config()
bucket = config.require("bucket")

run = OmicsRun(
    "NA12878",
    workflow_id="9500764",  # GATK-BP Germline fq2vcf for 30x genome
    workflow_type="READY2RUN",
    role_arn=config.require("roleArn"),
    output_uri=f"s3://{bucket}/results",
    parameters={
        "sample_name": "NA12878",
        "fastq_pairs": [
            {
                "read_group": "NA12878.1",
                "fastq_1": f"s3://{bucket}/reads/NA12878_R1.fastq",
                "fastq_2": f"s3://{bucket}/reads/NA12878_R2.fastq",
                "platform": "illumina",
            }
        ],
    },
    tags={"team": "germline"},
)
pulumi.export("results", run.wait()["run_output_uri"])
