"""What the engine asks of a private workflow, carried out: a version for each definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from omics_provider.base import errors
from omics_provider.engine.call import Call, Checked, Found, Recorded, Unfinished
from omics_provider.engine.handler import Properties
from omics_provider.service.polling import Pace, TimeLimitReached, poll
from omics_provider.shared.handler import LastingHandler, Live
from omics_provider.shared.rules import lasting

from . import files
from .calls import Workflows
from .rules import definition, workflow_table
from .rules.workflow_table import RULES, TABLE

#: Seconds that a create or update waits for the service, where customTimeouts says nothing.
_LIMIT: Final = 900.0
#: Inputs that a door makes of a definition.
_OF_A_VERSION: Final = ("versionName", workflow_table.DIGEST, workflow_table.AS_WRITTEN)
_BEGUN: Final = ("CREATING", "UPDATING")


class WorkflowHandler(LastingHandler[Workflows]):
    """Private workflows of AWS HealthOmics, with a version for each definition."""

    table = TABLE
    rules = RULES

    def service(self, call: Call) -> Workflows:
        """Return the calls on workflows."""
        return Workflows(call.settings)

    def check(self, call: Call, old: Properties, inputs: Properties) -> Checked:
        """Find everything that is wrong with the declaration; the service is not asked."""
        inputs = workflow_table.with_recorded_spelling(old, inputs)
        checked = super().check(call, old, inputs)
        reused = workflow_table.reused_name(self.table, old, inputs)
        if old and workflow_table.is_without_source(old, inputs):
            return _without_version(checked)
        return checked._replace(failures=(*checked.failures, *reused))

    def diff(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Found:
        """Tell what changes; a workflow that the service could not make is replaced."""
        if recorded.get("status") == "FAILED" and not recorded.get("versionName"):
            return Found(True, ("status",))
        return super().diff(call, id_, recorded, inputs)

    def arguments(self, call: Call, inputs: Properties, token: str) -> dict[str, Any]:
        """Return CreateWorkflow's arguments, the zip of a local definition among them."""
        return workflow_table.create_arguments(inputs, call.urn, token, _content(inputs)[0])

    def create(self, call: Call, inputs: Properties) -> Recorded:
        """Make the workflow and its first version, and wait until both are ACTIVE.

        Where the service can't take the definition, nothing of it is left. Where anything else goes
        wrong after the workflow is there, the state has it, and the next update goes on.
        """
        service = self.service(call)
        live, tokens, is_new = self.obtained(call, service, inputs)
        recorded = lasting.made(TABLE, inputs, workflow_table.facts(live, None), tokens)
        try:
            version = _completed(call, service, live, inputs, {})
            if not is_new:
                _changed(service, live, version, lasting.live_inputs(TABLE, live), inputs)
        except errors.Refused as refused:
            self._cleared(call, service, live["id"], recorded, refused)
            raise
        except errors.OmicsError as error:
            _unfinished(call, live["id"], recorded, error)
        told = workflow_table.facts({**live, "status": "ACTIVE"}, version)
        return Recorded(live["id"], lasting.made(TABLE, inputs, told, tokens))

    def read(self, call: Call, id_: str, recorded: Properties) -> Recorded:
        """Bring the recorded values up to date; a version that is gone is made again."""
        service = self.service(call)
        if not recorded.get("arn"):
            live = workflow_table.facts(self.required(service, id_), None)
            return Recorded(id_, lasting.looked_up(TABLE, recorded, live, call.urn))
        found = self.found(service, id_, recorded)
        if found is None:
            return Recorded("", {})
        name = recorded.get("versionName")
        version = service.find_version(id_, name) if name else None
        now = workflow_table.refreshed(recorded, found, version)
        return Recorded(id_, now, lasting.drifted(TABLE, recorded, now))

    def update(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Properties:
        """Make another version where what it holds has changed; change the rest in place."""
        service = self.service(call)
        live = self.still_there(service, id_, recorded)
        if workflow_table.is_without_source(recorded, inputs):
            _changed(service, live, None, recorded, inputs)
            return {**recorded, **inputs}
        version = _completed(call, service, live, inputs, recorded)
        _changed(service, live, version, recorded, inputs)
        told = workflow_table.facts({**live, "status": "ACTIVE"}, version)
        return {**recorded, **inputs, **lasting.outputs(TABLE, told)}

    def end(self, call: Call, service: Workflows, id_: str) -> None:
        """Delete the versions that this package has made, then the workflow. Runs go on.

        Raises Conflict where it has versions of somebody else's, or the service refuses.
        """
        names = service.version_names(id_)
        theirs = [name for name in names if not _is_ours(service, id_, name)]
        if theirs:
            raise errors.Conflict(
                "DeleteWorkflow",
                f"workflow {id_} has versions that this stack did not create: {', '.join(theirs)}",
                advice="Delete them by hand if nobody needs them, then run the same command "
                "again. Or keep the workflow with Pulumi's resource option retainOnDelete.",
            )
        for name in names:
            service.delete_version(id_, name)
        super().end(call, service, id_)

    def may_wait(self, service: Workflows, id_: str, refusal: errors.Conflict) -> None:
        """Raise where it is not its versions, which may take a moment to be gone."""
        if not service.version_names(id_):
            raise refusal

    def _cleared(
        self, call: Call, service: Workflows, id_: str, recorded: Live, refused: errors.Refused
    ) -> None:
        """Delete a workflow whose definition was refused; where that fails, the state has it."""
        try:
            self.end(call, service, id_)
        except errors.OmicsError as error:
            refused.advice = (
                f"Correct the definition, then run `pulumi up` again. Workflow {id_} could not be "
                f"deleted ({error.detail}). The state has it, and the next update replaces it."
            )
            _unfinished(call, id_, {**recorded, "status": "FAILED"}, refused)


def _without_version(checked: Checked) -> Checked:
    """Return what was checked of an imported workflow: its versions are left as they are.

    Nothing tells what they were made from, so a program need not say it.
    """
    inputs = {wire: value for wire, value in checked.inputs.items() if wire not in _OF_A_VERSION}
    failures = tuple(each for each in checked.failures if each.property != "definition")
    return Checked(inputs, failures)


def _completed(
    call: Call, service: Workflows, live: Live, inputs: Properties, recorded: Mapping[str, Any]
) -> Live:
    """Return the declared version, ACTIVE; made where it is not there."""
    id_, name = str(live["id"]), str(inputs["versionName"])
    if recorded.get("versionName") == name:
        version = service.find_version(id_, name)
        if version is not None:
            return version
    if live["status"] != "ACTIVE":
        _ready(call, "CreateWorkflow", lambda: service.find(id_))
    version = _made(call, service, id_, name, inputs)
    if version.get("statusMessage"):
        call.warn(f"Version {name} is {version['status']}: {version['statusMessage']}")
    return version


def _changed(
    service: Workflows,
    live: Live,
    version: Live | None,
    recorded: Mapping[str, Any],
    inputs: Properties,
) -> None:
    """Send what differs in place, to the workflow and to its version, if it is known."""
    id_ = str(live["id"])
    changes = workflow_table.changes(recorded, inputs)
    if changes:
        service.update(id_, changes)
    of_version = version and workflow_table.version_changes(inputs, version, changes)
    if of_version:
        service.update_version(id_, str(inputs["versionName"]), of_version)
    if "tags" in inputs:
        for each in filter(None, (live, version)):
            service.retag(each["arn"], lasting.tag_change(recorded, inputs, each))


def _content(inputs: Properties) -> tuple[bytes | None, str]:
    """Return the zip of a local definition, if any, and what the declared version stands for.

    Raises OmicsError where the files are not what the program has read.
    """
    if "definition" not in inputs:
        return None, workflow_table.identity(inputs)
    try:
        found = files.read(Path(str(inputs["definition"])))
    except files.Unreadable as error:
        raise errors.OmicsError("Reading the definition", str(error)) from error
    # A version that an earlier release has made may count line ends: see `table.AS_WRITTEN`.
    for each in (definition.with_unix_ends(found), found):
        digest = definition.digest(each)
        stands_for = workflow_table.identity({**inputs, workflow_table.DIGEST: digest})
        by_name = definition.version_name(stands_for)
        if inputs.get(workflow_table.DIGEST) == digest or (
            workflow_table.DIGEST not in inputs and inputs["versionName"] == by_name
        ):
            return definition.zipped(each), stands_for
    raise errors.OmicsError(
        "Reading the definition",
        f"the files of {inputs['definition']} have changed since the program read them",
        advice="Nothing was created. Run the same command again.",
    )


def _made(call: Call, service: Workflows, id_: str, name: str, inputs: Properties) -> Live:
    """Make the version, or take the one of its name that was made of the same."""
    content, stands_for = _content(inputs)
    arguments = workflow_table.version_arguments(inputs, id_, content, stands_for)
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
        return _ready(call, "CreateWorkflowVersion", lambda: service.find_version(id_, name))
    except errors.Refused:
        service.delete_version(id_, name)
        raise


def _require_same(name: str, found: Live, stands_for: str) -> None:
    mark = (found.get("tags") or {}).get(workflow_table.IDENTITY_MARK)
    if mark != stands_for and not definition.is_made_name(name):
        raise errors.Conflict(
            "CreateWorkflowVersion",
            f"the workflow already has a version {name}, with other content",
            advice="A version can't change: give another version name, or leave the name out.",
        )


def _ready(call: Call, operation: str, look: Callable[[], Live | None]) -> Live:
    """Wait until the workflow or version is no longer CREATING. Raises Refused where it FAILED."""
    try:
        live = poll(
            look,
            lambda seen: seen is None or seen["status"] not in _BEGUN,
            limit=call.limit(_LIMIT),
            pace=Pace(first=0.2, longest=5.0),
        )
    except TimeLimitReached as late:
        raise errors.OmicsError(
            operation,
            f"it is still {cast(Live, late.last)['status']} after {late.seconds:.0f} s",
            advice="Run `pulumi up` again to continue the wait. For a longer limit, set Pulumi's "
            "resource option customTimeouts: create and update, such as 1h.",
        ) from late
    if live is None:
        raise errors.NotFound(
            operation, "it no longer exists: somebody deleted it outside this stack"
        )
    if live["status"] == "FAILED":
        message = live.get("statusMessage") or "the service gives no reason"
        raise errors.Refused(
            operation,
            f"HealthOmics refused the definition: {message}",
            advice="Correct the definition, then run `pulumi up` again. The failed version was "
            "removed.",
        )
    return live


def _unfinished(call: Call, id_: str, recorded: Live, error: errors.OmicsError) -> NoReturn:
    raise Unfinished(id_, workflow_table.unfinished(recorded), error.about(call.subject)) from error


def _is_ours(service: Workflows, id_: str, name: str) -> bool:
    if definition.is_made_name(name):
        return True
    version = service.find_version(id_, name)
    return version is None or workflow_table.IDENTITY_MARK in (version.get("tags") or {})
