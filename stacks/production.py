"""A cohort in an AWS account, with all that it needs around it.

A bucket for the results, a role for the runs, how long the log is kept, a workflow, what its runs
share, a run for each sample of the sheet, and a notice of each run that has ended.
"""

from pathlib import Path

import pulumi

from omics_provider import (
    EachRow,
    OmicsRunCache,
    OmicsRunGroup,
    OmicsWorkflow,
    RunCohort,
    RunTemplate,
)
from stacks import _bucket, _cohort, _log, _notice, _policies, _role, _samples
from stacks._names import Naming, NamingError
from stacks._settings import Settings

RESULTS = "results/"
CACHE = "cache/"


def main() -> None:
    """Make what the runs need, start one for each sample, and wait for all of them."""
    settings = Settings.configured(pulumi.Config())
    naming = _naming(settings)
    samples = _samples.read_sheet(settings.sheet)
    files = [uri for sample in samples for uri in sample.files()]

    bucket, guards = _bucket.private(
        naming,
        _bucket.Lifecycle(RESULTS, CACHE, settings.keeping),
        is_destroyed=settings.keeping.is_bucket_destroyed,
    )
    results = bucket.bucket.apply(lambda name: _policies.Location(name, RESULTS).uri)
    cache = bucket.bucket.apply(lambda name: _policies.Location(name, CACHE).uri)
    role, permissions = _role.of_runs(
        naming,
        bucket.bucket,
        reads=_policies.folders([*files, *settings.shared_inputs]),
        writes=[RESULTS, CACHE],
        repositories=settings.repositories,
    )
    ready = [permissions, *guards, *_log.kept(naming, settings.keeping.log)]

    workflow_id, workflow = _workflow(settings, naming, cache, ready)
    topic = _notice.of_ended_runs(naming, workflow_id, settings.notify)
    cohort = RunCohort(
        settings.cohort,
        samples=settings.sheet,
        id_column="sample_name",
        template={
            "workflow_id": workflow_id,
            **workflow,
            **_group(settings, naming),
            "role_arn": role.arn,
            "output_uri": results,
            "parameters": settings.runs.parameters,
            "retention_mode": settings.runs.retention,
            "on_delete": settings.runs.on_delete,
            "tags": naming.tags,
        },
        parameters={
            "sample_name": str,
            "fastq_pairs": EachRow(dict.fromkeys(_samples.PAIR, str)),
        },
        overrides=lambda row: {"tags": naming.of_sample(row.id)},
        opts=pulumi.ResourceOptions(depends_on=ready),
    )
    pulumi.export("bucket", bucket.bucket)
    pulumi.export("roleArn", role.arn)
    pulumi.export("topicArn", topic.arn)
    _cohort.export_ended(cohort.runs, cohort.wait(timeout=settings.runs.wait_seconds))


def _naming(settings: Settings) -> Naming:
    try:
        return Naming(
            pulumi.get_project(), pulumi.get_stack(), settings.cohort, settings.cost_centre
        )
    except NamingError as error:
        raise pulumi.RunError(str(error)) from None


def _group(settings: Settings, naming: Naming) -> RunTemplate:
    """Make the run group, and return the argument of a run that names it."""
    group = OmicsRunGroup(
        "runs",
        name=naming.of("runs"),
        max_runs=settings.limits.runs,
        max_cpus=settings.limits.cpus,
        max_duration=settings.limits.minutes,
        tags=naming.tags,
    )
    return {"run_group_id": group.id}


def _workflow(
    settings: Settings,
    naming: Naming,
    cache_uri: pulumi.Output[str],
    ready: list[pulumi.Resource],
) -> tuple[pulumi.Input[str], RunTemplate]:
    """Return the workflow's id, and the further arguments of a run that name it.

    A definition of stacks/workflows/ is made a workflow, with a cache for the outputs of its
    tasks: only private workflows have one (API reference, CreateRunCache).
    """
    if not isinstance(settings.workflow, Path):
        return settings.workflow.id, {"workflow_type": settings.workflow.type}
    name = settings.workflow.name
    workflow = OmicsWorkflow(
        name, name=naming.of(name), definition=settings.workflow, tags=naming.tags
    )
    cache = OmicsRunCache(
        name,
        name=naming.of(name),
        cache_s3_location=cache_uri,
        cache_behavior=settings.cache_behaviour,
        tags=naming.tags,
        opts=pulumi.ResourceOptions(depends_on=ready),
    )
    return workflow.id, {
        "workflow_version_name": workflow.version_name,
        "cache_id": cache.id,
    }
