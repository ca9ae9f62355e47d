"""The one table of a run's properties: name, wire name, kind, limits, what a change does.

Limits are those of botocore's model of StartRunRequest (omics 2022-11-28); a test compares the two.
Facts that the model lacks name their source.
"""

from __future__ import annotations

from typing import Final

from omics_provider.base.table import Change, Field, Kind, Table

#: Failures that the same inputs may not meet again: capacity, the service, an input object that
#: changed while it was read (developer guide, workflows-run-errors).
RETRYABLE: Final = ("INSTANCE_RESERVATION_FAILED", "MODIFIED_INPUT_RESOURCE", "SERVICE_ERROR")

_ID: Final = "[0-9]+"
_LABEL: Final = r"[A-Za-z0-9][A-Za-z0-9\-\._]*"


def _numeric_id(name: str, wire: str) -> Field:
    return Field(name, wire, low=1, high=18, pattern=_ID)


def _choice(name: str, wire: str, *values: str) -> Field:
    return Field(name, wire, enum=values)


FIELDS: Final[tuple[Field, ...]] = (
    Field("role_arn", "roleArn", low=1, high=128, pattern="arn:.+"),
    Field("output_uri", "outputUri", Kind.S3_URI, low=1, high=750),
    _numeric_id("workflow_id", "workflowId"),
    _choice("workflow_type", "workflowType", "PRIVATE", "READY2RUN"),
    Field("workflow_owner_id", "workflowOwnerId", pattern="[0-9]{12}"),
    Field("workflow_version_name", "workflowVersionName", low=1, high=64, pattern=_LABEL),
    _numeric_id("run_id", "runId"),
    Field("name", "name", low=1, high=128),
    _numeric_id("run_group_id", "runGroupId"),
    Field("priority", "priority", Kind.INTEGER, low=0, high=100_000),
    Field("parameters", "parameters", Kind.DOCUMENT),
    _choice("storage_type", "storageType", "STATIC", "DYNAMIC"),
    Field("storage_capacity", "storageCapacity", Kind.INTEGER, low=0, high=100_000),
    _choice("scratch_storage_mode", "scratchStorageMode", "LOCAL", "SHARED"),
    _numeric_id("cache_id", "cacheId"),
    _choice("cache_behavior", "cacheBehavior", "CACHE_ON_FAILURE", "CACHE_ALWAYS"),
    _choice("log_level", "logLevel", "OFF", "FATAL", "ERROR", "ALL"),
    _choice("retention_mode", "retentionMode", "RETAIN", "REMOVE"),
    _choice(
        "output_uri_prefix_mode", "outputUriPrefixMode", "SERVICE_DEFINED", "NONE_WITH_OVERWRITE"
    ),
    _choice("networking_mode", "networkingMode", "RESTRICTED", "VPC"),
    Field("configuration_name", "configurationName", low=1, high=128, pattern=_LABEL),
    Field("engine_settings", "engineSettings", Kind.DOCUMENT),
    Field("session_policy", "sessionPolicy", Kind.JSON_TEXT, low=1, high=2048),
    Field("tags", "tags", Kind.TAGS, change=Change.UPDATE),
    Field("rerun", "rerun", Kind.JSON, sent=False),
    Field(
        "on_delete",
        "onDelete",
        change=Change.UPDATE,
        enum=("delete", "cancel", "keep"),
        sent=False,
    ),
    Field(
        "rerun_on",
        "rerunOn",
        Kind.CHOICES,
        Change.UPDATE,
        enum=("FAILED", "CANCELLED", "DELETED"),
        sent=False,
    ),
    Field("max_attempts", "maxAttempts", Kind.INTEGER, Change.UPDATE, low=1, high=100, sent=False),
    Field("retry", "retry", Kind.RETRY, Change.UPDATE, low=1, high=10, enum=RETRYABLE, sent=False),
    Field("adopt_run_id", "adoptRunId", low=1, high=18, pattern=_ID, sent=False),
)


#: Outputs that GetRun fills, (attribute, wire name). `arn`, `uuid`, `status` and `runOutputUri`
#: come with StartRun's answer already.
OUTPUTS: Final[tuple[tuple[str, str], ...]] = (
    ("arn", "arn"),
    ("uuid", "uuid"),
    ("status", "status"),
    ("run_output_uri", "runOutputUri"),
    ("creation_time", "creationTime"),
    ("start_time", "startTime"),
    ("stop_time", "stopTime"),
    ("status_message", "statusMessage"),
    ("failure_reason", "failureReason"),
    ("started_by", "startedBy"),
    ("digest", "digest"),
    ("engine_version", "engineVersion"),
    ("workflow_uuid", "workflowUuid"),
    ("log_location", "logLocation"),
    ("batch_id", "batchId"),
)

#: All of it, for what is done with every resource's table.
TABLE: Final = Table("OmicsRun", FIELDS, OUTPUTS)
BY_WIRE: Final = TABLE.by_wire
BY_NAME: Final = TABLE.by_name

#: Outputs that this package makes: the number of this start among those that `rerun_on` and `retry`
#: allow, what became of the earlier ones, and whether the service has dropped the run's record.
OWN_OUTPUTS: Final[tuple[tuple[str, str], ...]] = (
    ("attempts", "attempts"),
    ("earlier_attempts", "earlierAttempts"),
    ("record_gone", "recordGone"),
)

#: Runs in all that `rerun_on` may make of one declaration, the first included.
DEFAULT_MAX_ATTEMPTS: Final = 3

#: Bytes of run parameters (developer guide, fixed-quotas).
MAX_PARAMETERS_BYTES: Final = 50_000
