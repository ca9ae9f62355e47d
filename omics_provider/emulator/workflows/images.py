"""Names of the images of tasks: which ones HealthOmics can pull.

It pulls from private repositories of Amazon ECR and from nowhere else, public ones of ECR included
(G workflows-ecr). Any other name is good only where the workflow's container registry map leads
it to a private repository (G containers-workflow-creation).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_ECR: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
#: What follows the repository in a name: a tag, a digest, or both.
_VERSION: Final = re.compile(r"(?::[\w.-]+)?(?:@[\w:+.-]+)?$", re.ASCII)
_DOCKER_HUB: Final = "registry-1.docker.io"
_DOCKER_HUB_TOO: Final = frozenset({_DOCKER_HUB, "docker.io", "index.docker.io"})


@dataclass(frozen=True)
class EcrImage:
    """An image in a private repository of ECR, as its name says it."""

    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None


def ecr_image(name: str) -> EcrImage | None:
    """Read the name of an image in a private repository of ECR. None: it is no such name."""
    found = _ECR.fullmatch(name)
    return None if found is None else EcrImage(**found.groupdict())


def pulled_name(
    name: str, registry_map: Mapping[str, Any] | None, account: str, region: str
) -> str:
    """Give the name under which an image is pulled: the one that the registry map leads to.

    A mapping of the image itself goes before one of its registry. Where none fits, or without a
    map, the name stays.
    """
    if registry_map is None or ecr_image(name) is not None:
        return name
    for mapping in registry_map.get("imageMappings") or ():
        if mapping.get("sourceImage") in (name, _VERSION.sub("", name)):
            return str(mapping.get("destinationImage", name))
    registry, repository = _parted(name)
    for mapping in registry_map.get("registryMappings") or ():
        rest = _below(repository, mapping.get("upstreamRepositoryPrefix"))
        if mapping.get("upstreamRegistryUrl") != registry or rest is None:
            continue
        host = f"{mapping.get('ecrAccountId') or account}.dkr.ecr.{region}.amazonaws.com"
        parts = (host, mapping.get("ecrRepositoryPrefix"), rest)
        return "/".join(part for part in parts if part)
    return name


def _parted(name: str) -> tuple[str, str]:
    """Part a name into its registry and the rest. Without a registry it is Docker Hub's."""
    first, slash, rest = name.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    if is_host and first not in _DOCKER_HUB_TOO:
        return first, rest
    repository = rest if is_host else name
    return _DOCKER_HUB, repository if "/" in repository else f"library/{repository}"


def _below(repository: str, prefix: str | None) -> str | None:
    """Give what follows a prefix of the upstream registry, None where it does not fit."""
    if not prefix:
        return repository
    below = f"{prefix.rstrip('/')}/"
    return repository.removeprefix(below) if repository.startswith(below) else None
