"""The runs of a stack and where they are, asked of the Pulumi CLI.

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
from omics_provider.base.settings import PROVIDER, Settings, from_config
from omics_provider.commands.report.gather import Wanted

_PROVIDER: Final = "pulumi:providers:pulumi-python"
_RUN: Final = "pulumi-python:dynamic/omics:Run"
_LIMIT_SECONDS: Final = 120
#: Resources of one refresh: a command line has a limit.
_TARGETS: Final = 1000
#: Lines of a failed update that are told.
_LINES: Final = 12


def runs_of(state: Mapping[str, Any]) -> list[Wanted]:
    """Return the runs that `pulumi stack export` prints, without those that are on their way out.

    A resource whose start was interrupted has no run yet, and is left out.
    """
    resources = (state.get("deployment") or {}).get("resources") or []
    places = _places(resources)
    return [
        Wanted(
            id=str(resource["id"]),
            resource=str(resource["urn"]).rpartition("::")[2],
            uuid=resource["outputs"]["uuid"],
            recorded=_told(resource["outputs"]),
            place=places.get(resource.get("provider", "")),
        )
        for resource in resources
        if resource.get("type") == _RUN
        and not resource.get("delete")
        and isinstance((resource.get("outputs") or {}).get("uuid"), str)
    ]


def _places(resources: Iterable[Mapping[str, Any]]) -> dict[str, Settings]:
    """Return the places of the stack's Providers, by the reference that resources have to them."""
    return {
        f"{resource['urn']}::{resource['id']}": _place(resource["inputs"])
        for resource in resources
        if resource.get("type") == _PROVIDER and PROVIDER in (resource.get("inputs") or {})
    }


def _place(inputs: Mapping[str, Any]) -> Settings:
    hidden = sorted(key for key, value in inputs.items() if not isinstance(value, str))
    if hidden:
        raise OmicsError(
            "Reading the stack",
            f"{', '.join(hidden)} of Provider {inputs[PROVIDER]} is secret, and secrets stay "
            "encrypted, so where its runs are is not known",
            advice="Set it without --secret, then run `pulumi up`; or name the runs with --runs.",
        )
    return from_config(inputs.get)


#: What a report takes from a state: none of it can hold a secret input but the name.
_TOLD: Final = (
    "uuid", "name", "status", "workflowId", "failureReason", "statusMessage", "runOutputUri",
    "creationTime", "startTime", "stopTime", "logLocation",
)  # fmt: skip


def _told(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: outputs[name]
        for name in _TOLD
        if isinstance(outputs.get(name), str) or (name == "logLocation" and name in outputs)
    }


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


def selected() -> str:
    """Return the name of the stack that is selected in this folder."""
    return _run("stack", "--show-name", seconds=_LIMIT_SECONDS).strip()


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
            advice="Not all was recorded. `pulumi refresh` itself may say more.",
        ) from error


def _of(stack: str | None) -> tuple[str, ...]:
    return ("--stack", stack) if stack else ()


def _asked(*arguments: str) -> dict[str, Any]:
    text = _run(*arguments, seconds=_LIMIT_SECONDS)
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise _cannot(_named(arguments), type(error).__name__) from error


def _run(*arguments: str, seconds: float | None = None) -> str:
    what = _named(arguments)
    cli = shutil.which("pulumi")
    if cli is None:
        raise _cannot(what, "there is no `pulumi` on PATH")
    try:
        done = subprocess.run(  # noqa: S603  # fixed commands; names are arguments of their own
            [cli, *arguments, "--non-interactive", "--color", "never"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _cannot(what, type(error).__name__) from error
    if done.returncode != 0:
        # What an update tells of its failure is on its standard output.
        told = done.stderr.strip() or "\n".join(done.stdout.strip().splitlines()[-_LINES:])
        raise _cannot(what, told or "it failed")
    return done.stdout


def _named(arguments: Sequence[str]) -> str:
    shown = arguments[: arguments.index("--target")] if "--target" in arguments else arguments
    return f"`pulumi {' '.join(shown)}`"


def _cannot(what: str, why: str) -> OmicsError:
    return OmicsError(
        "Reading the stack",
        f"{what}: {why}",
        advice="Run it in the folder of the stack's Pulumi.yaml, where `pulumi stack ls` shows it; "
        "the command report takes --runs instead.",
    )
