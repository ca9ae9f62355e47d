"""What each class takes and tells, for type checkers.

Written by tools/arguments.py from the tables of arguments: change those, then run it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from pulumi import Input, Output, ResourceOptions

from omics_provider.base.settings import Mode
from omics_provider.sheets.parameters import Parameters
from omics_provider.sheets.sheet import Row

from ._samples import Samples

PathInput = Input[str] | Input[os.PathLike[str]]


class Retry(TypedDict, total=False):
    """How often a run that fails for no fault of its inputs is started, and for which codes."""

    attempts: Required[Input[int]]
    on: Input[
        Sequence[
            Input[
                Literal["INSTANCE_RESERVATION_FAILED", "MODIFIED_INPUT_RESOURCE", "SERVICE_ERROR"]
            ]
        ]
    ]


class _Shared(TypedDict, total=False):
    """What runs and batches take alike."""

    workflow_id: Input[str] | None
    workflow_type: Input[Literal["PRIVATE", "READY2RUN"]] | None
    workflow_owner_id: Input[str] | None
    workflow_version_name: Input[str] | None
    run_group_id: Input[str] | None
    priority: Input[int] | None
    storage_type: Input[Literal["STATIC", "DYNAMIC"]] | None
    storage_capacity: Input[int] | None
    scratch_storage_mode: Input[Literal["LOCAL", "SHARED"]] | None
    cache_id: Input[str] | None
    cache_behavior: Input[Literal["CACHE_ON_FAILURE", "CACHE_ALWAYS"]] | None
    log_level: Input[Literal["OFF", "FATAL", "ERROR", "ALL"]] | None
    retention_mode: Input[Literal["RETAIN", "REMOVE"]] | None
    networking_mode: Input[Literal["RESTRICTED", "VPC"]] | None
    configuration_name: Input[str] | None
    engine_settings: Input[Mapping[str, Any]] | None
    session_policy: Input[str] | None
    on_delete: Input[Literal["delete", "cancel", "keep"]] | None
    preflight: Mode | None


class _Run(_Shared, total=False):
    """What runs and cohorts take alike."""

    run_id: Input[str] | None
    output_uri_prefix_mode: Input[Literal["SERVICE_DEFINED", "NONE_WITH_OVERWRITE"]] | None
    rerun: Any
    rerun_on: Input[Sequence[Input[Literal["FAILED", "CANCELLED", "DELETED"]]]] | None
    max_attempts: Input[int] | None
    retry: Input[Retry] | None
    adopt_run_id: Input[str] | None


class RunArguments(_Run, total=False):
    """Arguments of OmicsRun."""

    role_arn: Required[Input[str]]
    output_uri: Required[Input[str]]
    name: Input[str] | None
    parameters: Input[Mapping[str, Any]] | None
    tags: Input[Mapping[str, Input[str]]] | None


class RunTemplate(_Run, total=False):
    """Arguments of OmicsRun as a cohort shares or overrides them."""

    role_arn: Input[str] | None
    output_uri: Input[str] | None
    name: Input[str] | None
    parameters: Input[Mapping[str, Any]] | None
    tags: Input[Mapping[str, Input[str] | None]] | None
    opts: ResourceOptions | None


class CohortArguments(_Run, total=False):
    """Arguments of RunCohort."""

    samples: Required[Samples]
    template: RunTemplate | None
    id_column: str | None
    format: str | None
    parameters: Parameters | None
    overrides: Mapping[str, RunTemplate] | Callable[[Row], RunTemplate | None] | None
    max_failures: int | None
    role_arn: Input[str] | None
    output_uri: Input[str] | None
    tags: Input[Mapping[str, Input[str]]] | None


class _RunBatch(_Shared, total=False):
    """What a batch and its template take alike."""

    role_arn: Input[str] | None
    output_uri: Input[str] | None
    name: Input[str] | None
    output_bucket_owner_id: Input[str] | None
    run_tags: Input[Mapping[str, Input[str]]] | None
    rerun: Any
    batch_name: Input[str] | None
    settings_uri: Input[str] | None
    tags: Input[Mapping[str, Input[str]]] | None
    on_change: Input[Literal["new", "all"]] | None


class RunBatchArguments(_RunBatch, total=False):
    """Arguments of OmicsRunBatch."""

    samples: Required[Samples]
    template: RunBatchTemplate | None
    parameters: Parameters | None
    overrides: Mapping[str, RunBatchOverride] | Callable[[Row], RunBatchOverride | None] | None
    id_column: str | None
    format: str | None


class RunBatchTemplate(_RunBatch, total=False):
    """Arguments that all runs of a batch share."""

    parameters: Input[Mapping[str, Any]] | None


class RunBatchOverride(TypedDict, total=False):
    """What one sample of a batch may have of its own."""

    parameters: Input[Mapping[str, Any]] | None
    name: Input[str] | None
    output_uri: Input[str] | None
    priority: Input[int] | None
    engine_settings: Input[Mapping[str, Any]] | None
    output_bucket_owner_id: Input[str] | None
    run_tags: Input[Mapping[str, Input[str] | None]] | None


class RunGroupArguments(TypedDict, total=False):
    """Arguments of OmicsRunGroup."""

    name: Input[str] | None
    max_cpus: Input[int] | None
    max_gpus: Input[int] | None
    max_runs: Input[int] | None
    max_duration: Input[int] | None
    tags: Input[Mapping[str, Input[str]]] | None


class RunCacheArguments(TypedDict, total=False):
    """Arguments of OmicsRunCache."""

    cache_s3_location: Required[Input[str]]
    cache_behavior: Input[Literal["CACHE_ON_FAILURE", "CACHE_ALWAYS"]] | None
    name: Input[str] | None
    description: Input[str] | None
    cache_bucket_owner_id: Input[str] | None
    tags: Input[Mapping[str, Input[str]]] | None


class WorkflowArguments(TypedDict, total=False):
    """Arguments of OmicsWorkflow."""

    definition: PathInput | None
    definition_uri: Input[str] | None
    definition_repository: Input[Mapping[str, Any]] | None
    workflow_bucket_owner_id: Input[str] | None
    engine: Input[Literal["WDL", "NEXTFLOW", "CWL", "WDL_LENIENT"]] | None
    main: Input[str] | None
    name: Input[str] | None
    description: Input[str] | None
    parameter_template: PathInput | Input[Mapping[str, Any]] | None
    parameter_template_path: Input[str] | None
    storage_type: Input[Literal["STATIC", "DYNAMIC"]] | None
    storage_capacity: Input[int] | None
    accelerators: Input[Literal["GPU"]] | None
    container_registry_map: Input[Mapping[str, Any]] | None
    container_registry_map_uri: Input[str] | None
    readme_markdown: Input[str] | None
    readme_path: Input[str] | None
    readme_uri: Input[str] | None
    version_name: Input[str] | None
    tags: Input[Mapping[str, Input[str]]] | None


class _SharedAttributes:
    """What runs and batches tell alike."""

    arn: Output[str]
    uuid: Output[str]
    status: Output[str]
    record_gone: Output[bool | None]
    role_arn: Output[str]
    workflow_type: Output[str | None]
    workflow_owner_id: Output[str | None]
    workflow_version_name: Output[str | None]
    name: Output[str | None]
    run_group_id: Output[str | None]
    priority: Output[int | None]
    parameters: Output[Mapping[str, Any] | None]
    storage_type: Output[str | None]
    storage_capacity: Output[int | None]
    scratch_storage_mode: Output[str | None]
    cache_id: Output[str | None]
    cache_behavior: Output[str | None]
    log_level: Output[str | None]
    retention_mode: Output[str | None]
    networking_mode: Output[str | None]
    configuration_name: Output[str | None]
    engine_settings: Output[Mapping[str, Any] | None]
    session_policy: Output[str | None]
    tags: Output[Mapping[str, str] | None]
    rerun: Output[Any]


class RunAttributes(_SharedAttributes):
    """Attributes of OmicsRun."""

    run_output_uri: Output[str]
    creation_time: Output[str | None]
    start_time: Output[str | None]
    stop_time: Output[str | None]
    status_message: Output[str | None]
    failure_reason: Output[str | None]
    started_by: Output[str | None]
    digest: Output[str | None]
    engine_version: Output[str | None]
    workflow_uuid: Output[str | None]
    log_location: Output[Mapping[str, str] | None]
    batch_id: Output[str | None]
    attempts: Output[int | None]
    earlier_attempts: Output[Sequence[Mapping[str, str]] | None]
    output_uri: Output[str]
    workflow_id: Output[str | None]
    run_id: Output[str | None]
    output_uri_prefix_mode: Output[str | None]
    on_delete: Output[str | None]
    rerun_on: Output[Sequence[str] | None]
    max_attempts: Output[int | None]
    retry: Output[Mapping[str, Any] | None]
    adopt_run_id: Output[str | None]


class RunBatchAttributes(_SharedAttributes):
    """Attributes of OmicsRunBatch."""

    batches: Output[Sequence[Mapping[str, Any]]]
    submissions: Output[Mapping[str, int]]
    runs: Output[Mapping[str, int]]
    submission_failures: Output[Sequence[Mapping[str, Any]]]
    index: Output[Mapping[str, Any]]
    output_uri: Output[str | None]
    workflow_id: Output[str]
    output_bucket_owner_id: Output[str | None]
    run_tags: Output[Mapping[str, str] | None]
    samples: Output[Mapping[str, Any]]
    batch_name: Output[str | None]
    settings_uri: Output[str | None]
    on_change: Output[str]
    on_delete: Output[str]


class RunGroupAttributes:
    """Attributes of OmicsRunGroup."""

    arn: Output[str]
    creation_time: Output[str | None]
    name: Output[str | None]
    max_cpus: Output[int | None]
    max_gpus: Output[int | None]
    max_runs: Output[int | None]
    max_duration: Output[int | None]
    tags: Output[Mapping[str, str] | None]


class RunCacheAttributes:
    """Attributes of OmicsRunCache."""

    arn: Output[str]
    status: Output[str | None]
    creation_time: Output[str | None]
    cache_s3_location: Output[str]
    cache_behavior: Output[str | None]
    name: Output[str | None]
    description: Output[str | None]
    cache_bucket_owner_id: Output[str | None]
    tags: Output[Mapping[str, str] | None]


class WorkflowAttributes:
    """Attributes of OmicsWorkflow."""

    arn: Output[str]
    uuid: Output[str]
    creation_time: Output[str | None]
    version_arn: Output[str | None]
    version_uuid: Output[str | None]
    status: Output[str | None]
    status_message: Output[str | None]
    digest: Output[str | None]
    definition: Output[str | None]
    definition_uri: Output[str | None]
    definition_repository: Output[Mapping[str, Any] | None]
    workflow_bucket_owner_id: Output[str | None]
    engine: Output[str | None]
    main: Output[str | None]
    name: Output[str | None]
    description: Output[str | None]
    parameter_template: Output[Mapping[str, Any] | None]
    parameter_template_path: Output[str | None]
    storage_type: Output[str | None]
    storage_capacity: Output[int | None]
    accelerators: Output[str | None]
    container_registry_map: Output[Mapping[str, Any] | None]
    container_registry_map_uri: Output[str | None]
    readme_markdown: Output[str | None]
    readme_path: Output[str | None]
    readme_uri: Output[str | None]
    version_name: Output[str]
    tags: Output[Mapping[str, str] | None]
