"""The modules of tools/setup, and scripts that stand for what they call."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
SETUP = ROOT / "tools" / "setup"
_NAMES = ("common", "versions", "places", "cache", "go_build", "python_env", "engine")


def modules() -> Iterator[dict[str, ModuleType]]:
    """Give the modules, which are no package: only tools/bootstrap runs them."""
    sys.path.insert(0, str(SETUP))
    try:
        yield {name: importlib.import_module(name) for name in _NAMES}
    finally:
        sys.path.remove(str(SETUP))
        for name in _NAMES:
            sys.modules.pop(name, None)


def script(path: Path, body: str) -> Path:
    """Write a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path
