"""What the emulator knows of a workflow, or of a version of one, and the READY2RUN catalogue."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource

from . import containers, images, types

_CATALOGUE_TIME: Final = 1_700_000_000.0
_SUMMARY: Final = (
    "id", "name", "uuid", "engine", "main", "digest", "definition", "accelerators", "outputs",
    "files",
    "arrays", "template",
)  # fmt: skip
#: The guide says that some READY2RUN workflows have versions, and not which. One has the version
#: that the guide's example asks for (Ready2Run-workflows-API).
_READY2RUN_VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {"9500764": ("3.0.0",)}


@dataclass(frozen=True)
class Workflow:
    """A workflow, or a version of one, as the emulator knows it.

    `status` is the one that it reaches once it is no longer CREATING. Times are in emulated
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
    scatters: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)
    arrays: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)
    inputs: dict[str, types.Kept] = field(default_factory=dict)
    images: dict[str, list[containers.Parts]] = field(default_factory=dict)
    echoed: dict[str, Any] = field(default_factory=dict)
    repository: dict[str, Any] | None = None
    files: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def arn(self, context: Context) -> str:
        """Give its ARN in the context's region; a READY2RUN workflow belongs to no account."""
        account = "" if self.type == "READY2RUN" else context.account
        return f"arn:aws:omics:{context.region}:{account}:workflow/{self.key}"

    def summary(self) -> dict[str, Any]:
        """Give what a run keeps of its workflow."""
        doc = self.doc
        return {name: doc[name] for name in _SUMMARY}

    def status_at(self, context: Context) -> str:
        """Give the status at the context's time."""
        ready = self.created + context.settings.creationSeconds
        return "CREATING" if self.type == "PRIVATE" and context.now < ready else self.status

    @property
    def key(self) -> str:
        """The id under which it is stored: the end of its ARN."""
        return self.id if self.version is None else f"{self.id}/version/{self.version}"

    @property
    def doc(self) -> dict[str, Any]:
        """What is stored of it, beside its tags."""
        return {name: value for name, value in asdict(self).items() if name != "tags"}

    @staticmethod
    def stored(resource: Resource) -> Workflow:
        """Give the workflow that was stored as `doc`."""
        return Workflow(
            **{**resource.doc, "tasks": tuple(resource.doc.get("tasks", ()))}, tags=resource.tags
        )

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

    def type_problem(self, parameters: Mapping[str, Any]) -> str | None:
        """Say why the engine can't take these parameters, if it can't: by the types of a WDL.

        Names with a dot are inputs of calls, which are not looked at.
        """
        if not self.inputs:
            return None
        for name, value in parameters.items():
            told = None
            if name in self.inputs:
                told = types.problem(self.inputs[name], value)
            elif "." not in name:
                told = f"check JSON input; unknown input/output: {name}"
            if told is not None:
                return told
        missing = [
            name
            for name, kept in self.inputs.items()
            if name not in parameters and not kept["optional"]
        ]
        return f"missing required inputs: {', '.join(missing)}" if missing else None

    def pulled(
        self, parameters: Mapping[str, Any], account: str, region: str
    ) -> dict[str, list[dict[str, str]]]:
        """Give the images of each call under a run's parameters, each as GetRunTask has it."""
        registries = self.echoed.get("containerRegistryMap")
        found = {}
        for call, kept in self.images.items():
            found[call] = [
                _image_details(name, images.pulled_name(name, registries, account, region))
                for name in containers.names(kept, parameters)
            ]
        return found


def _image_details(name: str, pulled: str) -> dict[str, str]:
    return {"image": pulled} if pulled == name else {"image": pulled, "sourceImage": name}


@cache
def catalogue() -> dict[str, Workflow]:
    """Give the READY2RUN workflows by id, from ready2run.json."""
    text = (
        resources.files("omics_provider.emulator.workflows")
        .joinpath("ready2run.json")
        .read_text("utf-8")
    )
    return {entry["id"]: _ready2run(entry) for entry in json.loads(text)["workflows"]}


def versions(workflow: Workflow) -> dict[str, Workflow]:
    """Give the versions of a READY2RUN workflow, by name."""
    return {
        name: _identified(replace(workflow, version=name))
        for name in _READY2RUN_VERSIONS.get(workflow.id, ())
    }


def _identified(workflow: Workflow) -> Workflow:
    """Give something of the catalogue with a uuid and a digest: the same each time."""
    return replace(
        workflow,
        uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"ready2run/{workflow.key}")),
        digest=f"sha256:{hashlib.sha256(workflow.key.encode()).hexdigest()}",
    )


def _ready2run(entry: Mapping[str, Any]) -> Workflow:
    made = Workflow(
        id=entry["id"],
        type="READY2RUN",
        uuid="",
        digest="",
        created=_CATALOGUE_TIME,
        name=entry["name"],
        description=entry.get("description"),
        engine=entry.get("engine"),
        template=entry.get("parameterTemplate") or {},
        storage_type="STATIC",
        storage_capacity=entry.get("storageCapacity"),
    )
    return _identified(made)
