"""What every test has: bytecode, and nothing that the caller's environment says of AWS.

Only those against a real account see the caller's AWS.
"""

from __future__ import annotations

import os
import sys

# At once, not in a hook or a fixture: modules of tests make clients as they are loaded.
if os.environ.get("OMICS_LIVE_TESTS") != "1":
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO", "MOTO_", "OMICS_EMULATOR_")):
            del os.environ[name]

# Without bytecode pytest rewrites each file of tests in each worker, and each Python that a test
# starts compiles the project anew: a third of the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
