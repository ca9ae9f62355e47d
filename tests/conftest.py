"""No test but those against a real account sees what the caller's environment says of AWS."""

from __future__ import annotations

import os

# At once, not in a hook or a fixture: modules of tests make clients as they are loaded.
if os.environ.get("OMICS_LIVE_TESTS") != "1":
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO", "MOTO_", "OMICS_EMULATOR_")):
            del os.environ[name]
