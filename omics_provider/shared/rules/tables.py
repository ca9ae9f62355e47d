"""The tables of run groups and run caches.

Limits are those of botocore's models of CreateRunGroupRequest and CreateRunCacheRequest (omics
2022-11-28); a test compares them.
"""

from __future__ import annotations

from typing import Final

from omics_provider.base.table import Change, Fact, Field, Kind, Table


def _limit(name: str, wire: str, *, doc: str) -> Field:
    return Field(name, wire, Kind.INTEGER, Change.UPDATE, low=1, high=100_000, doc=doc)


# fmt: off
GROUP: Final = Table(
    "OmicsRunGroup",
    (
        Field(
            "name", "name", change=Change.UPDATE, low=1, high=128,
            doc="Name shown in the console, up to 128 characters. Pulumi's resource name is not "
            "sent.",
        ),
        _limit(
            "max_cpus", "maxCpus",
            doc="Most vCPUs that the group's active runs use at once, 1 to 100,000.",
        ),
        _limit(
            "max_gpus", "maxGpus",
            doc="Most GPUs that the group's active runs use at once, 1 to 100,000.",
        ),
        _limit(
            "max_runs", "maxRuns",
            doc="Most runs of the group that are active at once, 1 to 100,000; others wait.",
        ),
        _limit(
            "max_duration", "maxDuration",
            doc="Minutes after which a run of the group fails, 1 to 100,000.",
        ),
        Field(
            "tags", "tags", Kind.TAGS, Change.UPDATE,
            doc="Up to 50 tags.",
        ),
    ),
    (
        Fact("arn", "arn", "The group's ARN.", "str"),
        Fact("creation_time", "creationTime", "When the group was created, ISO 8601 in UTC."),
    ),
)
CACHE: Final = Table(
    "OmicsRunCache",
    (
        Field(
            "cache_s3_location", "cacheS3Location", Kind.S3_URI, required=True,
            pattern="s3://([a-z0-9][a-z0-9-.]{1,61}[a-z0-9])(/(.{0,1024}))?",
            doc="Where the cache keeps outputs: s3://bucket/prefix, not in an archived storage "
                "class.",
        ),
        Field(
            "cache_behavior", "cacheBehavior", change=Change.UPDATE,
            enum=("CACHE_ON_FAILURE", "CACHE_ALWAYS"),
            doc="CACHE_ON_FAILURE (the service's default) keeps the outputs of finished tasks of "
                "failed runs. CACHE_ALWAYS keeps the outputs of all runs. A run may set another "
                "behavior.",
        ),
        Field(
            "name", "name", change=Change.UPDATE, low=1, high=128,
            doc="Name shown in the console, up to 128 characters. Pulumi's resource name is not "
            "sent.",
        ),
        Field(
            "description", "description", change=Change.UPDATE, low=1, high=256,
            doc="Up to 256 characters.",
        ),
        Field(
            "cache_bucket_owner_id", "cacheBucketOwnerId", low=12, high=12, pattern="[0-9]+",
            doc="Account id, 12 digits, that must own the bucket; by default the caller's account.",
        ),
        Field(
            "tags", "tags", Kind.TAGS, Change.UPDATE,
            doc="Up to 50 tags.",
        ),
    ),
    (
        Fact("arn", "arn", "The cache's ARN.", "str"),
        Fact("status", "status", "State at the last up or refresh: ACTIVE or FAILED."),
        Fact("creation_time", "creationTime", "When the cache was created, ISO 8601 in UTC."),
    ),
)
# fmt: on
