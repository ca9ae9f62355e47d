"""OmicsRun: a run of AWS HealthOmics as a Pulumi resource."""

from __future__ import annotations

from typing import Unpack

from pulumi import ResourceOptions

from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.rules.run_table import TABLE

from ._arguments import RunArguments, RunAttributes
from ._declare import inputs_of, takes
from ._preflight import declared
from .wait import Waitable


@takes(TABLE)
class OmicsRun(RunAttributes, Waitable, module="omics", name="Run"):
    """A run of a HealthOmics workflow: started by `pulumi up`, exactly once.

    Creating it is one StartRun call, which returns while the run is PENDING. Changed tags and a
    changed `on_delete` are taken over in place; any other changed input starts a new run and ends
    the old one as `on_delete` says. An input left unset is not sent, but for `name`,
    and never differs.

    In a preview, everything that can be known without the service is checked, all problems at once.
    Limits are those of StartRun (botocore's model, omics 2022-11-28).

    Args:
        resource_name: Pulumi's name of the resource, unique in the stack.
        role_arn: ARN of the service role that the run assumes; it must trust omics.amazonaws.com.
        output_uri: Where results go: s3://bucket/prefix, a bucket in the run's Region.
        workflow_id: Id of the workflow to run, digits in a string. Exactly one of workflow_id,
            run_id and adopt_run_id is given.
        workflow_type: PRIVATE or READY2RUN; the service takes PRIVATE where it is unset.
        workflow_owner_id: Account id, 12 digits, of the owner of a shared workflow.
        workflow_version_name: Version of the workflow; the default version where unset.
        run_id: Id of a run to duplicate (StartRun's runId); inputs given here replace its own.
        name: Name shown in the console, up to 128 characters. Unset, a new run has Pulumi's name of
            the resource.
        run_group_id: Id of the run group that caps what its runs use together.
        priority: Order among waiting runs of the group, 0 to 100,000.
        parameters: The workflow's parameters, JSON of at most 50,000 bytes.
        storage_type: STATIC or DYNAMIC. Not for Ready2Run workflows.
        storage_capacity: STATIC storage in GiB, up to 100,000; the service rounds it up.
        scratch_storage_mode: LOCAL or SHARED: where a task's /tmp is.
        cache_id: Id of the run cache whose task outputs may be used again.
        cache_behavior: CACHE_ON_FAILURE or CACHE_ALWAYS, in place of the cache's default.
        log_level: OFF, FATAL, ERROR or ALL. With OFF there is no manifest.
        retention_mode: RETAIN (the service's default) keeps the run's record until it is deleted;
            with REMOVE the service drops the oldest records when the account's quota is full.
        output_uri_prefix_mode: SERVICE_DEFINED puts results below a folder of the run's own;
            NONE_WITH_OVERWRITE directly below output_uri.
        networking_mode: RESTRICTED or VPC; VPC needs configuration_name.
        configuration_name: Name of a HealthOmics configuration, as VPC networking needs.
        engine_settings: Settings of the workflow engine, such as Nextflow profiles.
        session_policy: IAM policy, JSON text of up to 2,048 characters, that narrows the role for
            this run.
        tags: Up to 50 tags. They change in place, every other input replaces the run.
        rerun: Any JSON value. A changed value starts a new run with the same inputs.
        on_delete: What destroy and replacement do with the run. "delete", the default, cancels an
            active run, waits for its end and deletes its record; "cancel" cancels an active run and
            leaves an ended one; "keep" touches nothing. Files and logs always stay.
        rerun_on: States, of FAILED, CANCELLED and DELETED, in which the next `pulumi up` replaces
            the run by a new one with the same inputs. Unset, nothing is started again.
        max_attempts: Runs in all that rerun_on may make of this declaration, 1 to 100, the first
            included; 3 where unset. The count is kept in the state.
        retry: {"attempts": n, "on": [codes]}: a run that FAILED for lack of capacity or by the
            service's fault is followed by another one, n runs in all, up to 10. The next `pulumi
            up` starts it; a Python program's wait for the run does at once. Codes are
            INSTANCE_RESERVATION_FAILED, MODIFIED_INPUT_RESOURCE and SERVICE_ERROR, all of them
            where `on` is left out. With cache_id, finished tasks are not paid for again.
        adopt_run_id: Id of an existing run to take over instead of starting one.
        preflight: What a preview does about the things that the run needs before it is started:
            "warn" looks them up and warns of what will not work, "fail" makes it an error, "off"
            looks up nothing. Unset, the stack's omics:preflight holds, else "warn". It is no input:
            it is not in the state, and a change of it is no difference.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        arn: The run's ARN.
        uuid: The run's identity. Ids of deleted runs are used again, uuids are not.
        status: State when last seen by up or refresh, one of RunStatus.
        run_output_uri: Where the service puts this run's results.
        creation_time: When StartRun was accepted, ISO 8601 in UTC.
        start_time: When the run started, ISO 8601 in UTC.
        stop_time: When the run ended, ISO 8601 in UTC.
        status_message: The service's words on the state.
        failure_reason: Code of the failure, such as RUN_TASK_FAILED.
        started_by: ARN of who started the run.
        digest: Digest of the workflow definition.
        engine_version: Version of the workflow engine.
        workflow_uuid: The workflow's uuid.
        log_location: Log streams: engineLogStream and runLogStream.
        batch_id: Id of the batch that the run belongs to.
        attempts: The number of this run among those of rerun_on and retry, None for the first.
        earlier_attempts: What became of the runs that rerun_on or retry replaced, by the API's
            names.
        record_gone: True where the service no longer has the run's record.

    Each argument is an attribute, too: its value as declared.
    """

    _host = OmicsRunProvider()
    _kept = ("onDelete",)

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        **arguments: Unpack[RunArguments],
    ) -> None:
        inputs = inputs_of(TABLE, arguments)
        self._declare(resource_name, inputs, opts)
        declared(self, inputs, arguments.get("preflight"), opts)
