"""The table of a run group's properties.

Limits are those of botocore's model of CreateRunGroupRequest (omics 2022-11-28); a test compares
the two.
"""

from __future__ import annotations

from typing import Final

from omics_provider.base.table import Change, Field, Kind, Table


def _limit(name: str, wire: str) -> Field:
    return Field(name, wire, Kind.INTEGER, Change.UPDATE, low=1, high=100_000)


TABLE: Final = Table(
    "OmicsRunGroup",
    (
        Field("name", "name", change=Change.UPDATE, low=1, high=128),
        _limit("max_cpus", "maxCpus"),
        _limit("max_gpus", "maxGpus"),
        _limit("max_runs", "maxRuns"),
        _limit("max_duration", "maxDuration"),
        Field("tags", "tags", Kind.TAGS, Change.UPDATE),
    ),
    (("arn", "arn"), ("creation_time", "creationTime")),
)
