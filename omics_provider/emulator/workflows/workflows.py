"""Workflows and their versions: the READY2RUN catalogue, and private ones."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import check_tags

from . import definitions

_CATALOGUE_TIME: Final = 1_700_000_000.0
_SUMMARY: Final = (
    "id", "name", "uuid", "engine", "digest", "definition", "accelerators", "outputs",
)  # fmt: skip
_SOURCES: Final = ("definitionZip", "definitionUri", "definitionRepository")
# What the service only hands back.
_ECHOED: Final = ("containerRegistryMap", "readmePath", "workflowBucketOwnerId")
_MOST_VERSIONS: Final = 1000
_WORKFLOW: Final = "workflow"
_VERSION: Final = "workflowVersion"


@dataclass(frozen=True)
class Workflow:
    """A workflow, or a version of one, as the emulator knows it.

    `status` is the one that it reaches once it is no more CREATING. Times are in emulated
    seconds since 1970.
    """

    id: str
    type: str
    uuid: str
    digest: str
    created: float
    status: str = "ACTIVE"
    status_message: str | None = None
    name: str | None = None
    description: str | None = None
    engine: str | None = None
    main: str | None = None
    definition: str | None = None
    template: dict[str, dict[str, Any]] = field(default_factory=dict)
    storage_type: str | None = None
    storage_capacity: int | None = None
    accelerators: str | None = None
    version: str | None = None
    tasks: tuple[str, ...] = ()
    needs: dict[str, tuple[float, float]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    echoed: dict[str, Any] = field(default_factory=dict)
    repository: dict[str, Any] | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Give what a run keeps of its workflow."""
        everything = asdict(self)
        return {name: everything[name] for name in _SUMMARY}

    def status_at(self, context: Context) -> str:
        """Give the status at the context's time."""
        ready = self.created + context.settings.creationSeconds
        return "CREATING" if self.type == "PRIVATE" and context.now < ready else self.status

    def key(self) -> str:
        """Give the id under which it is stored: the end of its ARN."""
        return self.id if self.version is None else f"{self.id}/version/{self.version}"

    def parameter_problem(self, parameters: Mapping[str, Any]) -> str | None:
        """Say why these parameters do not fit the template, if they do not.

        The templates of the READY2RUN catalogue may lack optional parameters, so unknown names
        are found with private workflows alone.
        """
        if not self.template:
            return None
        missing = [
            name
            for name, entry in self.template.items()
            if not entry.get("optional", False) and name not in parameters
        ]
        unknown = [name for name in parameters if name not in self.template]
        if missing:
            return f"Missing required parameters: {', '.join(missing)}"
        if unknown and self.type == "PRIVATE":
            return f"Parameters that the parameter template does not have: {', '.join(unknown)}"
        return None


@cache
def catalogue() -> dict[str, Workflow]:
    """Give the READY2RUN workflows by id, from ready2run.json."""
    text = (
        resources.files("omics_provider.emulator.workflows")
        .joinpath("ready2run.json")
        .read_text("utf-8")
    )
    return {entry["id"]: _ready2run(entry) for entry in json.loads(text)["workflows"]}


def _ready2run(entry: Mapping[str, Any]) -> Workflow:
    return Workflow(
        id=entry["id"],
        type="READY2RUN",
        uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"ready2run/{entry['id']}")),
        digest=hashlib.sha256(entry["id"].encode()).hexdigest(),
        created=_CATALOGUE_TIME,
        name=entry["name"],
        description=entry.get("description"),
        engine=entry.get("engine"),
        template=entry.get("parameterTemplate") or {},
        storage_type="STATIC",
        storage_capacity=entry.get("storageCapacity"),
    )


