"""The project's virtual environment, made from requirements.lock with every hash checked."""

import os
import re
import sys
import tempfile
from pathlib import Path

from common import CannotWorkError, SetupError, run, say
from places import Project

LIMIT = 1800.0
UV_LIMIT = 600.0
UV_SETTINGS = {"UV_HTTP_TIMEOUT": "10", "UV_HTTP_RETRIES": "1", "UV_SYSTEM_CERTS": "true"}
"""What the user's environment leaves open. uv trusts what the machine trusts, as pip does."""


def ensure(project: Project, *, fresh: bool) -> None:
    """Bring the virtual environment to the lock's state; `fresh` makes it anew first."""
    if fresh:
        _make(project)
    try:
        say("python: installing requirements.lock with uv, which takes seconds")
        _sync_with_uv(project)
    except CannotWorkError as reason:
        say(f"python: not with uv: {reason}")
        say("python: installing requirements.lock with pip, which takes about a minute")
        _sync_with_pip(project)
    _install_project(project)


def locked_entry(lock: str, name: str) -> str:
    """Give the lines of one package in a lock file: its pin and its hashes."""
    match = re.search(rf"^{re.escape(name)}==.*\n(?:[ \t].*\n)*", lock, re.MULTILINE)
    if match is None:
        raise SetupError(f"requirements.lock has no {name}. Renew it with `make lock`.")
    return match.group(0)


def _make(project: Project) -> None:
    say(f"python: making {project.venv} with Python {sys.version.split()[0]}")
    try:
        run([sys.executable, "-m", "venv", "--clear", project.venv], limit=LIMIT)
    except CannotWorkError as reason:
        raise SetupError(
            f"no virtual environment: {reason}\nOn Debian and Ubuntu: apt-get install python3-venv."
        ) from reason


def _pip(project: Project, *args: str | Path) -> None:
    fixed = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([project.python, "-m", "pip", "install", *fixed, *args], limit=LIMIT)


def _sync_with_uv(project: Project) -> None:
    entry = locked_entry(project.lock_file.read_text(), "uv")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "uv.txt"
        wanted.write_text(entry)
        _pip(project, "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", wanted)
    uv = project.venv / "bin" / "uv"
    target = ["--python", project.python, project.lock_file]
    run(
        [uv, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", *target],
        limit=UV_LIMIT,
        cwd=project.root,
        env=UV_SETTINGS | os.environ,
    )


def _sync_with_pip(project: Project) -> None:
    try:
        _pip(project, "--require-hashes", "-r", project.lock_file)
    except CannotWorkError as reason:
        raise SetupError(
            f"requirements.lock can't be installed: {reason}\nSee that pip reaches a package "
            "index (PIP_INDEX_URL, HTTPS_PROXY, PIP_CERT), then run this again."
        ) from reason


def _install_project(project: Project) -> None:
    """Install the package itself, editable, with the build tools of the lock and no network."""
    say("python: installing the package itself, editable")
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    try:
        _pip(project, *offline, "--editable", project.root)
    except CannotWorkError as reason:
        raise SetupError(f"the package can't be installed: {reason}") from reason
