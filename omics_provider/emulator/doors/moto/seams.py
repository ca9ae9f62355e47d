"""The two private seams of moto through which a service from outside gets in.

Moto 5.2 has no plug-in point. It looks a service up as the module `moto.<name>`, and finds the
name in a list of URL patterns. tests/emulator checks both after each update of moto.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from moto import backend_index

from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.store import Store, open_store

from . import models
from .urls import url_bases

_NAME: Final = "omics"


def install(state: str | Path | None = None, execution: Execution | None = None) -> Store:
    """Register the service with moto; see `omics_provider.emulator.install`."""
    sys.modules["moto.omics"] = models
    if all(name != _NAME for name, _ in backend_index.backend_url_patterns):
        backend_index.backend_url_patterns.append((_NAME, re.compile(url_bases[0])))
    home = models.OmicsBackend.home
    if state is not None or execution != home.execution:
        store = home.store if state is None else open_store(state)
        models.OmicsBackend.home = models.Home(store, execution)
    return models.OmicsBackend.home.store
