"""Workflows and their versions: the READY2RUN catalogue, and private ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
)
from omics_provider.emulator.shares import access
from omics_provider.emulator.world import events
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resources, check_tags

from .files import README, definition, readme
from .record import Workflow, catalogue, versions
from .sources import Sources

# What the service only hands back.
_ECHOED: Final = ("readmePath", "workflowBucketOwnerId")
_MOST_VERSIONS: Final = 1000
_UPDATED: Final = {
    "name": "name",
    "description": "description",
    "storageType": "storage_type",
    "storageCapacity": "storage_capacity",
}


class Workflows:
    """The operations on workflows and their versions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._workflows = Resources(context, "workflow", "Workflow")
        self._versions = Resources(context, "workflowVersion", "Version")

    def create_workflow(self) -> dict[str, Any]:
        """CreateWorkflow."""
        workflow = self._made(self._context.new_id("workflow"), None)
        self._insert(workflow)
        ready = self._context.now + self._context.settings.creationSeconds
        made = "CREATION_SUCCESS" if workflow.status == "ACTIVE" else "CREATION_FAILURE"
        self._tell(workflow, ready, made)
        return {"id": workflow.id, **self._created(workflow)}

    def create_workflow_version(self) -> dict[str, Any]:
        """CreateWorkflowVersion, of an ACTIVE workflow: it inherits nothing of it."""
        params = self._context.params
        owner = self.find(params["workflowId"], "PRIVATE")
        if owner.status_at(self._context) != "ACTIVE":
            raise ConflictException(f"Workflow {owner.id} is not ACTIVE.")
        made = self._made(owner.id, params["versionName"])
        if self._versions.get(made.key) is not None:
            raise ConflictException(f"Workflow {owner.id} has a version {made.version} already.")
        many = len(self._versions_of(owner))
        if self._context.settings.quotas and many >= _MOST_VERSIONS:
            raise ServiceQuotaExceededException(f"A workflow has at most {_MOST_VERSIONS} versions")
        self._insert(made)
        return {"workflowId": made.id, "versionName": made.version, **self._created(made)}

    def get_workflow(self) -> dict[str, Any]:
        """GetWorkflow. Without a type it finds private workflows."""
        params = self._context.params
        access.check_export(self._context, self._context.params)
        owned = self._of_owner(params["id"])
        workflow = owned.find(params["id"], params.get("type", "PRIVATE"))
        return {**owned._described(workflow), "id": workflow.id, "name": workflow.name}

    def get_workflow_version(self) -> dict[str, Any]:
        """GetWorkflowVersion."""
        access.check_export(self._context, self._context.params)
        owned = self._of_owner(self._context.params["workflowId"])
        found = owned._version()
        return {
            **owned._described(found),
            "workflowId": found.id,
            "versionName": found.version,
            "workflowBucketOwnerId": found.echoed.get("workflowBucketOwnerId"),
        }

    def list_workflows(self) -> dict[str, Any]:
        """ListWorkflows: private ones, or with type READY2RUN the catalogue."""
        params = self._context.params
        name = params.get("name")
        wanted = [
            each
            for each in self._all(params.get("type", "PRIVATE"))
            if name is None or each.name == name
        ]
        return self._page(wanted, lambda each: {"id": each.id, "name": each.name})

    def list_workflow_versions(self) -> dict[str, Any]:
        """ListWorkflowVersions."""
        params = self._context.params
        owned = self._of_owner(params["workflowId"])
        workflow = owned.find(params["workflowId"], params.get("type", "PRIVATE"))
        return owned._page(
            owned._versions_of(workflow),
            lambda each: {
                "workflowId": each.id,
                "versionName": each.version,
                "description": each.description,
            },
        )

    def update_workflow(self) -> None:
        """UpdateWorkflow: name, description and storage; what is not given stays."""
        self._update(self.find(self._context.params["id"], "PRIVATE"))

    def update_workflow_version(self) -> None:
        """UpdateWorkflowVersion: description and storage; what is not given stays."""
        self._update(self._version())

    def delete_workflow(self) -> None:
        """DeleteWorkflow: refused while it has versions. Runs keep what they know of it."""
        workflow = self.find(self._context.params["id"], "PRIVATE")
        if workflow.status_at(self._context) == "CREATING":
            raise ConflictException(f"Workflow {workflow.id} is CREATING.")
        if self._versions_of(workflow):
            raise ConflictException(f"Workflow {workflow.id} has versions.")
        access.check_unshared(self._context, workflow.id)
        self._delete(workflow)
        self._tell(workflow, self._context.now, "DELETION_SUCCESS")

    def delete_workflow_version(self) -> None:
        """DeleteWorkflowVersion."""
        self._delete(self._version())

    def find(self, workflow_id: str, kind: str, version: str | None = None) -> Workflow:
        """Find a workflow by id and type. The wrong type is as unknown as the wrong id."""
        is_ours = kind != "READY2RUN"
        found = _stored(self._workflows, workflow_id) if is_ours else catalogue().get(workflow_id)
        if found is None:
            raise ResourceNotFoundException(f"Workflow {workflow_id} not found")
        if version is None:
            return found
        key = replace(found, version=version).key
        versioned = _stored(self._versions, key) if is_ours else versions(found).get(version)
        if versioned is None:
            raise ResourceNotFoundException(
                f"Version {version} of workflow {workflow_id} not found"
            )
        return replace(versioned, name=found.name)

    def _of_owner(self, workflow_id: str) -> Workflows:
        """Give the workflows among which a call wants one that may be shared with the caller."""
        context = self._context
        return Workflows(access.of_owner(context, context.params, workflow_id))

    def startable(self, request: Mapping[str, Any]) -> Workflow:
        """Find the workflow of a run: ACTIVE, and the caller's own or shared with it."""
        workflow_id = request["workflowId"]
        owned = Workflows(access.of_owner(self._context, request, workflow_id))
        found = owned.find(
            workflow_id,
            request.get("workflowType", "PRIVATE"),
            request.get("workflowVersionName"),
        )
        status = found.status_at(self._context)
        if status != "ACTIVE":
            raise ResourceNotFoundException(f"Workflow {workflow_id} is {status}, not ACTIVE")
        return found

    def _version(self) -> Workflow:
        params = self._context.params
        return self.find(params["workflowId"], params.get("type", "PRIVATE"), params["versionName"])

    def _created(self, workflow: Workflow) -> dict[str, Any]:
        return {
            "arn": workflow.arn(self._context),
            "status": "CREATING",
            "tags": workflow.tags,
            "uuid": workflow.uuid,
        }

    def _made(self, workflow_id: str, version: str | None) -> Workflow:
        """Make a workflow or a version from the request."""
        params = self._context.params
        check_tags(params.get("tags", {}))
        source = Sources(self._context).read()
        read, repository = source.definition, params.get("definitionRepository")
        echoed: dict[str, Any] = {name: params[name] for name in _ECHOED if name in params}
        if source.registry_map is not None:
            echoed["containerRegistryMap"] = source.registry_map
        return Workflow(
            id=workflow_id,
            version=version,
            type="PRIVATE",
            uuid=self._context.new_uuid(),
            digest=source.digest,
            created=self._context.now,
            status="ACTIVE" if source.problem is None else "FAILED",
            status_message=source.problem,
            name=params.get("name"),
            description=params.get("description"),
            engine=read.engine or "WDL",
            main=read.main,
            definition=params.get("definitionUri"),
            template=params.get("parameterTemplate") or read.template,
            storage_type=params.get("storageType"),
            storage_capacity=params.get("storageCapacity"),
            accelerators=params.get("accelerators"),
            tasks=read.tasks,
            needs=read.needs,
            outputs=read.outputs,
            scatters=read.scatters,
            arrays=read.arrays,
            inputs=read.inputs,
            images=read.images,
            echoed=echoed,
            repository=repository and {**repository, "providerType": "GitHub"},
            files=source.files,
            tags=params.get("tags", {}),
        )

    def _update(self, workflow: Workflow) -> None:
        params = self._context.params
        changes = {
            attribute: params[member] for member, attribute in _UPDATED.items() if member in params
        }
        sources = Sources(self._context)
        files = {**workflow.files, **sources.kept({README: sources.readme()})}
        changed, kept = replace(workflow, **changes, files=files), self._kept(workflow)
        kept.change(kept.find(workflow.key), changed.name, changed.doc)

    def _delete(self, workflow: Workflow) -> None:
        kept = self._kept(workflow)
        kept.remove(kept.find(workflow.key))

    def _tell(self, workflow: Workflow, time: float, status: str) -> None:
        """Have an event sent. Of versions the service sends none."""
        detail = events.workflow_detail(workflow.arn(self._context), status)
        events.post(self._context, events.WORKFLOW, time, detail)

    def _kept(self, workflow: Workflow) -> Resources:
        return self._workflows if workflow.version is None else self._versions

    def _insert(self, workflow: Workflow) -> None:
        self._kept(workflow).add(
            workflow.key, workflow.name, workflow.doc, workflow.tags, workflow.uuid
        )

    def _all(self, kind: str) -> Iterable[Workflow]:
        if kind == "READY2RUN":
            return catalogue().values()
        return map(Workflow.stored, self._workflows.all())

    def _versions_of(self, workflow: Workflow) -> list[Workflow]:
        if workflow.type == "READY2RUN":
            return list(versions(workflow).values())
        made = map(Workflow.stored, self._versions.all())
        return [each for each in made if each.id == workflow.id]

    def _page(
        self, wanted: list[Workflow], own: Callable[[Workflow], dict[str, Any]]
    ) -> dict[str, Any]:
        shown, token = pages.of_numbered(enumerate(wanted, 1), self._context.params)
        items = [{**self._item(each), **own(each)} for each in shown]
        return {"items": items, "nextToken": token}

    def _item(self, workflow: Workflow) -> dict[str, Any]:
        return {
            "arn": workflow.arn(self._context),
            "status": workflow.status_at(self._context),
            "type": workflow.type,
            "digest": workflow.digest,
            "creationTime": workflow.created,
            "metadata": {},
        }

    def _described(self, workflow: Workflow) -> dict[str, Any]:
        status = workflow.status_at(self._context)
        return {
            **self._item(workflow),
            "definition": definition(self._context, workflow.files, workflow.definition),
            "readme": readme(self._context, workflow.files),
            "statusMessage": workflow.status_message if status == "FAILED" else None,
            "description": workflow.description,
            "engine": workflow.engine,
            "main": workflow.main,
            "parameterTemplate": workflow.template or None,
            "storageCapacity": workflow.storage_capacity,
            "storageType": workflow.storage_type,
            "tags": workflow.tags,
            "accelerators": workflow.accelerators,
            "uuid": workflow.uuid,
            "containerRegistryMap": workflow.echoed.get("containerRegistryMap"),
            "readmePath": workflow.echoed.get("readmePath"),
            "definitionRepositoryDetails": _repository(workflow.repository),
        }


def _stored(kept: Resources, key: str) -> Workflow | None:
    found = kept.get(key)
    return None if found is None else Workflow.stored(found)


def _repository(repository: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if repository is None:
        return None
    return {key: value for key, value in repository.items() if key != "excludeFilePatterns"}
