"""What is declared for each run: the inputs of a germline workflow, three lanes a sample."""

from __future__ import annotations

from typing import Any

_BUCKET = "s3://genomics-benchmark-datasets/google-brain/fastq/novaseq/wgs_pcr_free/30x"


def run_arguments(number: int) -> dict[str, Any]:
    """Give the arguments of one OmicsRun. Its `parameters` are about 800 bytes of JSON."""
    sample = f"HG{number:05}"
    return {
        "role_arn": "arn:aws:iam::111122223333:role/omics-runs",
        "output_uri": "s3://amzn-s3-demo-bucket/results",
        "workflow_id": "9500764",
        "workflow_type": "READY2RUN",
        "name": sample,
        "parameters": {
            "sample_name": sample,
            "fastq_pairs": [_lane(sample, lane) for lane in (1, 2, 3)],
        },
        "retention_mode": "RETAIN",
        "tags": {"project": "omics-bench", "cohort": "benchmark"},
    }


def _lane(sample: str, lane: int) -> dict[str, str]:
    reads = f"{_BUCKET}/{sample}.L{lane}"
    return {
        "read_group": f"{sample}.L{lane}",
        "fastq_1": f"{reads}.R1.fastq.gz",
        "fastq_2": f"{reads}.R2.fastq.gz",
        "platform": "illumina",
    }
