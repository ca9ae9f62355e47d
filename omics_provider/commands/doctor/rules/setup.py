"""What the doctor makes of what it finds on this machine: engine, packages, state backend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from .judge import Line, ok, warning, wrong

#: The engine that every promise was tested with: tools/engine/cli/go.mod.
ENGINE: Final = "3.259.0"
#: What the engine needs beside `pulumi` for Python programs with dynamic resources.
HELPERS: Final = (
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)
_PYTHON: Final = "python"
_INSTALL: Final = "Install Pulumi: https://www.pulumi.com/docs/install/."


def helpers(runtime: str) -> tuple[str, ...]:
    """Return what the engine needs for programs of a language."""
    return HELPERS if runtime == _PYTHON else (f"pulumi-language-{runtime}",)


def engine(
    program: str | None, says: str | None, lacks: Sequence[str], runtime: str = _PYTHON
) -> Line:
    """Return the line of the engine.

    `program` is the `pulumi` on PATH, `says` its version as it tells it, None where it tells none;
    `lacks` are those of `helpers` that are neither on PATH nor beside it.
    """
    if program is None:
        return wrong("engine", "pulumi", "there is no `pulumi` on PATH", _INSTALL)
    version = _version(says)
    if version is None:
        says = f"{program} does not print its version"
        return wrong("engine", "pulumi", says, f"Run `pulumi version`. {_INSTALL}")
    told, oldest = ".".join(map(str, version)), _version(ENGINE) or ()
    if version[0] != oldest[0]:
        says = f"{told}; this package knows {oldest[0]}.x"
        return wrong("engine", "pulumi", says, f"{_INSTALL} Choose {ENGINE} or newer.")
    if lacks:
        named = "Python" if runtime == _PYTHON else runtime
        says = f"{told} at {program} lacks {', '.join(lacks)}, so it runs no {named} program"
        whole = " Its folder has all four." if runtime == _PYTHON else ""
        return wrong("engine", "pulumi", says, f"{_INSTALL}{whole}")
    if version < oldest:
        says = f"{told} is older than {ENGINE}, with which this package is tested"
        return warning("engine", "pulumi", says, f"Upgrade it. {_INSTALL}")
    return ok("engine", "pulumi", f"{told} at {program}")


def plugin(found: str | None, named: str | None) -> Line:
    """Return the line of the native provider: where it is, and where Pulumi.yaml says."""
    if found is not None:
        return ok("engine", "provider omics", found)
    says = f"Pulumi.yaml names {named}, which does not exist" if named else "not found"
    return wrong(
        "engine",
        "provider omics",
        says,
        "Have pulumi-resource-omics on PATH (pip install omics-provider), or name its folder in "
        "Pulumi.yaml under plugins.",
    )


def _version(text: str | None) -> tuple[int, ...] | None:
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", (text or "").strip())
    return tuple(int(each) for each in found.groups()) if found else None


def interpreter(python: str, command: str, named_by: str, *, is_there: bool) -> Line:
    """Return the line of the interpreter that updates use.

    `command` is the one that `named_by` names, as an absolute path, and `is_there` whether there is
    such a program; `python` is this process's own.
    """
    if command == python:
        return ok("engine", "Python", python)
    if not is_there:
        says = f"{named_by} names {command}, but there is no such program"
        return wrong("engine", "Python", says, "Create it (pulumi install), or remove the setting.")
    return warning(
        "engine",
        "Python",
        f"updates run {command} ({named_by}), this is {python}",
        "The lines below are about this Python. Run the doctor with the other one.",
    )


def pip(*, is_there: bool, toolchain: str) -> Line:
    """Return the line of pip; `toolchain` is that of Pulumi.yaml."""
    if is_there or toolchain != "pip":
        return ok("packages", "pip", "there" if is_there else f"{toolchain} is used")
    return wrong(
        "packages",
        "pip",
        "not installed; the engine asks it for the list of packages, and fails",
        "Run: python -m ensurepip. Or set runtime.options.toolchain in Pulumi.yaml.",
    )


def package(name: str, found: str | None, wanted: str, *, fits: bool) -> Line:
    """Return the line of an installed package; `wanted` is a specifier such as ">=1.44.5"."""
    if found is None:
        says = "not installed"
    elif fits:
        return ok("packages", name, found)
    else:
        says = f"{found} is installed"
    asks = f", {wanted} is needed" if wanted else ""
    advice = f"pip install '{name}{wanted}'."
    return wrong("packages", name, f"{says}{asks}", advice)


# State backend -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a file backend, as it is found."""

    path: str
    is_there: bool
    is_folder: bool = True
    is_writable: bool = True
    #: Side files (`*.attrs`) without content.
    cut_off: tuple[str, ...] = ()


