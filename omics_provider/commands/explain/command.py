"""The command explain: why runs failed."""

from __future__ import annotations

import argparse
import sys

from omics_provider.commands.options import settings
from omics_provider.explain.gather import explain_ids


def run(options: argparse.Namespace) -> int:
    """Explain the runs that are named, and return the exit code."""
    explained = explain_ids(settings(options, {}), options.runs)
    sys.stdout.write(explained.text + "\n")
    return 1 if explained.missing else 0
