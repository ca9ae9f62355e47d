"""One run, and what it gave, in one update."""

import pulumi

from omics_provider import OmicsRun

FASTQ = "s3://amzn-s3-demo-bucket/fastq"

run = OmicsRun(
    "NA12878",
    workflow_id="9500764",  # GATK-BP Germline fq2vcf for 30x genome
    workflow_type="READY2RUN",
    role_arn="arn:aws:iam::111122223333:role/omics-runs",
    output_uri="s3://amzn-s3-demo-bucket/results",
    parameters={
        "sample_name": "NA12878",
        "fastq_pairs": [
            {
                "read_group": "NA12878.1",
                "fastq_1": f"{FASTQ}/NA12878_R1.fastq.gz",
                "fastq_2": f"{FASTQ}/NA12878_R2.fastq.gz",
                "platform": "illumina",
            }
        ],
    },
)
ended = run.wait(timeout=12 * 3600)
pulumi.export("status", ended["status"])
pulumi.export("results", ended["run_output_uri"])
