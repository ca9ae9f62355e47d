"""The table of a run cache's properties.

Limits are those of botocore's model of CreateRunCacheRequest (omics 2022-11-28); a test compares
the two.
"""

from __future__ import annotations

from typing import Final

from omics_provider.base import checks
from omics_provider.base.table import Change, Field, Kind, Table

TABLE: Final = Table(
    "OmicsRunCache",
    (
        Field("cache_s3_location", "cacheS3Location", Kind.S3_URI),
        Field(
            "cache_behavior",
            "cacheBehavior",
            change=Change.UPDATE,
            enum=("CACHE_ON_FAILURE", "CACHE_ALWAYS"),
        ),
        Field("name", "name", change=Change.UPDATE, low=1, high=128),
        Field("description", "description", change=Change.UPDATE, low=1, high=256),
        Field("cache_bucket_owner_id", "cacheBucketOwnerId", low=12, high=12, pattern="[0-9]+"),
        Field("tags", "tags", Kind.TAGS, Change.UPDATE),
    ),
    (("arn", "arn"), ("status", "status"), ("creation_time", "creationTime")),
)

RULES: Final[tuple[checks.Rule, ...]] = (checks.required("cacheS3Location"),)
