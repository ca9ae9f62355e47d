"""What a run costs: the emulator's own bill, by the published prices written down once more.

Nothing of the package is used: its price list and its reading of tasks are what is judged.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

#: USD an hour of each instance in us-east-1: of <https://aws.amazon.com/healthomics/pricing/>.
HOURLY: Final = {
    "omics.c.large": 0.11475, "omics.c.xlarge": 0.2295, "omics.c.2xlarge": 0.459,
    "omics.c.4xlarge": 0.918, "omics.m.large": 0.1296, "omics.m.xlarge": 0.2592,
    "omics.m.2xlarge": 0.5184, "omics.m.4xlarge": 1.0368, "omics.r.large": 0.1701,
    "omics.r.xlarge": 0.3402, "omics.r.2xlarge": 0.6804, "omics.r.4xlarge": 1.3608,
}  # fmt: skip
#: USD an hour of a GiB of run storage.
STORAGE: Final = {"STATIC": 0.0001918, "DYNAMIC": 0.000411}
#: USD of a run of the Ready2Run workflow GATK-BP Germline fq2vcf for 30x genome.
READY2RUN: Final = {"9500764": 10.0}


def bill(service: OmicsClient, run_id: str, now: float) -> float:
    """Give what a run has cost up to the emulated time `now`, in USD."""
    run: dict[str, Any] = dict(service.get_run(id=run_id))
    if run["workflowType"] == "READY2RUN":
        return READY2RUN[run["workflowId"]]
    total = 0.0
    for task in service.list_run_tasks(id=run_id, maxResults=100)["items"]:
        if not task["cacheHit"]:
            total += HOURLY[task["instanceType"]] * _hours(dict(task), now)
    gib = run.get("storageCapacity") or 0
    return total + STORAGE[run["storageType"]] * gib * _hours(run, now)


def _hours(entry: dict[str, Any], now: float) -> float:
    started, stopped = entry.get("startTime"), entry.get("stopTime")
    if not isinstance(started, datetime):
        return 0.0
    end = stopped.timestamp() if isinstance(stopped, datetime) else now
    return max(0.0, end - started.timestamp()) / 3600
