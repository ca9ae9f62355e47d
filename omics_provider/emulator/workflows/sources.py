"""What a workflow is made of: definition, README and container registry map of a request.

Each is in the request itself or in S3. What lies in S3 is read where the door has S3. An object
that is not there is refused with the setting `checkS3`, and else left out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ValidationException
from omics_provider.emulator.protocol.validation import validate
from omics_provider.emulator.protocol.wire import parse_value
from omics_provider.emulator.world.context import Context

from . import definitions
from .files import DEFINITION, README, Files

_DEFINITIONS: Final = ("definitionZip", "definitionUri", "definitionRepository")
_MOST_README: Final = 500 * 2**10


@dataclass(frozen=True)
class Source:
    """What a workflow is made of. `files` are those that can be exported, by kind."""

    definition: definitions.Definition
    digest: str
    files: dict[str, str]
    registry_map: dict[str, Any] | None
    problem: str | None


class Sources:
    """Reads what CreateWorkflow and CreateWorkflowVersion make a workflow of."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._params = context.params

    def read(self) -> Source:
        """Read all of it, and keep what can be exported."""
        if sum(name in self._params for name in _DEFINITIONS) != 1:
            raise ValidationException(f"A workflow needs exactly one of {', '.join(_DEFINITIONS)}")
        readme = self.readme()
        content: bytes | None = self._params.get("definitionZip")
        if content is None:
            content = self._in_s3("definitionUri")
        engine, main = self._params.get("engine"), self._params.get("main")
        read = definitions.Definition(engine, main)
        if content is not None:
            read = definitions.read(content, engine, main)
        registry_map, problem = self._registry_map()
        found = {DEFINITION: content, README: readme}
        return Source(
            definition=read,
            digest=_digest(self._named() if content is None else content),
            files=self.kept(found),
            registry_map=registry_map,
            problem=read.problem or problem,
        )

    def readme(self) -> bytes | None:
        """Give the README of the request, if it has one."""
        if "readmeMarkdown" in self._params and "readmeUri" in self._params:
            raise ValidationException("A workflow takes readmeMarkdown or readmeUri, not both")
        text = self._params.get("readmeMarkdown")
        content = self._in_s3("readmeUri") if text is None else str(text).encode()
        if content is not None and len(content) > _MOST_README:
            raise ValidationException("The README has more than 500 KiB")
        return content

    def kept(self, found: dict[str, bytes | None]) -> dict[str, str]:
        """Keep files, and give their names by kind."""
        files = Files(self._context)
        return {
            kind: files.keep(kind, content)
            for kind, content in found.items()
            if content is not None
        }

    def _registry_map(self) -> tuple[dict[str, Any] | None, str | None]:
        """Give the map of container registries, and what is wrong with the file that has it."""
        given: dict[str, Any] | None = self._params.get("containerRegistryMap")
        if given is not None and "containerRegistryMapUri" in self._params:
            raise ValidationException(
                "A workflow takes containerRegistryMap or containerRegistryMapUri, not both"
            )
        content = self._in_s3("containerRegistryMapUri")
        if content is None:
            return given, None
        shape = self._context.model.shape_for("ContainerRegistryMap")
        try:
            read: dict[str, Any] = parse_value(shape, json.loads(content), "containerRegistryMap")
            if not read:
                raise ValueError("it has neither registryMappings nor imageMappings")
            validate(shape, read)
        except (ValueError, RecursionError, ValidationException) as error:
            uri = self._params["containerRegistryMapUri"]
            return None, definitions.plain(f"The container registry map {uri} is wrong: {error}")
        return read, None

    def _in_s3(self, member: str) -> bytes | None:
        """Give the object at the URI that a member has, if there is one."""
        uri = self._params.get(member)
        if uri is None:
            return None
        if not uri.startswith("s3://"):
            raise ValidationException(f"{member} is not an S3 URI")
        found = self._context.read_object(uri)
        if found is None and self._context.checks_s3:
            raise ValidationException(f"S3 access denied for {uri}")
        return found[0] if found else None

    def _named(self) -> bytes:
        """Give what stands for a definition that can't be read: where it is."""
        where = [self._params.get("definitionUri"), self._params.get("definitionRepository")]
        return json.dumps(where).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
