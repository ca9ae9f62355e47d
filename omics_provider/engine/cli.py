"""What a command asks of the `pulumi` on PATH: a stack's state, configuration and preview.

Secrets are not asked for: they stay encrypted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from omics_provider.base.errors import OmicsError

from . import backend

#: For what only reads.
LIMIT_SECONDS: Final = 120
#: Resources of one refresh: a command line has a limit.
_TARGETS: Final = 1000
#: Lines that a failed update wrote last and that are shown.
_LINES: Final = 12


def state(stack: str | None) -> dict[str, Any]:
    """Return the state of a stack, of the selected one for None.

    Raises OmicsError where it can't be had.
    """
    return _asked("stack", "export", *_of(stack))


def config(stack: str | None) -> dict[str, str]:
    """Return the stack's configuration without its secrets, by full key such as `omics:region`."""
    found = _asked("config", "--json", *_of(stack))
    return {
        key: str(entry["value"])
        for key, entry in found.items()
        if isinstance(entry, dict) and "value" in entry and not entry.get("secret")
    }


def stacks() -> list[str]:
    """Return the names of all stacks of the backend, as `--stack` takes them."""
    text = _run("stack", "ls", "--all", "--json", seconds=LIMIT_SECONDS)
    try:
        return [str(each["name"]) for each in json.loads(text)]
    except (ValueError, TypeError, KeyError) as error:
        raise _cannot("`pulumi stack ls --all --json`", type(error).__name__) from error


def require_answers(stack: str) -> None:
    """Ask for the state and the history of a stack, as an update does before it starts a run.

    It leaves no file behind. Raises OmicsError where one of the two can't be had.
    """
    for asked in (("stack", "export"), ("stack", "history", "--json", "--page-size", "1")):
        found = _run(*asked, *_of(stack), seconds=LIMIT_SECONDS, environment=quiet())
        try:
            json.loads(found)
        except ValueError as error:
            raise _cannot(_named(asked), type(error).__name__) from error


def quiet() -> dict[str, str]:
    """Return what has the CLI leave no log and ask for no news, with the user's own login."""
    return {
        "PULUMI_HOME": os.devnull,
        "PULUMI_CREDENTIALS_PATH": str(backend.credentials_folder(os.environ)),
    }


def selected() -> str:
    """Return the name of the stack that is selected in this folder."""
    return _run("stack", "--show-name", seconds=LIMIT_SECONDS).strip()


def refresh(stack: str | None, urns: Iterable[str]) -> None:
    """Have the engine bring these resources of the state up to date, and no other.

    What it notes of interrupted starts stays. Raises OmicsError where it could not.
    """
    targets, given = list(urns), (*_of(stack), "--yes", "--skip-preview", "--skip-pending-creates")
    parts = [targets[n : n + _TARGETS] for n in range(0, len(targets), _TARGETS)]
    try:
        for part in parts:
            _run("refresh", *given, *(word for urn in part for word in ("--target", urn)))
    except OmicsError as error:
        raise OmicsError(
            "Refreshing the stack",
            error.detail,
            advice="Not all was recorded. Run `pulumi refresh` to see more.",
        ) from error


def preview(stack: str | None) -> str:
    """Return what `pulumi preview --json` of a stack prints, of the selected one for None.

    A preview that fails prints its errors, too. Raises OmicsError where it prints nothing.
    """
    # Unchanged runs are counted, and old runs that an update left over are seen, with these two.
    flags = ("--json", "--show-sames", "--show-replacement-steps")
    try:
        done = _done("preview", *flags, *_of(stack))
    except OmicsError as error:
        raise _no_preview(error.detail) from error
    if done.returncode != 0 and not _says_why(done.stdout):
        raise _no_preview(done.stderr.strip() or f"it ended with {done.returncode}")
    return done.stdout


def _says_why(text: str) -> bool:
    """Tell whether a preview has an error among its messages; what is no JSON has none."""
    try:
        messages = json.loads(text).get("diagnostics") or ()
    except (ValueError, AttributeError):
        return False
    return any(each.get("severity") == "error" for each in messages)


def _no_preview(why: str) -> OmicsError:
    return OmicsError(
        "`pulumi preview --json`",
        why,
        advice="Run the command in the folder of the stack's Pulumi.yaml, or give the preview's "
        "output as a file.",
    )


def _of(stack: str | None) -> tuple[str, ...]:
    return ("--stack", stack) if stack else ()


def _asked(*arguments: str) -> dict[str, Any]:
    text = _run(*arguments, seconds=LIMIT_SECONDS)
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise _cannot(_named(arguments), type(error).__name__) from error


def _run(
    *arguments: str, seconds: float | None = None, environment: Mapping[str, str] | None = None
) -> str:
    what = _named(arguments)
    try:
        done = _done(*arguments, seconds=seconds, environment=environment)
    except OmicsError as error:
        raise _cannot(what, error.detail) from error
    if done.returncode != 0:
        # An update writes why it failed to its standard output.
        why = done.stderr.strip() or "\n".join(done.stdout.strip().splitlines()[-_LINES:])
        raise _cannot(what, why or "it failed")
    return done.stdout


def _done(
    *arguments: str, seconds: float | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the CLI to its end. Raises OmicsError where it can't be started, or takes too long."""
    program = shutil.which("pulumi")
    if program is None:
        raise OmicsError("pulumi", "there is no `pulumi` on PATH")
    command = [program, *arguments, "--non-interactive", "--color", "never"]
    return run(command, {**os.environ, **(environment or {})}, seconds=seconds)


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: str | None = None,
    seconds: float | None,
) -> subprocess.CompletedProcess[str]:
    """Run a command of the CLI to its end, whatever that is.

    Raises OmicsError where it can't be started, or takes more than `seconds`.
    """
    try:
        return subprocess.run(  # noqa: S603  # fixed commands; names are arguments of their own
            command,
            cwd=folder,
            env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise OmicsError("pulumi", type(error).__name__) from error


def _named(arguments: Sequence[str]) -> str:
    shown = arguments[: arguments.index("--target")] if "--target" in arguments else arguments
    return f"`pulumi {' '.join(shown)}`"


def _cannot(what: str, why: str) -> OmicsError:
    return OmicsError(
        "Reading the stack",
        f"{what}: {why}",
        advice="Run it in the folder of the stack's Pulumi.yaml, where `pulumi stack ls` shows it; "
        "`explain` and `report` also take ids of runs.",
    )
