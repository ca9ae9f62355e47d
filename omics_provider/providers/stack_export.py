"""The stack's own recorded state, asked of the Pulumi CLI that this process works for.

Needed before a run is started: only the state tells the first start of a run from the retry of a
start that was interrupted (docs/adr/0003-exactly-once.md). Read once per process, which is once per
update. Secrets stay encrypted but where an interrupted start is found: then its inputs have to be
compared with those declared now.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

from omics_provider.core import recorded
from omics_provider.core.errors import OmicsError
from omics_provider.core.recorded import StackState

_LIMIT_SECONDS: Final = 120
_OPERATION: Final = "Looking for interrupted starts"

_states: dict[tuple[str, bool], StackState] = {}
_lock = threading.Lock()


def state_of(stack: str, *, secrets: bool = False) -> StackState:
    """Return the recorded state of `stack`, organization/project/stack; `secrets` in plain text.

    Raises OmicsError where the CLI or the state can't be had: nothing then tells whether a run was
    started before.
    """
    with _lock:
        if (stack, secrets) not in _states:
            options = ["--show-secrets"] if secrets else []
            _states[stack, secrets] = recorded.parse(_exported(stack, options))
        return _states[stack, secrets]


def _exported(stack: str, options: list[str]) -> Any:
    command = [_cli(), "stack", "export", "--stack", stack, "--non-interactive", *options]
    try:
        done = subprocess.run(  # noqa: S603  # a fixed command; the stack's name is one argument
            command, capture_output=True, check=True, timeout=_LIMIT_SECONDS, env=_environment()
        )
        return json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise _cannot(f"`pulumi stack export` failed ({type(error).__name__})") from error


def _cli() -> str:
    """Return the CLI's path: the engine that serves this process, else the one on PATH."""
    parent = Path(f"/proc/{os.getppid()}/exe")
    if parent.exists() and parent.resolve().stem == "pulumi":
        return str(parent.resolve())
    found = shutil.which("pulumi")
    if found is None:
        raise _cannot("there is no `pulumi` on PATH")
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _cannot(why: str) -> OmicsError:
    return OmicsError(
        _OPERATION,
        f"{why}, so nothing tells whether an interrupted update has started it already",
        advice="Nothing was started. Make `pulumi stack export` work where `pulumi up` runs.",
    )
