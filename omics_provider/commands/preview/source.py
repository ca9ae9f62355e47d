"""Where a preview comes from: a file, standard input, or the Pulumi CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omics_provider.base.errors import OmicsError


def digest(file: str | None, stack: str | None) -> Mapping[str, Any]:
    """Return what `pulumi preview --json` wrote into `file` ("-": standard input), or run it.

    Raises OmicsError where there is none.
    """
    if file is None:
        return _run(stack)
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    return _parsed(text, "standard input" if file == "-" else file)


def _run(stack: str | None) -> Mapping[str, Any]:
    """Run the preview; one that fails is told of, too, where it says what is wrong."""
    cli = shutil.which("pulumi")
    if cli is None:
        raise _cannot("there is no `pulumi` on PATH")
    which = ["--stack", stack] if stack else []
    # Unchanged runs are counted, and old runs that an update left over are seen, with these two.
    flags = ["--json", "--show-sames", "--show-replacement-steps", "--non-interactive"]
    done = subprocess.run(  # noqa: S603  # fixed commands; the stack's name is one argument
        [cli, "preview", *flags, "--color", "never", *which],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    if done.returncode != 0 and not done.stdout.lstrip().startswith("{"):
        raise _cannot(done.stderr.strip() or f"it ended with {done.returncode}")
    found = _parsed(done.stdout, "`pulumi preview --json`")
    if done.returncode == 0 or _has_error(found):
        return found
    raise _cannot(done.stderr.strip() or f"it ended with {done.returncode}")


def _has_error(found: Mapping[str, Any]) -> bool:
    return any(each.get("severity") == "error" for each in found.get("diagnostics") or ())


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OmicsError(
            "Reading the preview",
            f"{name} holds no JSON object",
            advice="Give what `pulumi preview --json` wrote to its standard output.",
        )
    return found


def _cannot(why: str) -> OmicsError:
    return OmicsError(
        "`pulumi preview --json`",
        why,
        advice="Run it in the folder of the stack's Pulumi.yaml, or give its output as a file.",
    )
