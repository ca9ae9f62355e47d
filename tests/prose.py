"""The modules of tools/prose, which is run as a program."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def _loaded(name: str, folder: str) -> ModuleType:
    sys.path.insert(0, str(ROOT / folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / folder))


messages = _loaded("messages", "tools/prose")
pages = _loaded("pages", "tools/prose")
rules = _loaded("rules", "tools/prose")
pictures = _loaded("pictures", "tools")
