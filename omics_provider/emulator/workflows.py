"""Workflows: the READY2RUN catalogue, and private ones."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

from omics_provider.emulator import pages
from omics_provider.emulator.context import Context
from omics_provider.emulator.exceptions import ResourceNotFoundException, ValidationException

_CATALOGUE_TIME: Final = 1_700_000_000.0
_SUMMARY: Final = ("id", "name", "uuid", "engine", "digest", "definition", "accelerators")


@dataclass(frozen=True)
class Workflow:
    """A workflow as the emulator knows it. Times in emulated seconds since 1970."""

    id: str
    type: str
    uuid: str
    digest: str
    created: float
    status: str = "ACTIVE"
    name: str | None = None
    description: str | None = None
    engine: str | None = None
    main: str | None = None
    definition: str | None = None
    template: dict[str, dict[str, Any]] = field(default_factory=dict)
    storage_type: str | None = None
    storage_capacity: int | None = None
    accelerators: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Give what a run keeps of its workflow."""
        everything = asdict(self)
        return {name: everything[name] for name in _SUMMARY}

    def parameter_problem(self, parameters: Mapping[str, Any]) -> str | None:
        """Why these parameters do not fit the template, if they do not.

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
    text = resources.files("omics_provider.emulator").joinpath("ready2run.json").read_text("utf-8")
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
    """The operations on workflows."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create_workflow(self) -> dict[str, Any]:
        """CreateWorkflow: a private workflow, ACTIVE at once. Its definition is not read yet."""
        earlier = self._context.earlier_answer()
        if earlier is not None:
            return earlier
        context, params = self._context, self._context.params
        if len([name for name in ("definitionZip", "definitionUri") if name in params]) != 1:
            raise ValidationException("A workflow needs either a definitionZip or a definitionUri.")
        workflow = Workflow(
            id=context.new_id("workflow"),
            type="PRIVATE",
            uuid=context.new_uuid(),
            digest=hashlib.sha256(
                params.get("definitionZip") or params["definitionUri"].encode()
            ).hexdigest(),
            created=context.now,
            name=params.get("name"),
            description=params.get("description"),
            engine=params.get("engine", "WDL"),
            main=params.get("main"),
            definition=params.get("definitionUri"),
            template=params.get("parameterTemplate", {}),
            storage_type=params.get("storageType"),
            storage_capacity=params.get("storageCapacity"),
            accelerators=params.get("accelerators"),
            tags=params.get("tags", {}),
        )
        self._insert(workflow)
        answer = {
            "arn": self._arn(workflow),
            "id": workflow.id,
            "status": workflow.status,
            "tags": workflow.tags,
            "uuid": workflow.uuid,
        }
        context.remember_answer(answer)
        return answer

    def get_workflow(self) -> dict[str, Any]:
        """GetWorkflow. Without a type it finds private workflows."""
        params = self._context.params
        workflow = self.find(params["id"], params.get("type", "PRIVATE"))
        return {
            "arn": self._arn(workflow),
            "id": workflow.id,
            "status": workflow.status,
            "type": workflow.type,
            "name": workflow.name,
            "description": workflow.description,
            "engine": workflow.engine,
            "definition": workflow.definition,
            "main": workflow.main,
            "digest": workflow.digest,
            "parameterTemplate": workflow.template or None,
            "storageCapacity": workflow.storage_capacity,
            "storageType": workflow.storage_type,
            "creationTime": workflow.created,
            "tags": workflow.tags,
            "metadata": {},
            "accelerators": workflow.accelerators,
            "uuid": workflow.uuid,
        }

    def list_workflows(self) -> dict[str, Any]:
        """ListWorkflows: private ones, or with type READY2RUN the catalogue."""
        params = self._context.params
        everything = enumerate(self._all(params.get("type", "PRIVATE")), 1)
        place = pages.place(params.get("startingToken")) or 0
        name, size = params.get("name"), params.get("maxResults", pages.DEFAULT_SIZE)
        wanted = [
            {"pk": number, "workflow": workflow}
            for number, workflow in everything
            if number > place and (name is None or workflow.name == name)
        ]
        shown, token = pages.page(wanted, size)
        return {"items": [self._item(entry["workflow"]) for entry in shown], "nextToken": token}

    def delete_workflow(self) -> None:
        """DeleteWorkflow. Its runs keep what they know of it."""
        workflow = self.find(self._context.params["id"], "PRIVATE")
        self._context.connection.execute(
            "DELETE FROM resources WHERE account = ? AND region = ? AND kind = 'workflow'"
            " AND id = ?",
            (*self._context.here(), workflow.id),
        )

    def find(self, workflow_id: str, kind: str) -> Workflow:
        """Give A workflow by id and type. The wrong type is as unknown as the wrong id."""
        if kind == "READY2RUN":
            found = catalogue().get(workflow_id)
        else:
            row = self._context.connection.execute(
                "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = 'workflow'"
                " AND id = ?",
                (*self._context.here(), workflow_id),
            ).fetchone()
            found = None if row is None else _from_row(row)
        if found is None:
            raise ResourceNotFoundException(f"Workflow {workflow_id} not found")
        return found

    def _all(self, kind: str) -> Iterable[Workflow]:
        if kind == "READY2RUN":
            return catalogue().values()
        rows = self._context.connection.execute(
            "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = 'workflow'"
            " ORDER BY pk",
            self._context.here(),
        )
        return [_from_row(row) for row in rows]

    def _insert(self, workflow: Workflow) -> None:
        doc = {key: value for key, value in asdict(workflow).items() if key != "tags"}
        self._context.connection.execute(
            "INSERT INTO resources (account, region, kind, id, uuid, name, created, doc, tags)"
            " VALUES (?, ?, 'workflow', ?, ?, ?, ?, ?, ?)",
            (
                *self._context.here(), workflow.id, workflow.uuid, workflow.name,
                workflow.created, json.dumps(doc), json.dumps(workflow.tags),
            ),
        )  # fmt: skip

    def _item(self, workflow: Workflow) -> dict[str, Any]:
        return {
            "arn": self._arn(workflow),
            "id": workflow.id,
            "name": workflow.name,
            "status": workflow.status,
            "type": workflow.type,
            "digest": workflow.digest,
            "creationTime": workflow.created,
            "metadata": {},
        }

    def _arn(self, workflow: Workflow) -> str:
        return self._context.arn(f"workflow/{workflow.id}")


def _from_row(row: sqlite3.Row) -> Workflow:
    return Workflow(**json.loads(row["doc"]), tags=json.loads(row["tags"]))
