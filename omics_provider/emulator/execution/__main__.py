"""`python -m omics_provider.emulator.execution`: carries out the runs of a state file, then ends.

The endpoint `local` starts it by itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from omics_provider.emulator.world.store import open_store

from .executor import carry_out


def main(arguments: list[str]) -> int:
    """Carry out what waits; a second process on the same file ends at once."""
    parser = argparse.ArgumentParser(
        prog="python -m omics_provider.emulator.execution",
        description="Execute the runs of a state file that wait for it. The endpoint `local` "
        "starts this by itself, and it ends by itself.",
    )
    parser.add_argument("--state", type=Path, required=True, help="the state file")
    carry_out(open_store(parser.parse_args(arguments).state))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
