"""OmicsWorkflow's provider. Its path and its class's name are in every state: they never change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult
from pulumi.dynamic import UpdateResult as Updated

from omics_provider.base import errors
from omics_provider.shared.rules import lasting
from omics_provider.workflows import files as definition_files
from omics_provider.workflows.rules import definition
from omics_provider.workflows.rules import table as workflow
from omics_provider.workflows.rules.table import RULES, TABLE

from . import _host, _wire
from .plain import Live, PlainProvider, Service, time_limit

if TYPE_CHECKING:
    from omics_provider.workflows.calls import Workflows

#: Seconds that a create or update waits for the service, where customTimeouts says nothing.
_LIMIT: Final = 900.0
_BEGUN: Final = ("CREATING", "UPDATING")


class OmicsWorkflowProvider(PlainProvider):
    """Private workflows of AWS HealthOmics, with a version for each definition."""

    table = TABLE
    rules = RULES

    def service(self) -> Workflows:
        """Return the calls on workflows."""
        from omics_provider.workflows.calls import Workflows

        return Workflows(self._settings)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Find everything that is wrong with the declaration; the service is not asked."""
        result = super().check(_olds, news)
        found = workflow.reused_name(_wire.received(_olds), _wire.received(news))
        more = [CheckFailure("", problem.told(TABLE)) for problem in found]
        return CheckResult(result.inputs, [*result.failures, *more])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell what changes; a workflow that the service could not make is replaced."""
        recorded = _wire.received(_olds)
        if recorded.get("status") == "FAILED" and not recorded.get("versionName"):
            return DiffResult(changes=True, replaces=["status"])
        return super().diff(_id, _olds, _news)

    def arguments(self, inputs: Live, token: str) -> dict[str, Any]:
        """Return CreateWorkflow's arguments, the zip of a local definition among them."""
        return workflow.create_arguments(inputs, _host.urn(), token, _content(inputs)[0])

    @_host.told_plainly
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the workflow and its first version, and wait until both are ACTIVE.

        Where the service can't take the definition, nothing of it is left. Where anything else goes
        wrong after the workflow is there, the state has it, and the next update goes on.
        """
        inputs, service = _wire.received(props), self.service()
        live, settled, is_new = self.obtained(service, inputs)
        recorded = lasting.made(TABLE, inputs, workflow.facts(live, None), settled)
        try:
            version = self._completed(service, live, inputs, {})
            if not is_new:
                self._changed(service, live, version, lasting.live_inputs(TABLE, live), inputs)
        except errors.Refused as refused:
            self._cleared(service, live["id"], recorded, refused)
            raise
        except errors.OmicsError as error:
            _unfinished(live["id"], recorded, error)
        told = workflow.facts({**live, "status": "ACTIVE"}, version)
        return CreateResult(live["id"], lasting.made(TABLE, inputs, told, settled))

    @_host.told_plainly
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Bring the recorded values up to date; a version that is gone is made again."""
        recorded, service = _wire.received(props), self.service()
        if not recorded.get("arn"):
            live = self.required(service, id_)
            return ReadResult(id_, lasting.looked_up(TABLE, workflow.facts(live, None)))
        found = self.found(service, id_, recorded)
        if found is None:
            return ReadResult("", {})
        name = recorded.get("versionName")
        version = service.find_version(id_, name) if name else None
        now = workflow.refreshed(recorded, found, version)
        return ReadResult(id_, now, lasting.drifted(TABLE, recorded, now))

    @_host.told_plainly
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> Updated:
        """Make another version where what it holds has changed; change the rest in place."""
        recorded, inputs, service = _wire.received(_olds), _wire.received(_news), self.service()
        live = self.still_there(service, _id, recorded)
        version = self._completed(service, live, inputs, recorded)
        self._changed(service, live, version, recorded, inputs)
        told = workflow.facts({**live, "status": "ACTIVE"}, version)
        return Updated({**recorded, **inputs, **lasting.outputs(TABLE, told)})

    def end(self, service: Service, id_: str) -> None:
        """Delete the versions that this package has made, then the workflow. Runs go on.

        Raises Conflict where it has versions of somebody else's, or the service refuses.
        """
        workflows = cast("Workflows", service)
        names = workflows.version_names(id_)
        theirs = [name for name in names if not _is_ours(workflows, id_, name)]
        if theirs:
            raise errors.Conflict(
                "DeleteWorkflow",
                f"workflow {id_} has versions that were not made here: {', '.join(theirs)}",
                advice="Delete them by hand if nobody needs them, then run the same command again; "
                "or keep the workflow, with ResourceOptions(retain_on_delete=True).",
            )
        for name in names:
            workflows.delete_version(id_, name)
        super().end(service, id_)

    def may_wait(self, service: Service, id_: str, refusal: errors.Conflict) -> None:
        """Raise where it is not its versions, which may take a moment to be gone."""
        if not cast("Workflows", service).version_names(id_):
            raise refusal

    def _completed(
        self, service: Workflows, live: Live, inputs: Live, recorded: Mapping[str, Any]
    ) -> Live:
        """Return the declared version, ACTIVE; made where it is not there."""
        id_, name = str(live["id"]), str(inputs["versionName"])
        if recorded.get("versionName") == name:
            version = service.find_version(id_, name)
            if version is not None:
                return version
        if live["status"] != "ACTIVE":
            _ready("CreateWorkflow", lambda: service.find(id_))
        version = _made(service, id_, name, inputs)
        if version.get("statusMessage"):
            _host.warn(f"Version {name} is {version['status']}: {version['statusMessage']}")
        return version

    def _changed(
        self,
        service: Workflows,
        live: Live,
        version: Live,
        recorded: Mapping[str, Any],
        inputs: Live,
    ) -> None:
        """Send what differs in place, to the workflow and to its version."""
        id_, name = str(live["id"]), str(inputs["versionName"])
        changes = workflow.changes(recorded, inputs)
        if changes:
            service.update(id_, changes)
        of_version = workflow.version_changes(inputs, version, changes)
        if of_version:
            service.update_version(id_, name, of_version)
        if "tags" in inputs:
            for each in (live, version):
                service.retag(each["arn"], lasting.tag_change(recorded, inputs, each))

    def _cleared(
        self, service: Workflows, id_: str, recorded: Live, refused: errors.Refused
    ) -> None:
        """Delete a workflow whose definition was refused; where that fails, the state has it."""
        try:
            self.end(service, id_)
        except errors.OmicsError as error:
            refused.advice = (
                f"Correct the definition, then run `pulumi up` again. Workflow {id_} could not be "
                f"deleted ({error.detail}) and is in the state; the next update replaces it."
            )
            _unfinished(id_, {**recorded, "status": "FAILED"}, refused)


