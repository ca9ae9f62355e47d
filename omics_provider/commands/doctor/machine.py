"""The doctor's look at this machine. It reads, and starts one program: `pulumi`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.commands.doctor.rules.judge import Level, Line
from omics_provider.commands.doctor.rules.setup import Backend, Folder
from omics_provider.engine import backend, cli
from omics_provider.engine.project import PLUGIN, Project, mapping, read_yaml, text
from omics_provider.service import local_state

from .rules import setup

_LIMIT_SECONDS: Final = 30
_OURS: Final = "omics-provider"
#: Packages that talk: to the engine (by way of pulumi's own requirements) and to AWS.
_PACKAGES: Final = (
    (_OURS, ("pulumi", "boto3", "psutil")),
    ("pulumi", ("grpcio", "protobuf")),
    ("boto3", ("botocore",)),
)


# Engine and packages -------------------------------------------------------------------------


def engine(found: Project) -> Iterator[Line]:
    """Look at the `pulumi` on PATH, and at the interpreter or the provider that updates use."""
    program = shutil.which("pulumi")
    lacks = []
    if program:
        beside = Path(program).resolve().parent
        wanted = setup.helpers(found.runtime)
        lacks = [n for n in wanted if not (shutil.which(n) or (beside / n).is_file())]
    yield setup.engine(program, _version(program) if program else None, lacks, found.runtime)
    if found.runtime != "python":
        yield _plugin(found)
        return
    own = Path(sys.executable).absolute()
    command, named_by = _interpreter(found)
    there = shutil.which(command)
    named = Path(there or command).absolute()
    # python and python3 of one environment are one.
    used = str(own if there and named.parent == own.parent else named)
    yield setup.interpreter(str(own), used, named_by, is_there=there is not None)


def _plugin(found: Project) -> Line:
    """Look for the native provider where the engine does: Pulumi.yaml, PATH, its own folder."""
    if named := found.plugin:
        return setup.plugin(str(named) if named.is_file() else None, str(named))
    installed = sorted((backend.home(os.environ) / "plugins").glob(f"resource-omics-v*/{PLUGIN}"))
    there = shutil.which(PLUGIN) or next(map(str, reversed(installed)), None)
    return setup.plugin(there, None)


def _interpreter(found: Project) -> tuple[str, str]:
    """Return the interpreter that updates use, and what names it."""
    if folder := text(found.options.get("virtualenv")):
        # The engine takes a relative one from the folder of the program.
        return str(found.program / folder / "bin" / "python"), f"virtualenv in Pulumi{found.suffix}"
    if command := os.environ.get("PULUMI_PYTHON_CMD"):
        return command, "PULUMI_PYTHON_CMD"
    return "python3" if shutil.which("python3") else "python", "PATH"


def _version(program: str) -> str | None:
    try:
        done = cli.run([program, "version"], {**os.environ, **cli.quiet()}, seconds=_LIMIT_SECONDS)
    except errors.OmicsError:
        return None
    return done.stdout if done.returncode == 0 else None


def packages(found: Project) -> Iterator[Line]:
    """Compare what is installed with what the installed packages ask for."""
    yield setup.package(_OURS, _installed(_OURS), "", fits=True)
    for owner, names in _PACKAGES:
        wanted = _requirements(owner)
        for name in names:
            there, specifier = _installed(name), wanted.get(name, "")
            fits = there is not None and Requirement(name + specifier).specifier.contains(there)
            yield setup.package(name, there, specifier, fits=fits)
    if found.runtime != "python":
        return
    toolchain = text(found.options.get("toolchain")) or "pip"
    yield setup.pip(is_there=find_spec("pip") is not None, toolchain=toolchain)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _requirements(owner: str) -> dict[str, str]:
    """Return the specifiers of a package's requirements that hold here, by name."""
    try:
        lines = metadata.requires(owner) or []
    except metadata.PackageNotFoundError:
        return {}
    found = {}
    for line in lines:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            found[wanted.name] = str(wanted.specifier)
    return found


# State backend -------------------------------------------------------------------------------


def state(found: Project, stack: str | None) -> Iterator[Line]:
    """Look at where stacks are kept, and at what encrypts their secrets."""
    where = _backend(found)
    folder = _folder(where.folder) if where.folder is not None else None
    told = setup.backend(where, folder, signed_in=_signed_in(where.url or ""))
    yield told
    if stack:
        file = found.stack_file(stack)
        yield setup.stack_file(str(file), is_there=file.is_file())
        if told.level is not Level.WRONG and shutil.which("pulumi"):
            yield _stack(stack)
    if where.is_own:
        variables = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
        files = found.stack_files(stack)
        has_key = bool(files) and all(_has_key(read_yaml(file)) for file in files)
        is_set = any(name in os.environ for name in variables)
        yield setup.passphrase(is_set=is_set, has_key=has_key)


def _stack(name: str) -> Line:
    """Ask for a stack as an update does: in this folder, of its project, at its backend."""
    try:
        cli.require_answers(name)
    except errors.OmicsError as error:
        return setup.stack(name, str(Path.cwd()), error.detail)
    return setup.stack(name, str(Path.cwd()), None)


def _has_key(settings: Mapping[str, Any]) -> bool:
    return text(settings.get("secretsprovider")) not in ("", "default", "passphrase")


def _backend(found: Project) -> Backend:
    known = backend.find_backend(found, os.environ)
    return Backend(known.url or None, known.named_by)


def _signed_in(url: str) -> bool:
    tokens = mapping(backend.credentials(os.environ).get("accessTokens"))
    return bool(os.environ.get("PULUMI_ACCESS_TOKEN")) or url in tokens


def _folder(name: str) -> Folder:
    path = Path(name).expanduser().absolute()
    if not path.is_dir():
        return Folder(str(path), path.exists(), is_folder=False)
    empty = [f for f in (path / ".pulumi").rglob("*.attrs") if f.stat().st_size == 0]
    cut_off = tuple(str(file.relative_to(path)) for file in sorted(empty))
    return Folder(str(path), True, is_writable=os.access(path, os.W_OK | os.X_OK), cut_off=cut_off)


# The endpoint `local` ------------------------------------------------------------------------


def emulator(settings: Settings) -> Line:
    """Look at the emulator's file without opening it as a database, which would change it."""
    path = local_state.file(settings)
    if path.exists():
        begins = path.open("rb").read(16) if os.access(path, os.R_OK) and path.is_file() else b"-"
        return setup.local_file(str(path), begins=begins, is_writable=os.access(path, os.W_OK))
    parent = next(each for each in path.parents if each.exists())
    is_writable = parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)
    return setup.local_file(str(path), begins=None, is_writable=is_writable)
