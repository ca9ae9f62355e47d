"""tools/capture.py as a module, and the pages whose examples it runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def _loaded() -> ModuleType:
    # The tools are no package: each is run as a program, beside the others.
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return importlib.import_module("capture")
    finally:
        sys.path.remove(str(ROOT / "tools"))


capture = _loaded()
TEXTS = {path: path.read_text("utf-8") for path in capture.PAGES}
