"""OmicsRunBatch: a cohort of up to 100,000 runs, started by one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pulumi
from pulumi import Input, Output, ResourceOptions, dynamic

from omics_provider.base import keys
from omics_provider.base.settings import Mode
from omics_provider.batches.folder import folder_of
from omics_provider.batches.rules import table
from omics_provider.providers.run_batch import OmicsRunBatchProvider
from omics_provider.sheets.parameters import Parameters

from . import _batch_preflight
from ._document import crossing
from ._rows import read, without_collector, written
from ._source import Samples
from .cohort import Overrides

_PROVIDER = OmicsRunBatchProvider()


class OmicsRunBatch(dynamic.Resource, module="omics", name="RunBatch"):
    """The samples of a cohort, run by StartRunBatch: hundreds to 100,000 of them.

    Creating it is one StartRunBatch call, which returns before the first run has started. The rows
    never reach the engine or the state: they go through a file on this machine, and, from 101
    samples on, through one in S3 that is named by its content. All rows are checked in the program,
    and everything that is wrong is told at once.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        samples: Samples,
        template: Mapping[str, Any] | None = None,
        role_arn: Input[str] | None = None,
        workflow_id: Input[str] | None = None,
        output_uri: Input[str] | None = None,
        settings_uri: Input[str] | None = None,
        parameters: Parameters | None = None,
        overrides: Overrides | None = None,
        id_column: str | None = None,
        format: str | None = None,  # noqa: A002  # as in RunCohort
        workflow_type: Input[str] | None = None,
        workflow_owner_id: Input[str] | None = None,
        workflow_version_name: Input[str] | None = None,
        name: Input[str] | None = None,
        run_group_id: Input[str] | None = None,
        priority: Input[int] | None = None,
        storage_type: Input[str] | None = None,
        storage_capacity: Input[int] | None = None,
        scratch_storage_mode: Input[str] | None = None,
        cache_id: Input[str] | None = None,
        cache_behavior: Input[str] | None = None,
        log_level: Input[str] | None = None,
        retention_mode: Input[str] | None = None,
        networking_mode: Input[str] | None = None,
        configuration_name: Input[str] | None = None,
        engine_settings: Input[Mapping[str, Any]] | None = None,
        session_policy: Input[str] | None = None,
        output_bucket_owner_id: Input[str] | None = None,
        run_tags: Input[Mapping[str, Input[str]]] | None = None,
        tags: Input[Mapping[str, Input[str]]] | None = None,
        batch_name: Input[str] | None = None,
        rerun: Any = None,
        on_change: Input[str] | None = None,
        on_delete: Input[str] | None = None,
        preflight: Mode | None = None,
        opts: ResourceOptions | None = None,
        **unknown: Any,
    ) -> None:
        """Declare the cohort.

        Args:
            resource_name: Pulumi's name of the resource, unique in the stack.
            samples: Path of a CSV, TSV or JSON sheet, the bytes of one, or Python values, as
                RunCohort takes them. A sample's id becomes its runSettingId. At most 100,000.
            template: Arguments that all runs share, by name, as RunCohort takes them: those below,
                and `parameters`, fixed ones that those of the sheet go over, together at most
                50,000 bytes of JSON for each sample. `tags` in it are run_tags.
            role_arn: Role that HealthOmics assumes; it must be able to read settings_uri, too.
            workflow_id: Id of a private workflow. Ready2Run workflows can't run in batches.
            output_uri: S3 URI below which the service puts results, unless each sample has its own.
            settings_uri: s3://bucket/prefix for the files of settings and indexes. Needed from 101
                samples on. Nothing there is ever written over or deleted.
            parameters: What the workflow's parameters take from the sheet, as in RunCohort; every
                column is the parameter of its name where it is unset.
            overrides: By sample id, or as a function of a sheet's row: parameters, run_tags
                (merged), name, output_uri, priority, engine_settings, output_bucket_owner_id. None
                takes away what the sheet gives; what all samples share can't be taken from one.
            id_column: The column with the sample ids, as in RunCohort.
            format: "csv", "tsv" or "json", where the file's name does not tell.
            workflow_type: PRIVATE, which the service takes where it is unset.
            workflow_owner_id: Account id, 12 digits, of the owner of a shared workflow.
            workflow_version_name: Version of the workflow; the default version where unset.
            name: Name of each run. Unset, the sample's id.
            run_group_id: Id of the run group that caps what its runs use together.
            priority: Order among waiting runs of the group, 0 to 100,000.
            storage_type: STATIC or DYNAMIC.
            storage_capacity: STATIC storage in GiB, up to 100,000, for each run.
            scratch_storage_mode: LOCAL or SHARED: where a task's /tmp is.
            cache_id: Id of the run cache whose task outputs may be used again.
            cache_behavior: CACHE_ON_FAILURE or CACHE_ALWAYS, in place of the cache's default.
            log_level: OFF, FATAL, ERROR or ALL.
            retention_mode: RETAIN (the service's default) or REMOVE.
            networking_mode: RESTRICTED or VPC; VPC needs configuration_name.
            configuration_name: Name of a HealthOmics configuration, as VPC networking needs.
            engine_settings: Settings of the workflow engine, such as Nextflow profiles.
            session_policy: IAM policy, JSON text of up to 2,048 characters.
            output_bucket_owner_id: Account id, 12 digits, that must own the bucket of output_uri.
            run_tags: Up to 50 tags of each run.
            tags: Up to 50 tags of the batches themselves. They change in place.
            batch_name: Name of the batches, up to 64 characters. Unset, the resource's name and a
                few digits of its own.
            rerun: Any JSON value, by sample id, or one for all samples. A changed value runs the
                sample again with the same settings.
            on_change: What a changed sheet, or a changed setting, starts. "new", the default: only
                the samples that are new or whose settings changed, as a further batch beside those
                there are; what has run does not run again. "all": everything again, in place of
                those there are.
            on_delete: What destroy and replacement do. "delete", the default, cancels active runs,
                then deletes the runs' records and the batches'; "cancel" cancels active runs;
                "keep" touches nothing. Files in S3 and logs always stay.
            preflight: What a preview does about what the batch needs, as OmicsRun takes it: "fail",
                "warn" or "off". Samples with parameters of the same names are judged by one of
                them; of their input files some are looked for.
            opts: Pulumi's resource options. customTimeouts.delete bounds a delete.
            **unknown: Takes no argument; a name that does not exist is reported by the preview
                together with everything else that is wrong.

        Raises:
            pulumi.RunError: the sheet can't be read; it names everything that is wrong with it.

        """
        arguments: dict[str, Any] = {
            "roleArn": role_arn,
            "workflowId": workflow_id,
            "outputUri": output_uri,
            "settingsUri": settings_uri,
            "workflowType": workflow_type,
            "workflowOwnerId": workflow_owner_id,
            "workflowVersionName": workflow_version_name,
            "name": name,
            "runGroupId": run_group_id,
            "priority": priority,
            "storageType": storage_type,
            "storageCapacity": storage_capacity,
            "scratchStorageMode": scratch_storage_mode,
            "cacheId": cache_id,
            "cacheBehavior": cache_behavior,
            "logLevel": log_level,
            "retentionMode": retention_mode,
            "networkingMode": networking_mode,
            "configurationName": configuration_name,
            "engineSettings": engine_settings,
            "sessionPolicy": session_policy,
            "outputBucketOwnerId": output_bucket_owner_id,
            "runTags": run_tags,
            "tags": tags,
            "batchName": batch_name,
            "rerun": rerun,
            "onChange": on_change,
            "onDelete": on_delete,
        }
        shared = _shared(template)
        mode = preflight or shared.pop("preflight", None)
        given = _given(shared, arguments)
        with without_collector():
            declared = read(samples, parameters, id_column, format, overrides)
            rows = written(folder_of(_stack(), resource_name), declared, given, rerun)
        super().__init__(_PROVIDER, resource_name, _properties({**given, **unknown}, rows), opts)
        if table.PROBLEMS not in rows:
            _batch_preflight.declared(self, given, declared.samples, mode, opts)

    @property
    def arn(self) -> Output[str]:
        """The first batch's ARN."""
        return self._output("arn")

    @property
    def uuid(self) -> Output[str]:
        """The first batch's identity. Ids of deleted batches are used again, uuids are not."""
        return self._output("uuid")

    @property
    def status(self) -> Output[str]:
        """State of the least finished batch when last seen by up or refresh, a BatchStatus."""
        return self._output("status")

    @property
    def batches(self) -> Output[Sequence[Mapping[str, Any]]]:
        """All batches, oldest first: id, arn, uuid, status, count, settings, submissions, runs."""
        return self._output("batches")

    @property
    def samples(self) -> Output[Mapping[str, Any]]:
        """Number of declared samples (count) and digest of their settings (sha256)."""
        return self._output("samples")

    @property
    def submissions(self) -> Output[Mapping[str, int]]:
        """Runs by what became of their start, over all batches; a count of 0 is left out.

        started, failed, pending, cancelled, cancelFailed, deleted, deleteFailed.
        """
        return self._output("submissions")

    @property
    def runs(self) -> Output[Mapping[str, int]]:
        """Runs by state, over all batches; a count of 0 is left out.

        pending, starting, running, stopping, completed, failed, cancelled, deleted.
        """
        return self._output("runs")

    @property
    def submission_failures(self) -> Output[Sequence[Mapping[str, Any]]]:
        """The commonest reasons for which runs could not be started, with an example each."""
        return self._output("submissionFailures")

    @property
    def index(self) -> Output[Mapping[str, Any]]:
        """Where it is written which settings each sample was started with."""
        return self._output("index")

    @property
    def record_gone(self) -> Output[bool | None]:
        """True where the service no longer has the record of one of the batches."""
        return self._output("recordGone")

    @property
    def settings_uri(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("settingsUri")

    @property
    def on_change(self) -> Output[str]:
        """As declared: see the argument."""
        return self._output("onChange")

    @property
    def on_delete(self) -> Output[str]:
        """As declared: see the argument."""
        return self._output("onDelete")

    def run_ids(self, samples: Iterable[str] | None = None) -> Output[dict[str, str]]:
        """Return the run ids by sample id, of `samples` or of all; asked of the service now.

        One ListRunsInBatch for 100 runs, or for each of up to 20 named samples and batch. A sample
        whose run has not been started yet, or could not be, is left out. Where a sample has run
        more than once, it is the last one.
        """
        from ._batch_runs import run_ids

        return run_ids(self, None if samples is None else list(samples))

    def _output(self, wire: str) -> Output[Any]:
        if wire not in self.__dict__:
            return Output.from_input(None)
        return cast(Output[Any], pulumi.get(self, wire))


def _shared(template: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the template gives, by the API's names."""
    if template is None:
        return {}
    if not isinstance(template, Mapping):
        kind = type(template).__name__
        raise pulumi.RunError(f"template is a {kind}: give the arguments of runs by name.")
    names = {field.name: field.wire for field in table.FIELDS} | {"tags": "runTags"}
    return {names.get(name, name): value for name, value in template.items()}


def _given(shared: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = {wire: value for wire, value in arguments.items() if value is not None}
    twice = sorted(table.TABLE.by_wire[wire].name for wire in shared.keys() & given.keys())
    if twice:
        raise pulumi.RunError(f"{', '.join(twice)}: given in the template, and beside it.")
    return {**{name: value for name, value in shared.items() if value is not None}, **given}


def _stack() -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def _properties(given: Mapping[str, Any], rows: Mapping[str, Any]) -> dict[str, Any]:
    # An output is an attribute only where the property bag names it, if only as None.
    names = ["onDelete", "onChange", *(wire for _, wire in table.OUTPUTS)]
    inputs = {name: crossing(value) for name, value in given.items()}
    return {**dict.fromkeys(names), **inputs, **rows, keys.STACK: _stack()}
