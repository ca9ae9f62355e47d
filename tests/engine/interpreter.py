"""The Python of this tier's commands: this one, but for the list of packages.

Pulumi's language host asks `python -m pip list` in each command which packages bring plugins. That
takes a third of a command's processor time. The environment of the tests stays as it is, so pip is
asked once. The test of the wheel runs in an environment that asks pip itself.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from atexit import register
from functools import cache
from pathlib import Path
from typing import Final

LIST: Final = ("-m", "pip", "list", "-v", "--format", "json")
"""What the host asks (pulumi-language-python, toolchain/pip.go: ListPackages)."""


@cache
def interpreter() -> str:
    """Return a command that answers LIST as pip did once, and is this Python for all else."""
    folder = Path(tempfile.mkdtemp(prefix="omics-tests-python-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    packages = folder / "packages.json"
    with packages.open("wb") as file:
        subprocess.run([sys.executable, *LIST], stdout=file, timeout=120, check=True)
    command = folder / "python"
    command.write_text(
        "#!/bin/sh\n"
        f'if [ "$*" = {shlex.quote(" ".join(LIST))} ]; then exec cat {packages}; fi\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    command.chmod(0o755)
    return str(command)
