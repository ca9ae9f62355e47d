"""OmicsRunBatch: a cohort of up to 100,000 runs, started by one call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Unpack

import pulumi
from pulumi import Output, ResourceOptions

from omics_provider.base import errors
from omics_provider.base.checks import MISNAMED
from omics_provider.base.settings import Settings
from omics_provider.base.values import UNKNOWN
from omics_provider.base.words import some
from omics_provider.batches import looks
from omics_provider.batches.calls import Batches
from omics_provider.batches.folder import folder_of
from omics_provider.batches.rules import batch_table, lifecycle
from omics_provider.batches.rules.batch_table import TABLE
from omics_provider.batches.samples import Sheet, read, without_collector, written
from omics_provider.providers._wire import received, unknown
from omics_provider.providers.run_batch import OmicsRunBatchProvider
from omics_provider.waits.attempts import PASSING

from . import _preflight
from ._arguments import RunBatchArguments, RunBatchAttributes
from ._declare import Declared, inputs_of, stack, takes
from ._interrupt import failure_of_program, interruptible, watch_program
from ._samples import content
from .provider import place_of
from .wait import OnFailure, checked, ending_replaced

#: Samples that are asked for one by one; for more, the pages of all runs are read.
_ONE_BY_ONE: Final = 20
#: Arguments of the program with which the sheet becomes rows.
_OF_THE_SHEET: Final = {argument.name for argument in TABLE.arguments}
#: The API's names of what overrides give.
_OWN: Final = {field.name: field.wire for field in batch_table.OWN}


@takes(TABLE)
class OmicsRunBatch(RunBatchAttributes, Declared, module="omics", name="RunBatch"):
    """The samples of a cohort, run by StartRunBatch: hundreds to 100,000 of them.

    A create makes one StartRunBatch call, which returns before the first run has started. The rows
    never reach the engine or the state. They go through a file on this machine. From 101 samples
    on they also go through a file in S3, whose name is a digest of its content. The program checks
    all rows, and reports all problems together.

    Raises:
        pulumi.RunError: the sheet can't be read; the error names all its problems.

    Args:
        resource_name: Pulumi's name of the resource, unique in the stack.
        samples: Path of a CSV, TSV or JSON sheet, the bytes of one, or Python values, as RunCohort
            takes them. A sample's id becomes its runSettingId. At most 100,000.
        template: Arguments that all runs share, by name, as in RunCohort: the arguments below,
            `parameters`, and `tags`, which means run_tags. The sheet's parameters override these. A
            sample's parameters have at most 50,000 bytes of JSON.
        parameters: What the workflow's parameters take from the sheet, as in RunCohort. By default,
            every column is the parameter of the same name.
        overrides: By sample id, or as a function of a sheet's row: parameters, run_tags (merged),
            name, output_uri, priority, engine_settings, output_bucket_owner_id. None removes a
            value of the sheet, but no value that all samples share.
        id_column: The column with the sample ids, as in RunCohort.
        format: "csv", "tsv" or "json", if the file's name does not say it.
        preflight: What a preview does about what the batch needs, as OmicsRun takes it: "fail",
            "warn" or "off". Samples with parameters of the same names are judged by one of them; of
            their input files some are looked for.
        role_arn: Role that HealthOmics assumes; it must be able to read settings_uri, too.
        output_uri: S3 URI below which the service puts results, unless each sample has its own.
        workflow_id: Id of a private workflow. Ready2Run workflows can't run in batches.
        workflow_type: PRIVATE, the service's default.
        workflow_owner_id: Account id, 12 digits, of the owner of a shared workflow.
        workflow_version_name: Version of the workflow; by default the workflow's default version.
        name: Name of each run, by default the sample's id.
        run_group_id: Id of the run group, which limits what its runs use together.
        priority: Order among waiting runs of the group, 0 to 100,000.
        storage_type: STATIC or DYNAMIC.
        storage_capacity: STATIC storage in GiB, up to 100,000; the service rounds it up.
        scratch_storage_mode: LOCAL or SHARED: where a task's /tmp is.
        cache_id: Id of the run cache, whose task outputs the run may use again.
        cache_behavior: CACHE_ON_FAILURE or CACHE_ALWAYS, instead of the cache's default.
        log_level: OFF, FATAL, ERROR or ALL. With OFF there is no manifest.
        retention_mode: RETAIN (the service's default) keeps the run's record until it is deleted.
            With REMOVE, the service removes the oldest records when the account's quota is full.
        networking_mode: RESTRICTED or VPC; VPC needs configuration_name.
        configuration_name: Name of a HealthOmics configuration, as VPC networking needs.
        engine_settings: Settings of the workflow engine, such as Nextflow profiles.
        session_policy: IAM policy, JSON text of up to 2,048 characters, that narrows the role for
            this run.
        output_bucket_owner_id: Account id, 12 digits, that must own the bucket of output_uri.
        run_tags: Up to 50 tags of each run.
        rerun: Any JSON value, by sample id, or one for all samples. A changed value runs the sample
            again with the same settings.
        batch_name: Name of the batches, up to 64 characters; by default the resource's name and
            some digits.
        settings_uri: s3://bucket/prefix for the files of settings and indexes. You need it from 101
            samples on. The provider never overwrites or deletes a file there.
        tags: Up to 50 tags of the batches themselves. They change in place.
        on_change: What a changed sheet or setting starts. "new", the default, starts a further
            batch with the samples that are new or whose settings changed. No other sample runs
            again. "all" replaces the existing batches, and runs every sample again.
        on_delete: What destroy and replacement do. "delete", the default, cancels active runs, then
            deletes the records of runs and batches. "cancel" cancels active runs. "keep" changes
            nothing. Files in S3 and logs always stay.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        arn: The first batch's ARN.
        uuid: The first batch's identity. HealthOmics uses the id of a deleted batch again, but
            never a uuid.
        status: State of the least finished batch at the last up or refresh, a BatchStatus.
        batches: All batches, oldest first: id, arn, uuid, status, count, settings, submissions,
            runs.
        submissions: Number of runs by the outcome of their start, over all batches: started,
            failed, pending, cancelled, cancelFailed, deleted, deleteFailed. A count of 0 is left
            out.
        runs: Number of runs by state, over all batches: pending, starting, running, stopping,
            completed, failed, cancelled, deleted. A count of 0 is left out.
        submission_failures: The most frequent reasons why runs could not start, each with an
            example.
        index: The file that says which settings each sample started with.
        record_gone: True if the service no longer has the record of one of the batches.
        parameters: The workflow's parameters, JSON of at most 50,000 bytes.
        samples: Number of declared samples (count) and digest of their settings (sha256).

    Each argument is an attribute, too: its value as declared.
    """

    _host = OmicsRunBatchProvider()
    _kept = ("onDelete", "onChange")

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        **arguments: Unpack[RunBatchArguments],
    ) -> None:
        shared = _shared(arguments.get("template"))
        mode = arguments.get("preflight") or (arguments.get("template") or {}).get("preflight")
        others = {name: each for name, each in arguments.items() if name not in _OF_THE_SHEET}
        given = _given(shared, inputs_of(TABLE, others))
        with without_collector():
            declared = read(_sheet(arguments), arguments.get("overrides"), _OWN)
            rows = written(
                folder_of(stack(), resource_name), declared, _known(given), arguments.get("rerun")
            )
        self._declare(resource_name, {**given, **rows}, opts)
        if batch_table.PROBLEMS not in rows:
            _preflight.batch_declared(self, given, declared.samples, mode, opts)

    def run_ids(self, samples: Iterable[str] | None = None) -> Output[dict[str, str]]:
        """Return the run ids by sample id, of `samples` or of all; asked of the service now.

        One ListRunsInBatch for 100 runs, or for each of up to 20 named samples and batch. A sample
        whose run has not been started yet, or could not be, is left out. Where a sample has run
        more than once, it is the last one.
        """
        place, wanted = place_of(self), None if samples is None else list(samples)

        async def ask(batches: Sequence[Mapping[str, Any]]) -> dict[str, str]:
            try:
                return await asyncio.to_thread(_asked, place, batches, wanted)
            except errors.OmicsError as error:
                raise pulumi.RunError(error.about(f"run batch {self._name}")) from None

        return self.batches.apply(ask)

    def wait(
        self, timeout: float | None = None, on_failure: OnFailure = "fail"
    ) -> Output[dict[str, Any]]:
        """Wait until all runs of the batches have ended, and return how they ended.

        Args:
            timeout: seconds to wait, None for no limit. The runs continue after it.
            on_failure: "fail" fails the update if a run has not COMPLETED, or could not be started,
                after all have ended. "warn" prints a warning, and the program continues.

        Returns:
            status, submissions, runs and submission_failures as the attributes of these names, at
            the end. In a preview they are unknown while runs are active. The wait makes one
            GetBatch call for each active batch, every two seconds at first, and every minute at
            last. The next refresh records the same values.
        """
        place = place_of(self)
        checked(on_failure)
        watch_program()

        async def ended(batches: Sequence[Mapping[str, Any]]) -> Any:
            try:
                return await _ended(self._name, place, batches, timeout, on_failure)
            except errors.OmicsError as error:
                raise pulumi.RunError(error.about(f"run batch {self._name}")) from None

        return self.batches.apply(ended)


async def _ended(
    name: str,
    place: Settings,
    batches: Sequence[Mapping[str, Any]],
    timeout: float | None,
    on_failure: OnFailure,
) -> Any:
    kept = received({"batches": batches})["batches"]
    if pulumi.runtime.is_dry_run() or failure_of_program():
        kept = await asyncio.to_thread(_seen, place, kept)
        if not all(map(lifecycle.is_over, kept)):
            if failure := failure_of_program():
                raise failure
            return unknown()
    else:
        # The first batch's uuid is the resource's own.
        with await ending_replaced(stack(), {str(kept[0]["uuid"]): place}):
            kept = await _over(name, place, kept, timeout)
    service = Batches(place)
    failed = await asyncio.to_thread(looks.failures, service, {}, kept)
    now = lifecycle.properties({}, kept, {}, failed)
    if told := lifecycle.shortfall(now):
        if on_failure == "fail" and not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(f"Run batch {name}: {told}")
        pulumi.log.warn(f"Run batch {name}: {told}")
    told_of = {"submission_failures": now["submissionFailures"]}
    return {**{key: now[key] for key in ("status", "submissions", "runs")}, **told_of}


async def _over(
    name: str, place: Settings, kept: list[dict[str, Any]], timeout: float | None
) -> list[dict[str, Any]]:
    """Wait until all batches are over. Raises RunError at the limit, and at Ctrl-C."""
    watching = asyncio.ensure_future(_watched(name, place, kept))
    with interruptible([watching]):
        await asyncio.wait([watching], timeout=timeout)
    if not watching.done():
        watching.cancel()
        left = some([f"batch {each['id']}" for each in kept])
        raise pulumi.RunError(
            f"Run batch {name}: after {timeout:.0f} s these runs have not ended: the runs of "
            f"{left}.\n"
            "They continue. Run `pulumi up` again to continue the wait."
        )
    if watching.cancelled():
        raise failure_of_program() or pulumi.RunError(
            f"Run batch {name}: interrupted. The runs continue, and the state records them. Run "
            f"`pulumi up` again to continue the wait."
        )
    return watching.result()


async def _watched(name: str, place: Settings, kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pause, longest = (0.2, 1.0) if place.is_local else (2.0, 60.0)
    is_told = False
    while True:
        try:
            kept = await asyncio.to_thread(_seen, place, kept)
        except PASSING as error:
            if not is_told:
                pulumi.log.warn(f"{error.about(f'run batch {name}')}\nThe wait continues.")
            is_told = True
        if all(map(lifecycle.is_over, kept)):
            return kept
        await asyncio.sleep(pause)
        pause = min(longest, 1.2 * pause)


def _seen(place: Settings, kept: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return looks.seen(Batches(place), kept)


def _shared(template: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the template gives, by the API's names."""
    if template is None:
        return {}
    if not isinstance(template, Mapping):
        kind = type(template).__name__
        raise pulumi.RunError(f"template is a {kind}: give the arguments of runs by name.")
    by_name = {**template, "run_tags": template["tags"]} if "tags" in template else {**template}
    by_name.pop("tags", None)
    return inputs_of(TABLE, by_name)


def _sheet(arguments: RunBatchArguments) -> Sheet:
    source, name = content(arguments["samples"])
    return Sheet(
        source,
        name,
        arguments.get("parameters"),
        arguments.get("id_column"),
        arguments.get("format"),
    )


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {wire: UNKNOWN if isinstance(value, Output) else value for wire, value in given.items()}


def _given(shared: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    misnamed = [*shared.pop(MISNAMED, ()), *arguments.pop(MISNAMED, ())]
    given = {wire: value for wire, value in arguments.items() if value is not None}
    twice = sorted(TABLE.by_wire[wire].name for wire in shared.keys() & given.keys())
    if twice:
        raise pulumi.RunError(f"{', '.join(twice)}: given in the template, and beside it.")
    given |= {name: value for name, value in shared.items() if value is not None}
    return {**given, MISNAMED: misnamed} if misnamed else given


def _asked(
    place: Settings, batches: Sequence[Mapping[str, Any]], samples: Sequence[str] | None
) -> dict[str, str]:
    found: dict[str, str] = {}
    service = Batches(place)
    # Oldest first: where a sample has run again, the later run takes its place.
    for each in batches:
        # What is gone may have given its id to another.
        if each.get("recordGone"):
            continue
        for entry in _entries(service, str(each["id"]), samples):
            if entry.get("runId") and (samples is None or entry["runSettingId"] in samples):
                found[entry["runSettingId"]] = entry["runId"]
    return found


def _entries(
    service: Batches, batch_id: str, samples: Sequence[str] | None
) -> Iterator[dict[str, Any]]:
    try:
        if samples is None or len(samples) > _ONE_BY_ONE:
            yield from service.entries(batch_id)
        else:
            for sample in samples:
                yield from service.entries(batch_id, runSettingId=sample)
    except errors.NotFound:
        # The batch's record is gone, and with it what its runs were for.
        return
