"""The runs of a stack and where they are, asked of the Pulumi CLI.

Secrets are not asked for: they stay encrypted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.core.errors import OmicsError

from .gathering import Wanted

_RUN: Final = "pulumi-python:dynamic/omics:Run"
_LIMIT_SECONDS: Final = 120


def runs_of(state: Mapping[str, Any]) -> list[Wanted]:
    """Return the runs that `pulumi stack export` prints, without those that are on their way out.

    A resource whose start was interrupted has no run yet, and is left out.
    """
    resources = (state.get("deployment") or {}).get("resources") or []
    return [
        Wanted(
            id=str(resource["id"]),
            resource=str(resource["urn"]).rpartition("::")[2],
            uuid=resource["outputs"]["uuid"],
            recorded=_told(resource["outputs"]),
        )
        for resource in resources
        if resource.get("type") == _RUN
        and not resource.get("delete")
        and isinstance((resource.get("outputs") or {}).get("uuid"), str)
    ]


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


def state(stack: str) -> dict[str, Any]:
    """Return the stack's state. Raises OmicsError where it can't be had."""
    return _asked("stack", "export", "--stack", stack)


def config(stack: str) -> dict[str, str]:
    """Return the stack's configuration without its secrets, by full key such as `omics:region`."""
    found = _asked("config", "--json", "--stack", stack)
    return {
        key: str(entry["value"])
        for key, entry in found.items()
        if isinstance(entry, dict) and "value" in entry and not entry.get("secret")
    }


def _asked(*arguments: str) -> dict[str, Any]:
    what = f"`pulumi {' '.join(arguments)}`"
    cli = shutil.which("pulumi")
    if cli is None:
        raise _cannot(what, "there is no `pulumi` on PATH")
    try:
        done = subprocess.run(  # noqa: S603  # fixed commands; the stack's name is one argument
            [cli, *arguments, "--non-interactive"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_LIMIT_SECONDS,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
        found = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        raise _cannot(what, str(error.stderr).strip() or "it failed") from error
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise _cannot(what, type(error).__name__) from error
    return dict(found)


def _cannot(what: str, why: str) -> OmicsError:
    return OmicsError(
        "Reading the stack",
        f"{what}: {why}",
        advice="Run it in the folder of the stack's Pulumi.yaml, where `pulumi stack ls` shows it; "
        "or name the runs with --runs.",
    )
