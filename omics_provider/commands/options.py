"""What the options of all commands mean: where to ask, and where to write."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from omics_provider.base.errors import SettingsError
from omics_provider.base.settings import Settings, from_config


def settings(options: argparse.Namespace, config: Mapping[str, str]) -> Settings:
    """Take the options first, then the stack's configuration, then the environment."""
    given = {
        "omics:region": options.region,
        "omics:profile": options.profile,
        "omics:endpoint": options.endpoint,
    }
    # boto3 reads the endpoint without telling that there is no console.
    variables = {
        "omics:endpoint": os.environ.get("AWS_ENDPOINT_URL_OMICS")
        or os.environ.get("AWS_ENDPOINT_URL"),
    }
    known: dict[str, str] = {}
    for source in (variables, config, given):
        known |= {key: value for key, value in source.items() if value}
    try:
        return from_config(known.get)
    except SettingsError as error:
        raise SettingsError(
            error.operation, error.detail, advice="Give --endpoint URL, or `local`."
        ) from None


def write(output: str, text: str) -> None:
    """Write to a file, and say so; "-" is standard output."""
    if output == "-":
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, "utf-8")
        sys.stderr.write(f"Written: {output}\n")
