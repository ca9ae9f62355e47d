"""Type tokens of this package's resources, as Python's classes have them; and at the other door."""

from __future__ import annotations

import json
from typing import Any

from omics_provider.engine import urn

RUN = f"{urn.DYNAMIC}{urn.RUN}"
BATCH = f"{urn.DYNAMIC}{urn.BATCH}"
GROUP = f"{urn.DYNAMIC}{urn.GROUP}"
CACHE = f"{urn.DYNAMIC}{urn.CACHE}"
WORKFLOW = f"{urn.DYNAMIC}{urn.WORKFLOW}"


def at_native_door(document: Any) -> Any:
    """Return what the engine writes, with resources that the native provider has."""
    return json.loads(json.dumps(document).replace(urn.DYNAMIC, urn.NATIVE))
