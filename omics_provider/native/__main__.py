"""`python -m omics_provider.native`: the same as `pulumi-resource-omics`."""

from __future__ import annotations

import sys

from .server import main

if __name__ == "__main__":
    sys.exit(main())
