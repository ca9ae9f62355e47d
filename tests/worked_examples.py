"""tools/capture.py as a module, and the page whose examples it runs."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def _loaded() -> ModuleType:
    spec = spec_from_file_location("capture", ROOT / "tools" / "capture.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


capture = _loaded()
TEXT = capture.PAGE.read_text("utf-8")
