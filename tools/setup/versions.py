"""Versions of Pulumi and Go: read from text and from go.mod, the one home of the pins."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from common import run


class Version(NamedTuple):
    """A version that compares as versions do; a pre-release comes before its release."""

    major: int
    minor: int
    patch: int
    released: bool = True

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + ("" if self.released else "-pre")


_TEXT = re.compile(r"(?:go|v)?(\d+)\.(\d+)(?:\.(\d+))?(-|rc|beta|alpha)?")


def parse(text: str) -> Version | None:
    """Read `v3.259.0`, `3.260.0-alpha.1+dirty`, `go1.26.8`, `go1.26rc1`; None if it is none."""
    match = _TEXT.match(text.strip())
    if match is None:
        return None
    major, minor, patch, pre = match.groups()
    return Version(int(major), int(minor), int(patch or 0), released=pre is None)


def required(go_mod: str, module: str) -> Version:
    """Give the version of `module` that a go.mod pins; `go` stands for Go itself."""
    match = re.search(rf"^\s*(?:require )?{re.escape(module)} (\S+)", go_mod, re.MULTILINE)
    version = parse(match.group(1)) if match else None
    if version is None:
        raise ValueError(f"go.mod pins no version of {module}")
    return version


def ask(program: Path) -> Version | None:
    """Ask a pulumi for its version; None if its answer names none."""
    env = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    return parse(run([program, "version"], limit=30.0, env=env))
