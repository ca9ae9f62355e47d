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

    A create makes one StartRun call, which returns while the run is PENDING. A change of tags or
    of `on_delete` keeps the run. A change of any other input starts a new run, and ends the old
    run as `on_delete` says. An input that you leave out is not sent, except `name`, and never
    differs.

    The preview checks all values without a call, and reports all problems together.
    Limits are those of StartRun (botocore's model, omics 2022-11-28).

    Args:
        resource_name: Pulumi's name of the resource, unique in the stack.
        role_arn: ARN of the service role that the run assumes; it must trust omics.amazonaws.com.
        output_uri: Where results go: s3://bucket/prefix, a bucket in the run's Region.
        workflow_id: Id of the workflow to run, digits in a string. Exactly one of workflow_id,
            run_id and adopt_run_id is given.
        workflow_type: PRIVATE or READY2RUN; by default PRIVATE.
        workflow_owner_id: Account id, 12 digits, of the owner of a shared workflow.
        workflow_version_name: Version of the workflow; by default the workflow's default version.
        run_id: Id of a run to duplicate (StartRun's runId). Inputs that you give here replace the
            inputs of that run.
        name: Name shown in the console, up to 128 characters; by default Pulumi's name of the
            resource.
        run_group_id: Id of the run group, which limits what its runs use together.
        priority: Order among waiting runs of the group, 0 to 100,000.
        parameters: The workflow's parameters, JSON of at most 50,000 bytes.
        storage_type: STATIC or DYNAMIC. Not for Ready2Run workflows.
        storage_capacity: STATIC storage in GiB, up to 100,000; the service rounds it up.
        scratch_storage_mode: LOCAL or SHARED: where a task's /tmp is.
        cache_id: Id of the run cache, whose task outputs the run may use again.
        cache_behavior: CACHE_ON_FAILURE or CACHE_ALWAYS, instead of the cache's default.
        log_level: OFF, FATAL, ERROR or ALL. With OFF there is no manifest.
        retention_mode: RETAIN (the service's default) keeps the run's record until it is deleted.
            With REMOVE, the service removes the oldest records when the account's quota is full.
        output_uri_prefix_mode: SERVICE_DEFINED puts the results into a folder for the run alone.
            NONE_WITH_OVERWRITE puts them directly below output_uri.
        networking_mode: RESTRICTED or VPC; VPC needs configuration_name.
        configuration_name: Name of a HealthOmics configuration, as VPC networking needs.
        engine_settings: Settings of the workflow engine, such as Nextflow profiles.
        session_policy: IAM policy, JSON text of up to 2,048 characters, that narrows the role for
            this run.
        tags: Up to 50 tags. A change of tags keeps the run; a change of any other input replaces
            it.
        rerun: Any JSON value. A changed value starts a new run with the same inputs.
        on_delete: What destroy and replacement do with the run. "delete", the default, cancels an
            active run, waits for its end and deletes its record. "cancel" cancels an active run,
            and leaves an ended run. "keep" changes nothing. Files and logs always stay.
        rerun_on: States, of FAILED, CANCELLED and DELETED, in which the next `pulumi up` replaces
            the run by a new one with the same inputs. By default, no run starts again.
        max_attempts: Most runs that rerun_on may start for this declaration, the first included, 1
            to 100; by default 3. The state keeps the count.
        retry: {"attempts": n, "on": [codes]}: a run that FAILED for lack of capacity or by the
            service's fault is followed by another one, n runs in all, up to 10. The next `pulumi
            up` starts it; a Python program's wait for the run does at once. Codes are
            INSTANCE_RESERVATION_FAILED, MODIFIED_INPUT_RESOURCE and SERVICE_ERROR, all of them
            where `on` is left out. With cache_id, finished tasks are not paid for again.
        adopt_run_id: Id of an existing run to take over instead of starting one.
        preflight: How a preview checks the things that the run needs. "warn" looks them up and
            warns of problems, "fail" makes a problem an error, "off" looks up nothing. The default
            is the stack's omics:preflight, or else "warn". The state does not have it, and a change
            of it changes no run.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        arn: The run's ARN.
        uuid: The run's identity. HealthOmics uses the id of a deleted run again, but never a uuid.
        status: State at the last up or refresh, one of RunStatus.
        run_output_uri: Where the service puts this run's results.
        creation_time: When StartRun was accepted, ISO 8601 in UTC.
        start_time: When the run started, ISO 8601 in UTC.
        stop_time: When the run ended, ISO 8601 in UTC.
        status_message: The service's message about the state.
        failure_reason: Code of the failure, such as RUN_TASK_FAILED.
        started_by: ARN of who started the run.
        digest: Digest of the workflow definition.
        engine_version: Version of the workflow engine.
        workflow_uuid: The workflow's uuid.
        log_location: Log streams: engineLogStream and runLogStream.
        batch_id: Id of the batch that the run belongs to.
        attempts: The number of this run among the attempts of rerun_on and retry, None for the
            first.
        earlier_attempts: How the runs that rerun_on or retry replaced ended, by the API's names.
        record_gone: True if the service no longer has the run's record.

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