class Backend(NamedTuple):
    """Where stacks are kept: the URL, None for none, and what names it."""

    url: str | None
    named_by: str

    @property
    def folder(self) -> str | None:
        """The folder of a file backend as its URL names it, None for another backend."""
        rest = (self.url or "").removeprefix("file://")
        return unquote(rest.partition("?")[0]) if rest != (self.url or "") else None

    @property
    def is_own(self) -> bool:
        """Whether it is a folder or a bucket, and so encrypts secrets with a passphrase or key."""
        return bool(self.url) and not _is_service(self.url or "")

    @property
    def shown(self) -> str:
        """The URL without what may hold a password."""
        if self.folder is not None:
            return f"file://{self.folder}"
        parts = urlsplit(self.url or "")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


_BUCKETS: Final = ("s3", "gs", "azblob")


def _is_service(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https")


_SKIP: Final = (
    "Add ?metadata=skip to it: PULUMI_BACKEND_URL='{shown}?metadata=skip'. A killed command can "
    "leave half of a side file (*.attrs). Then every command fails (docs/chaos.md)."
)


def backend(found: Backend, folder: Folder | None, *, signed_in: bool) -> Line:
    """Return the line of the state backend.

    `folder` is that of a file backend; `signed_in` tells whether there is a token for a service.
    """
    if found.url is None:
        advice = "Run `pulumi login`, or set PULUMI_BACKEND_URL='file:///FOLDER?metadata=skip'."
        return wrong("state", "backend", "none is set", advice)
    if folder is not None:
        return _folder(found, folder)
    says = f"{found.shown} ({found.named_by})"
    if _is_service(found.url):
        if signed_in:
            return ok("state", "backend", says)
        advice = "Run `pulumi login`, or set PULUMI_ACCESS_TOKEN."
        return wrong("state", "backend", f"{says}: not signed in", advice)
    if urlsplit(found.url).scheme in _BUCKETS:
        return ok("state", "backend", says)
    advice = "Use a URL of file://, s3://, gs://, azblob:// or https://."
    return wrong("state", "backend", f"{says} is not the URL of a backend", advice)


def _folder(found: Backend, folder: Folder) -> Line:
    says = f"{found.shown} ({found.named_by})"
    fault: tuple[str, str] | None = None
    if not folder.is_there:
        fault = "there is no such folder", f"mkdir -p '{folder.path}'"
    elif not folder.is_folder:
        fault = "it is not a folder", "Name a folder."
    elif not folder.is_writable:
        fault = "it can't be written to", f"Check the rights of {folder.path}."
    elif folder.cut_off:
        files = ", ".join(folder.cut_off)
        fault = f"a killed command left {files} empty", "Remove the empty files (docs/chaos.md)."
    if fault:
        return wrong("state", "backend", f"{says}: {fault[0]}", fault[1])
    query = parse_qs((found.url or "").partition("?")[2])
    if query.get("metadata") != ["skip"]:
        advice = _SKIP.format(shown=found.shown)
        return warning("state", "backend", f"{says}: it keeps side files", advice)
    return ok("state", "backend", says)


def stack_file(path: str, *, is_there: bool) -> Line:
    """Return the line of a stack's own file."""
    if is_there:
        return ok("state", "configuration", path)
    return warning(
        "state",
        "configuration",
        f"there is no {path}: only the project's file counts",
        "Do nothing if the stack needs no configuration. Otherwise check the name, and run the "
        "command in the folder of the stack's Pulumi.yaml.",
    )


def stack(name: str, folder: str, why: str | None) -> Line:
    """Return the line of a stack whose state and history were asked for in `folder`.

    `why` says why they can't be had, None where they can.
    """
    if why is None:
        return ok("state", name, f"the CLI reads its state and its history from {folder}")
    return wrong(
        "state",
        name,
        why.rstrip("."),
        "No update starts a run without both. Make `pulumi stack export` and `pulumi stack "
        "history` work in this folder: with the project, the backend and the sign-in of the stack.",
    )


def passphrase(*, is_set: bool, has_key: bool) -> Line:
    """Return the line of what encrypts secrets in a folder or a bucket.

    `has_key` tells that the stacks' files name another secrets provider.
    """
    if has_key:
        return ok("state", "secrets", "encrypted with the stack's secrets provider")
    if is_set:
        return ok("state", "secrets", "a passphrase is set")
    return warning(
        "state",
        "secrets",
        "no passphrase is set: every command asks for it, and a pipeline fails",
        "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or give the stack a "
        "key: pulumi stack change-secrets-provider.",
    )


# The endpoint `local` ------------------------------------------------------------------------

_MAGIC: Final = b"SQLite format 3\x00"


def local_file(path: str, *, begins: bytes | None, is_writable: bool) -> Line:
    """Return the line of the emulator's file.

    `begins` are its first 16 bytes, None where there is none; `is_writable` tells of the file, or
    of the folder that it would be made in.
    """
    if begins is not None and begins not in (b"", _MAGIC):
        advice = "Name another file with omics:localState, or remove this one."
        says = f"{path} is not a file of the emulator"
        return wrong("emulator", "file", says, advice)
    if not is_writable:
        advice = "Check the rights of its folder, or name another file with omics:localState."
        return wrong("emulator", "file", f"{path} can't be written to", advice)
    says = path if begins is not None else f"{path}, which the first update creates"
    return ok("emulator", "file", says)
