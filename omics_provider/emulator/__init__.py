"""AWS HealthOmics for one machine, on moto.

Three doors lead to the same service:

- `omics_provider.emulator.doors.local.attach(client, state)` answers one boto3 client in its own
  process;
- `install()` makes moto's `mock_aws` and moto's server know omics;
- `python -m omics_provider.emulator` serves omics beside moto's s3, iam, sts, logs and events.

`omics_provider.emulator.control` steers it: faults, settings, time, the log of calls.
docs/behaviours.md says what it does, and by which source.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omics_provider.emulator.world.store import Store

__all__ = ["install"]


def install(
    state: str | Path | None = None,
    *,
    execute: bool = False,
    images: str | Path | Mapping[str, str] | None = None,
    buckets: str | Path | Mapping[str, str] | None = None,
) -> Store:
    """Make moto's `mock_aws` and moto's server know omics, in this process.

    Under `mock_aws` what runs leave in moto's s3, logs and events is written with the next call
    of omics; the server writes it before any call.

    Without a state file, runs live in memory and end with the mock, as everything of moto
    does. The store that comes back is what `omics_provider.emulator.control` takes. Calling
    it again changes nothing but the state file, where one is given, and whether runs are executed.

    With `execute`, runs of WDL workflows are executed in this process (docs/execution.md).
    `images` maps image names, or `*`, to folders with a root file system or to local images,
    `buckets` maps buckets to folders that stand for them: mappings, or JSON files.
    """
    from omics_provider.emulator.doors.moto import seams
    from omics_provider.emulator.world.execution import Execution

    execution = Execution.of(images, buckets, Path.cwd()) if execute else None
    return seams.install(state, execution)
