"""Where a preview comes from: a file, standard input, or the Pulumi CLI."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omics_provider.base.errors import OmicsError
from omics_provider.engine import cli


def digest(file: str | None, stack: str | None) -> Mapping[str, Any]:
    """Return what `pulumi preview --json` wrote into `file` ("-": standard input), or run it.

    Raises OmicsError where there is none.
    """
    if file is None:
        return _parsed(cli.preview(stack), "`pulumi preview --json`")
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    return _parsed(text, "standard input" if file == "-" else file)


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OmicsError(
            "Reading the preview",
            f"{name} holds no JSON object",
            advice="Give the standard output of `pulumi preview --json`.",
        )
    return found