class Workflows:
    """The operations on workflows and their versions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create_workflow(self) -> dict[str, Any]:
        """CreateWorkflow."""
        return self._context.once(self._create_workflow)

    def create_workflow_version(self) -> dict[str, Any]:
        """CreateWorkflowVersion, of an ACTIVE workflow: it inherits nothing of it."""
        return self._context.once(self._create_version)

    def get_workflow(self) -> dict[str, Any]:
        """GetWorkflow. Without a type it finds private workflows."""
        params = self._context.params
        workflow = self.find(params["id"], params.get("type", "PRIVATE"))
        return {**self._described(workflow), "id": workflow.id, "name": workflow.name}

    def get_workflow_version(self) -> dict[str, Any]:
        """GetWorkflowVersion."""
        found = self._version()
        return {
            **self._described(found),
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
        workflow = self.find(params["workflowId"], params.get("type", "PRIVATE"))
        return self._page(
            [each for each in self._rows(_VERSION) if each.id == workflow.id],
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
        if any(version.id == workflow.id for version in self._rows(_VERSION)):
            raise ConflictException(f"Workflow {workflow.id} has versions.")
        self._delete(workflow)

    def delete_workflow_version(self) -> None:
        """DeleteWorkflowVersion."""
        self._delete(self._version())

    def find(self, workflow_id: str, kind: str, version: str | None = None) -> Workflow:
        """Find a workflow by id and type. The wrong type is as unknown as the wrong id."""
        if kind == "READY2RUN":
            found = catalogue().get(workflow_id)
        else:
            found = self._row(_WORKFLOW, workflow_id)
        if found is None:
            raise ResourceNotFoundException(f"Workflow {workflow_id} not found")
        if version is None:
            return found
        versioned = self._row(_VERSION, replace(found, version=version).key())
        if versioned is None:
            raise ResourceNotFoundException(
                f"Version {version} of workflow {workflow_id} not found"
            )
        return replace(versioned, name=found.name)

    def _version(self) -> Workflow:
        params = self._context.params
        return self.find(params["workflowId"], params.get("type", "PRIVATE"), params["versionName"])

    def _create_workflow(self) -> dict[str, Any]:
        workflow = self._made(self._context.new_id("workflow"), None)
        self._insert(workflow, _WORKFLOW)
        return {"id": workflow.id, **self._created(workflow)}

    def _create_version(self) -> dict[str, Any]:
        params = self._context.params
        owner = self.find(params["workflowId"], "PRIVATE")
        if owner.status_at(self._context) != "ACTIVE":
            raise ConflictException(f"Workflow {owner.id} is not ACTIVE.")
        made = self._made(owner.id, params["versionName"])
        if self._row(_VERSION, made.key()) is not None:
            raise ConflictException(f"Workflow {owner.id} has a version {made.version} already.")
        versions = [each for each in self._rows(_VERSION) if each.id == owner.id]
        if self._context.settings.quotas and len(versions) >= _MOST_VERSIONS:
            raise ServiceQuotaExceededException(f"A workflow has at most {_MOST_VERSIONS} versions")
        self._insert(made, _VERSION)
        return {"workflowId": made.id, "versionName": made.version, **self._created(made)}

    def _created(self, workflow: Workflow) -> dict[str, Any]:
        return {
            "arn": self._arn(workflow),
            "status": "CREATING",
            "tags": workflow.tags,
            "uuid": workflow.uuid,
        }

    def _made(self, workflow_id: str, version: str | None) -> Workflow:
        """Make a workflow or a version from the request."""
        params = self._context.params
        check_tags(params.get("tags", {}))
        read = self._read()
        source = (
            params.get("definitionZip")
            or json.dumps(
                [params.get("definitionUri"), params.get("definitionRepository")]
            ).encode()
        )
        repository = params.get("definitionRepository")
        return Workflow(
            id=workflow_id,
            version=version,
            type="PRIVATE",
            uuid=self._context.new_uuid(),
            digest=hashlib.sha256(source).hexdigest(),
            created=self._context.now,
            status="ACTIVE" if read.problem is None else "FAILED",
            status_message=read.problem,
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
            echoed={name: params[name] for name in _ECHOED if name in params},
            repository=repository and {**repository, "providerType": "GitHub"},
            tags=params.get("tags", {}),
        )

    def _read(self) -> definitions.Definition:
        """Read the definition, where it can be had."""
        context, params = self._context, self._context.params
        if sum(name in params for name in _SOURCES) != 1:
            raise ValidationException(f"A workflow needs exactly one of {', '.join(_SOURCES)}")
        engine, main = params.get("engine"), params.get("main")
        content: bytes | None = params.get("definitionZip")
        uri = params.get("definitionUri")
        if uri is not None:
            if not uri.startswith("s3://"):
                raise ValidationException("definitionUri is not an S3 URI")
            found = context.surroundings.read_object(context.account, context.region, uri)
            content = found[0] if found else None
            if found is None and context.settings.checkS3 and context.surroundings.has_s3:
                raise ValidationException(f"S3 access denied for {uri}")
        if content is None:
            return definitions.Definition(engine, main)
        return definitions.read(content, engine, main)

    def _update(self, workflow: Workflow) -> None:
        params = self._context.params
        changes = {
            attribute: params[member]
            for member, attribute in (
                ("name", "name"),
                ("description", "description"),
                ("storageType", "storage_type"),
                ("storageCapacity", "storage_capacity"),
            )
            if member in params
        }
        changed = replace(workflow, **changes)
        self._context.connection.execute(
            "UPDATE resources SET name = ?, doc = ?"
            " WHERE account = ? AND region = ? AND kind = ? AND id = ?",
            (changed.name, _doc(changed), *self._context.here(), _kind(changed), changed.key()),
        )

    def _delete(self, workflow: Workflow) -> None:
        self._context.connection.execute(
            "DELETE FROM resources WHERE account = ? AND region = ? AND kind = ? AND id = ?",
            (*self._context.here(), _kind(workflow), workflow.key()),
        )

    def _all(self, kind: str) -> Iterable[Workflow]:
        return catalogue().values() if kind == "READY2RUN" else self._rows(_WORKFLOW)

    def _rows(self, kind: str) -> list[Workflow]:
        rows = self._context.connection.execute(
            "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = ? ORDER BY pk",
            (*self._context.here(), kind),
        )
        return [_from_row(row) for row in rows]

    def _row(self, kind: str, key: str) -> Workflow | None:
        row = self._context.connection.execute(
            "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = ? AND id = ?",
            (*self._context.here(), kind, key),
        ).fetchone()
        return None if row is None else _from_row(row)

    def _insert(self, workflow: Workflow, kind: str) -> None:
        self._context.connection.execute(
            "INSERT INTO resources (account, region, kind, id, uuid, name, created, doc, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *self._context.here(), kind, workflow.key(), workflow.uuid, workflow.name,
                workflow.created, _doc(workflow), json.dumps(workflow.tags),
            ),
        )  # fmt: skip

    def _page(self, wanted: list[Workflow], own: Any) -> dict[str, Any]:
        params = self._context.params
        place = pages.place(params.get("startingToken")) or 0
        size = params.get("maxResults", pages.DEFAULT_SIZE)
        numbered = [
            {"pk": number, "workflow": each}
            for number, each in enumerate(wanted, 1)
            if number > place
        ]
        shown, token = pages.page(numbered, size)
        items = [{**self._item(entry["workflow"]), **own(entry["workflow"])} for entry in shown]
        return {"items": items, "nextToken": token}

    def _item(self, workflow: Workflow) -> dict[str, Any]:
        return {
            "arn": self._arn(workflow),
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
            "statusMessage": workflow.status_message if status == "FAILED" else None,
            "description": workflow.description,
            "engine": workflow.engine,
            "definition": workflow.definition,
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

    def _arn(self, workflow: Workflow) -> str:
        return self._context.arn(f"workflow/{workflow.key()}")


def _kind(workflow: Workflow) -> str:
    return _WORKFLOW if workflow.version is None else _VERSION


def _doc(workflow: Workflow) -> str:
    return json.dumps({key: value for key, value in asdict(workflow).items() if key != "tags"})


def _repository(repository: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if repository is None:
        return None
    return {key: value for key, value in repository.items() if key != "excludeFilePatterns"}


def _from_row(row: sqlite3.Row) -> Workflow:
    doc = json.loads(row["doc"])
    doc["tasks"] = tuple(doc.get("tasks", ()))
    return Workflow(**doc, tags=json.loads(row["tags"]))
