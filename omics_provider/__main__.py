"""`python -m omics_provider`, also installed as the command `omics`."""

from __future__ import annotations

import sys

from omics_provider.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