def _content(inputs: Live) -> tuple[bytes | None, str]:
    """Return the zip of a local definition, if any, and what the declared version stands for.

    Raises OmicsError where the files are not what the program has read.
    """
    if "definition" not in inputs:
        return None, workflow.identity(inputs)
    try:
        files = definition_files.read(Path(str(inputs["definition"])))
    except definition_files.Unreadable as error:
        raise errors.OmicsError("Reading the definition", str(error)) from error
    digest = definition.digest(files)
    stands_for = workflow.identity({**inputs, workflow.DIGEST: digest})
    made_of = inputs.get(workflow.DIGEST, digest)
    by_name = definition.version_name(stands_for)
    if made_of != digest or (workflow.DIGEST not in inputs and inputs["versionName"] != by_name):
        raise errors.OmicsError(
            "Reading the definition",
            f"the files of {inputs['definition']} have changed since the program read them",
            advice="Nothing was made of them. Run the same command again.",
        )
    return definition.zipped(files), stands_for


def _made(service: Workflows, id_: str, name: str, inputs: Live) -> Live:
    """Make the version, or take the one of its name that was made of the same."""
    content, stands_for = _content(inputs)
    arguments = workflow.version_arguments(inputs, id_, content, stands_for)
    try:
        service.create_version(arguments)
    except errors.Conflict:
        found = service.find_version(id_, name)
        if found is None:
            raise
        _require_same(name, found, stands_for)
        if found["status"] == "FAILED":
            # Of an update that died before it could take it away.
            service.delete_version(id_, name)
            service.create_version(arguments)
    try:
        return _ready("CreateWorkflowVersion", lambda: service.find_version(id_, name))
    except errors.Refused:
        service.delete_version(id_, name)
        raise


def _require_same(name: str, found: Live, stands_for: str) -> None:
    mark = (found.get("tags") or {}).get(workflow.IDENTITY_MARK)
    if mark != stands_for and not definition.is_made_name(name):
        raise errors.Conflict(
            "CreateWorkflowVersion",
            f"the workflow has a version {name} already, made from something else",
            advice="Versions can't change: give another version_name, or leave it out.",
        )


def _ready(operation: str, look: Any) -> Live:
    """Wait until the workflow or version is no more CREATING. Raises Refused where it FAILED."""
    from omics_provider.service.polling import Pace, TimeLimitReached, poll

    try:
        live = poll(
            look,
            lambda seen: seen is None or seen["status"] not in _BEGUN,
            limit=time_limit(_LIMIT),
            pace=Pace(first=0.2, longest=5.0),
        )
    except TimeLimitReached as late:
        raise errors.OmicsError(
            operation,
            f"it is still {late.last['status']} after {late.seconds:.0f} s",  # type: ignore[index]
            advice="Run `pulumi up` again to go on waiting, or give it longer with "
            "ResourceOptions(custom_timeouts=CustomTimeouts(create='1h', update='1h')).",
        ) from late
    if live is None:
        raise errors.NotFound(operation, "it is gone, deleted outside of this stack")
    if live["status"] == "FAILED":
        message = live.get("statusMessage") or "the service gives no reason"
        raise errors.Refused(
            operation,
            f"the definition was refused: {message}",
            advice="Correct the definition, then run `pulumi up` again. Nothing of it was kept.",
        )
    return cast(Live, live)


def _unfinished(id_: str, recorded: Live, error: errors.OmicsError) -> None:
    call = _host.current_call()
    _host.record_unfinished(
        id_, workflow.unfinished(recorded), error.about(call.subject if call else "")
    )


def _is_ours(service: Workflows, id_: str, name: str) -> bool:
    if definition.is_made_name(name):
        return True
    version = service.find_version(id_, name)
    return version is None or workflow.IDENTITY_MARK in (version.get("tags") or {})
