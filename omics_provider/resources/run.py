"""OmicsRun: a run of AWS HealthOmics as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Never, TypeVar, cast

import pulumi
from pulumi import Input, Output, ResourceOptions, dynamic

from omics_provider.base import keys
from omics_provider.base.settings import Mode
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.rules import table

from ._document import crossing
from ._preflight import declared
from .wait import OnFailure, wait_for

_PROVIDER = OmicsRunProvider()

Self = TypeVar("Self", bound="OmicsRun")


class OmicsRun(dynamic.Resource, module="omics", name="Run"):
    """A run of a HealthOmics workflow: started by `pulumi up`, exactly once.

    Creating it is one StartRun call, which returns while the run is PENDING. Changed tags and a
    changed `on_delete` are taken over in place; any other changed input starts a new run and ends
    the old one as `on_delete` says. An input left unset is not sent and never differs.

    In a preview, everything that can be known without the service is checked, all problems at once.
    Limits are those of StartRun (botocore's model, omics 2022-11-28).
    """

    def __init__(
        self,
        resource_name: str,
        *,
        role_arn: Input[str],
        output_uri: Input[str],
        workflow_id: Input[str] | None = None,
        workflow_type: Input[str] | None = None,
        workflow_owner_id: Input[str] | None = None,
        workflow_version_name: Input[str] | None = None,
        run_id: Input[str] | None = None,
        name: Input[str] | None = None,
        run_group_id: Input[str] | None = None,
        priority: Input[int] | None = None,
        parameters: Input[Mapping[str, Any]] | None = None,
        storage_type: Input[str] | None = None,
        storage_capacity: Input[int] | None = None,
        scratch_storage_mode: Input[str] | None = None,
        cache_id: Input[str] | None = None,
        cache_behavior: Input[str] | None = None,
        log_level: Input[str] | None = None,
        retention_mode: Input[str] | None = None,
        output_uri_prefix_mode: Input[str] | None = None,
        networking_mode: Input[str] | None = None,
        configuration_name: Input[str] | None = None,
        engine_settings: Input[Mapping[str, Any]] | None = None,
        session_policy: Input[str] | None = None,
        tags: Input[Mapping[str, Input[str]]] | None = None,
        rerun: Any = None,
        on_delete: Input[str] | None = None,
        rerun_on: Input[Sequence[Input[str]]] | None = None,
        max_attempts: Input[int] | None = None,
        retry: Input[Mapping[str, Any]] | None = None,
        adopt_run_id: Input[str] | None = None,
        preflight: Mode | None = None,
        opts: ResourceOptions | None = None,
        **unknown: Never,
    ) -> None:
        """Declare a run.

        Args:
            resource_name: Pulumi's name of the resource, unique in the stack.
            role_arn: ARN of the service role that the run assumes; it must trust
                omics.amazonaws.com.
            output_uri: Where results go: s3://bucket/prefix, a bucket in the run's Region.
            workflow_id: Id of the workflow to run, digits in a string. Exactly one of workflow_id,
                run_id and adopt_run_id is given.
            workflow_type: PRIVATE or READY2RUN; the service takes PRIVATE where it is unset.
            workflow_owner_id: Account id, 12 digits, of the owner of a shared workflow.
            workflow_version_name: Version of the workflow; the default version where unset.
            run_id: Id of a run to duplicate (StartRun's runId); inputs given here replace its own.
            name: Name shown in the console, up to 128 characters. Pulumi's resource name is not
                sent.
            run_group_id: Id of the run group that caps what its runs use together.
            priority: Order among waiting runs of the group, 0 to 100,000.
            parameters: The workflow's parameters, JSON of at most 50,000 bytes.
            storage_type: STATIC or DYNAMIC. Not for Ready2Run workflows.
            storage_capacity: STATIC storage in GiB, up to 100,000; the service rounds it up.
            scratch_storage_mode: LOCAL or SHARED: where a task's /tmp is.
            cache_id: Id of the run cache whose task outputs may be used again.
            cache_behavior: CACHE_ON_FAILURE or CACHE_ALWAYS, in place of the cache's default.
            log_level: OFF, FATAL, ERROR or ALL. With OFF there is no manifest.
            retention_mode: RETAIN (the service's default) keeps the run's record until it is
                deleted; with REMOVE the service drops the oldest records when the account's quota
                is full.
            output_uri_prefix_mode: SERVICE_DEFINED puts results below a folder of the run's own;
                NONE_WITH_OVERWRITE directly below output_uri.
            networking_mode: RESTRICTED or VPC; VPC needs configuration_name.
            configuration_name: Name of a HealthOmics configuration, as VPC networking needs.
            engine_settings: Settings of the workflow engine, such as Nextflow profiles.
            session_policy: IAM policy, JSON text of up to 2,048 characters, that narrows the role
                for this run.
            tags: Up to 50 tags. They change in place, every other input replaces the run.
            rerun: Any JSON value. A changed value starts a new run with the same inputs.
            on_delete: What destroy and replacement do with the run. "delete", the default, cancels
                an active run, waits for its end and deletes its record; "cancel" cancels an active
                run and leaves an ended one; "keep" touches nothing. Files and logs always stay.
            rerun_on: States, of FAILED, CANCELLED and DELETED, in which the next `pulumi up`
                replaces the run by a new one with the same inputs. Unset, nothing is started again.
            max_attempts: Runs in all that rerun_on may make of this declaration, 1 to 100, the
                first included; 3 where unset. The count is kept in the state.
            retry: {"attempts": n, "on": [codes]}: a run that FAILED for lack of capacity or by the
                service's fault is followed by another one, n runs in all, up to 10. A wait for the
                run starts it at once, else the next `pulumi up` does. Codes are
                INSTANCE_RESERVATION_FAILED, MODIFIED_INPUT_RESOURCE and SERVICE_ERROR, all of them
                where `on` is left out. With cache_id, finished tasks are not paid for again.
            adopt_run_id: Id of an existing run to take over instead of starting one.
            preflight: What a preview does about the things that the run needs before it is started:
                "warn" looks them up and warns of what will not work, "fail" makes it an error,
                "off" looks up nothing. Unset, the stack's omics:preflight holds, else "warn". It is
                no input: it is not in the state, and a change of it is no difference.
            opts: Pulumi's resource options.
            **unknown: Takes no argument; a name that does not exist is reported by the preview
                together with everything else that is wrong.
        """
        inputs: dict[str, Any] = {
            "roleArn": role_arn,
            "outputUri": output_uri,
            "workflowId": workflow_id,
            "workflowType": workflow_type,
            "workflowOwnerId": workflow_owner_id,
            "workflowVersionName": workflow_version_name,
            "runId": run_id,
            "name": name,
            "runGroupId": run_group_id,
            "priority": priority,
            "parameters": parameters,
            "storageType": storage_type,
            "storageCapacity": storage_capacity,
            "scratchStorageMode": scratch_storage_mode,
            "cacheId": cache_id,
            "cacheBehavior": cache_behavior,
            "logLevel": log_level,
            "retentionMode": retention_mode,
            "outputUriPrefixMode": output_uri_prefix_mode,
            "networkingMode": networking_mode,
            "configurationName": configuration_name,
            "engineSettings": engine_settings,
            "sessionPolicy": session_policy,
            "tags": tags,
            "rerun": rerun,
            "onDelete": on_delete,
            "rerunOn": rerun_on,
            "maxAttempts": max_attempts,
            "retry": retry,
            "adoptRunId": adopt_run_id,
        }
        super().__init__(
            _PROVIDER, resource_name, _properties({**inputs, **_unknown(unknown)}), opts
        )
        declared(self, inputs, preflight, opts)

    @classmethod
    def get(
        cls: type[Self],
        resource_name: str,
        id: Input[str],  # noqa: A002  # Pulumi's own name for it in every resource's get
        opts: ResourceOptions | None = None,
    ) -> Self:
        """Read an existing run, which this stack will neither change nor delete.

        Fails with a clear error where there is no run of this id in the configured Region.
        """
        run = cls.__new__(cls)
        options = ResourceOptions.merge(opts, ResourceOptions(id=id))
        dynamic.Resource.__init__(run, _PROVIDER, resource_name, _properties({}), options)
        return run

    def wait(
        self,
        timeout: float | None = None,
        on_failure: OnFailure = "fail",
        *,
        outputs: bool = False,
        tasks: bool = False,
    ) -> Output[dict[str, Any]]:
        """Wait for the run's end, in the program, and return its final facts.

        Facts, arguments and previews are those of `wait_all`; a failed run fails the update as
        soon as it is noticed, also while other runs go on.
        """
        return wait_for(self, timeout, on_failure, outputs=outputs, tasks=tasks)

    @property
    def arn(self) -> Output[str]:
        """The run's ARN."""
        return self._output("arn")

    @property
    def uuid(self) -> Output[str]:
        """The run's identity. Ids of deleted runs are used again, uuids are not."""
        return self._output("uuid")

    @property
    def status(self) -> Output[str]:
        """State when last seen by up or refresh, one of RunStatus."""
        return self._output("status")

    @property
    def run_output_uri(self) -> Output[str]:
        """Where the service puts this run's results."""
        return self._output("runOutputUri")

    @property
    def creation_time(self) -> Output[str | None]:
        """When StartRun was accepted, ISO 8601 in UTC."""
        return self._output("creationTime")

    @property
    def start_time(self) -> Output[str | None]:
        """When the run started, ISO 8601 in UTC."""
        return self._output("startTime")

    @property
    def stop_time(self) -> Output[str | None]:
        """When the run ended, ISO 8601 in UTC."""
        return self._output("stopTime")

    @property
    def status_message(self) -> Output[str | None]:
        """The service's words on the state."""
        return self._output("statusMessage")

    @property
    def failure_reason(self) -> Output[str | None]:
        """Code of the failure, such as RUN_TASK_FAILED."""
        return self._output("failureReason")

    @property
    def started_by(self) -> Output[str | None]:
        """ARN of who started the run."""
        return self._output("startedBy")

    @property
    def digest(self) -> Output[str | None]:
        """Digest of the workflow definition."""
        return self._output("digest")

    @property
    def engine_version(self) -> Output[str | None]:
        """Version of the workflow engine."""
        return self._output("engineVersion")

    @property
    def workflow_uuid(self) -> Output[str | None]:
        """The workflow's uuid."""
        return self._output("workflowUuid")

    @property
    def log_location(self) -> Output[Mapping[str, str] | None]:
        """Log streams: engineLogStream and runLogStream."""
        return self._output("logLocation")

    @property
    def batch_id(self) -> Output[str | None]:
        """Id of the batch that the run belongs to."""
        return self._output("batchId")

    @property
    def role_arn(self) -> Output[str]:
        """As declared: see the argument."""
        return self._output("roleArn")

    @property
    def output_uri(self) -> Output[str]:
        """As declared: see the argument."""
        return self._output("outputUri")

    @property
    def workflow_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("workflowId")

    @property
    def workflow_type(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("workflowType")

    @property
    def workflow_owner_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("workflowOwnerId")

    @property
    def workflow_version_name(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("workflowVersionName")

    @property
    def run_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("runId")

    @property
    def name(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("name")

    @property
    def run_group_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("runGroupId")

    @property
    def priority(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("priority")

    @property
    def parameters(self) -> Output[Mapping[str, Any] | None]:
        """As declared: see the argument."""
        return self._output("parameters")

    @property
    def storage_type(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("storageType")

    @property
    def storage_capacity(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("storageCapacity")

    @property
    def scratch_storage_mode(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("scratchStorageMode")

    @property
    def cache_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("cacheId")

    @property
    def cache_behavior(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("cacheBehavior")

    @property
    def log_level(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("logLevel")

    @property
    def retention_mode(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("retentionMode")

    @property
    def output_uri_prefix_mode(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("outputUriPrefixMode")

    @property
    def networking_mode(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("networkingMode")

    @property
    def configuration_name(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("configurationName")

    @property
    def engine_settings(self) -> Output[Mapping[str, Any] | None]:
        """As declared: see the argument."""
        return self._output("engineSettings")

    @property
    def session_policy(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("sessionPolicy")

    @property
    def tags(self) -> Output[Mapping[str, str] | None]:
        """As declared: see the argument."""
        return self._output("tags")

    @property
    def rerun(self) -> Output[Any]:
        """As declared: see the argument."""
        return self._output("rerun")

    @property
    def on_delete(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("onDelete")

    @property
    def rerun_on(self) -> Output[Sequence[str] | None]:
        """As declared: see the argument."""
        return self._output("rerunOn")

    @property
    def max_attempts(self) -> Output[int | None]:
        """As declared: see the argument."""
        return self._output("maxAttempts")

    @property
    def attempts(self) -> Output[int | None]:
        """The number of this run among those of rerun_on and retry, None for the first."""
        return self._output("attempts")

    @property
    def retry(self) -> Output[Mapping[str, Any] | None]:
        """As declared: see the argument."""
        return self._output("retry")

    @property
    def earlier_attempts(self) -> Output[Sequence[Mapping[str, str]] | None]:
        """What became of the runs that rerun_on or retry replaced, by the API's names."""
        return self._output("earlierAttempts")

    @property
    def record_gone(self) -> Output[bool | None]:
        """True where the service no longer has the run's record."""
        return self._output("recordGone")

    @property
    def adopt_run_id(self) -> Output[str | None]:
        """As declared: see the argument."""
        return self._output("adoptRunId")

    def _output(self, wire: str) -> Output[Any]:
        # An input left unset is no property of a run that is started here.
        if wire not in self.__dict__:
            return Output.from_input(None)
        return cast(Output[Any], pulumi.get(self, wire))


def _unknown(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    # Under the API's own name a value would pass for the argument of that name.
    for name in arguments:
        if name in table.BY_WIRE:
            meant = table.BY_WIRE[name].name
            raise TypeError(f"OmicsRun takes no {name}: the argument's name is {meant}.")
    return arguments


def _properties(inputs: Mapping[str, Any]) -> dict[str, Any]:
    # An output is an attribute only where the property bag names it, if only as None. Each name
    # costs the program an Output with two tasks, so inputs are named where they can be known: the
    # given ones, and all of a run that was started elsewhere.
    given = {name: crossing(value) for name, value in inputs.items() if value is not None}
    elsewhere = not given or "adoptRunId" in given
    names = [
        *(table.BY_WIRE if elsewhere else ("onDelete",)),
        *(wire for _, wire in (*table.OUTPUTS, *table.OWN_OUTPUTS)),
    ]
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    return {**dict.fromkeys(names), **given, keys.STACK: stack}
