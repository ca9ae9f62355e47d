"""What every test has: bytecode, and nothing that the caller's environment says of AWS.

Only those against a real account see the caller's AWS.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path

import pytest

# At once, not in a hook or a fixture: modules of tests make clients as they are loaded.
if os.environ.get("OMICS_LIVE_TESTS") != "1":
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO", "MOTO_", "OMICS_EMULATOR_")):
            del os.environ[name]

# Without bytecode pytest rewrites each file of tests in each worker, and each Python that a test
# starts compiles the project anew: a third of the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection(session: pytest.Session) -> None:
    """Share the work of a first run: each worker of xdist first compiles files of its own.

    They all need each file, with its assertions rewritten; whoever comes second finds it written.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    files = sorted(path for each in session.config.args for path in Path(each).rglob("test_*.py"))
    root = session.config.rootpath
    for path in files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        name = ".".join(path.absolute().relative_to(root).with_suffix("").parts)
        # What can't be imported is told by the collection, which comes next.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
