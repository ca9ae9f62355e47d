"""The command move: a stack's state with its resources at the native provider, for the engine."""

from __future__ import annotations

import argparse
import json
import sys
import uuid

from omics_provider.commands.options import write
from omics_provider.commands.words import counted
from omics_provider.engine import cli

from .rules.moved import moved


def run(options: argparse.Namespace) -> int:
    """Write what `pulumi stack import` is to take, and return the exit code."""
    export, config = cli.state(options.stack), cli.config(options.stack)
    state, count = moved(export, config, str(uuid.uuid4()))
    write(options.output, json.dumps(state, indent=4) + "\n")
    what = counted(count, "{} resource moves", "{} resources move")
    sys.stderr.write(f"{what} when `pulumi stack import --file {options.output}` takes this.\n")
    return 0
