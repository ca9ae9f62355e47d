"""Where the CLI keeps stacks, and the organization of one, from the files that the CLI goes by.

The engine tells a provider a stack's name and project, not its organization. No process is started
here. The rules are the CLI's own (pulumi: pkg/workspace/creds.go, pkg/workspace/workspace.go,
pkg/backend/state/stacks.go, pkg/backend/httpstate/backend.go).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from omics_provider.base.errors import OmicsError

from .process import Engine, Place
from .project import Project, find_project, mapping, text
from .urn import stack_of, urn_parts

#: Set by the user, and before all else.
URL: Final = "PULUMI_BACKEND_URL"
#: The organization of every stack in a folder or a bucket: such backends keep none.
NO_ORGANIZATION: Final = "organization"
_SERVICE: Final = "https://api.pulumi.com"
_STACK: Final = "PULUMI_STACK"
_DEFAULT: Final = "PULUMI_DEFAULT_ORGANIZATION"


def has_organization(stack: str) -> bool:
    """Tell whether a stack, organization/project/stack, is kept by a service."""
    return not stack.startswith(f"{NO_ORGANIZATION}/")


class Backend(NamedTuple):
    """Where stacks are kept, and what names it; no URL where nothing does."""

    url: str
    named_by: str

    @property
    def has_organizations(self) -> bool:
        """Whether it is a service, or may be one: what is not known may."""
        return not self.url or self.url.startswith(("http://", "https://"))


def find_backend(project: Project, environment: Mapping[str, str]) -> Backend:
    """Find the backend as the CLI does: the variable, the project, the last login."""
    if url := environment.get(URL):
        return Backend(url, URL)
    if project.backend:
        return Backend(project.backend, f"Pulumi{project.suffix}")
    if url := text(credentials(environment).get("current")):
        return Backend(url, "pulumi login")
    if environment.get("PULUMI_ACCESS_TOKEN"):
        return Backend(_SERVICE, "PULUMI_ACCESS_TOKEN")
    return Backend("", "")


def credentials_folder(environment: Mapping[str, str]) -> Path:
    """Return where `pulumi login` keeps what it was told."""
    named = environment.get("PULUMI_CREDENTIALS_PATH")
    return Path(named) if named else home(environment)


def credentials(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what `pulumi login` has kept. It holds tokens: nothing of it but URLs is shown."""
    return _read(credentials_folder(environment) / "credentials.json")


class StackNames:
    """The full names of the stacks that a CLI works on: organization/project/stack.

    Request ids and marks of runs are made of them, so all updates of a stack have to find the same.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[tuple[str, str], str] = {}

    def of(self, urn: str, recorded: str = "") -> str:
        """Return the name of the stack that resource `urn` is in.

        `recorded` is what the stack was when the resource was declared: it tells the organization
        where nothing else does. Raises OmicsError where nothing does.
        """
        stack, project = stack_of(urn), urn_parts(urn)[1]
        before = recorded.partition("/")[0]
        now = self._organization(project, stack)
        if before and now.casefold() in ("", before.casefold()):
            now = before
        if not now:
            raise _unknown(project, stack)
        return f"{now}/{project}/{stack}"

    def _organization(self, project: str, stack: str) -> str:
        names = project, stack
        if names not in self._known:
            try:
                self._known[names] = _organization(self._engine, project, stack)
            except OmicsError:
                # There is no CLI to ask for the state either, without which nothing is started.
                self._known[names] = NO_ORGANIZATION
        return self._known[names]


def _organization(engine: Engine, project: str, stack: str) -> str:
    """Return the organization of a stack; empty where nothing tells it."""
    place = engine.place()
    found = find_project(_folder(place))
    backend = find_backend(found, place.environment)
    if not backend.has_organizations:
        return NO_ORGANIZATION
    named = engine.stack or place.environment.get(_STACK)
    if named:
        return _named(named, backend, place.environment)
    selected = set(_selected(found, backend, place.environment))
    fitting = [name.split("/") for name in selected if name.endswith(f"/{project}/{stack}")]
    owners = {parts[0] for parts in fitting if len(parts) == 3}
    return owners.pop() if len(owners) == 1 else ""


def _named(name: str, backend: Backend, environment: Mapping[str, str]) -> str:
    """Return the organization of a stack that is named so: the user's default where none is."""
    if "/" in name:
        return name.split("/")[0]
    if default := environment.get(_DEFAULT):
        return default
    kept = mapping(_read(home(environment) / "config.json").get("backends"))
    return text(mapping(kept.get(backend.url)).get("defaultOrg"))


def _selected(project: Project, backend: Backend, environment: Mapping[str, str]) -> Iterator[str]:
    """Give the stacks that are selected in the project, by their full names.

    Each backend has one. An older CLI has kept one for all.
    """
    digest = hashlib.sha1(str(project.file).encode(), usedforsecurity=False).hexdigest()
    file = home(environment) / "workspaces" / f"{project.name}-{digest}-workspace.json"
    kept = _read(file)
    by_url = mapping(kept.get("stacks"))
    if backend.url and (selected := text(by_url.get(backend.url.removesuffix("/")))):
        yield selected
        return
    if not backend.url:
        yield from map(text, by_url.values())
    yield text(kept.get("stack"))


def _folder(place: Place) -> Path:
    """Return where the CLI works, by the links that it went: its files are named by that path."""
    shown = Path(place.environment.get("PWD") or ".")
    is_same = shown.is_absolute() and shown.exists() and shown.samefile(place.folder)
    return shown if is_same else Path(place.folder)


def home(environment: Mapping[str, str]) -> Path:
    """Return the folder in which the CLI keeps what is its own."""
    named = environment.get("PULUMI_HOME")
    return Path(named) if named else Path(environment.get("HOME") or Path.home()) / ".pulumi"


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _unknown(project: str, stack: str) -> OmicsError:
    """Return the error for a stack whose organization nothing tells."""
    return OmicsError(
        "Finding the stack's organization",
        f"it is not known which organization stack {stack} of project {project} is in",
        advice=f"Nothing was started. Name the organization: give `--stack "
        f"ORGANIZATION/{project}/{stack}`, or "
        f"select the stack with `pulumi stack select ORGANIZATION/{project}/{stack}`.",
    )
