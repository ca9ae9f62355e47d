"""What the options of all commands mean: where to ask, and where to write."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap
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


def style(options: argparse.Namespace) -> str:
    """Return how a report is to be written: as asked, else as fits the place it goes to."""
    if options.format:
        return str(options.format)
    return "text" if options.output == "-" and sys.stdout.isatty() else "markdown"


def write(output: str, text: str, *, is_prose: bool = False) -> None:
    """Write to a file, and say so; "-" is standard output.

    Lines of prose are broken between words where a terminal is too narrow for them.
    """
    if output == "-":
        fits = is_prose and sys.stdout.isatty()
        sys.stdout.write(fitted(text, shutil.get_terminal_size().columns) if fits else text)
    else:
        Path(output).write_text(text, "utf-8")
        sys.stderr.write(f"Written: {output}\n")


def fitted(text: str, columns: int) -> str:
    """Return a text with lines of at most so many characters, but for longer words.

    What goes on in another line stands below its beginning, a little to the right. A line of a
    message, after a bar, stays whole: it is none of ours.
    """
    lines: list[str] = []
    for line in text.splitlines():
        words = line.lstrip()
        indent = " " * (len(line) - len(words))
        if len(line) <= columns or words.startswith("| "):
            lines.append(line)
            continue
        lines += textwrap.wrap(
            words,
            columns,
            initial_indent=indent,
            subsequent_indent=f"{indent}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "".join(f"{line}\n" for line in lines)
