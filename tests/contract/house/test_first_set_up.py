"""The first set-up: Python beside the engine, and a build that makes nothing twice.

No test here uses the network; `go` is a script.
"""

import importlib
import importlib.util
import json
import os
import re
import shutil
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.contract.house.set_up import ROOT, SETUP, modules, script

tools = pytest.fixture(modules, scope="module", name="tools")


# --- the build

GO = """
echo "$1 $(basename "$PWD") ${GOGC:-unset} $*" >> "$LOG"
case "$*" in *"list -m"*) echo "$SOURCES";; esac
case "$1" in build) echo built > "$(dirname "$LOG")/built/bin/$(basename "$PWD")";; esac
"""


@pytest.mark.parametrize("theirs", [{}, {"GOGC": "100"}])
def test_all_modules_are_fetched_before_the_builds_and_these_share_their_flags(
    tools: dict[str, ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    theirs: dict[str, str],
) -> None:
    build, log, work = tools["go_build"], tmp_path / "log", tmp_path / "built"
    work.mkdir()
    script(tmp_path / "path" / "go", GO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{os.environ['PATH']}")
    for source in build.SCRIPTS.values():
        script(tmp_path / "sources" / source, "echo a script")
    env = dict(os.environ) | {"LOG": str(log), "SOURCES": str(tmp_path / "sources")} | theirs
    build.build(tools["places"].Project(ROOT), work, env)
    said = [line.split(" ", 3) for line in log.read_text().splitlines()]
    assert sorted(line[:2] for line in said[:3]) == [["list", m] for m in sorted(build.MODULES)]
    builds = [line for line in said if line[0] == "build"]
    assert said[3:6] == builds
    assert [line[1] for line in builds] == list(build.MODULES)
    assert {line[2] for line in builds} == {theirs.get("GOGC", "off")}
    assert all(" ".join(build.FLAGS) in line[3] for line in said[:6])
    assert all(os.access(work / "bin" / name, os.X_OK) for name in build.SCRIPTS)


def test_the_builds_share_their_modules_but_the_sdk(tools: dict[str, ModuleType]) -> None:
    """A version of its own is a package compiled twice, and all that imports it."""
    pulumi = "github.com/pulumi/"
    versions: dict[str, set[str]] = {}
    for module in tools["go_build"].MODULES:
        text = (ROOT / "tools" / "engine" / module / "go.mod").read_text()
        for name, version in re.findall(r"^\t(\S+/\S+) (v\S+)", text, re.MULTILINE):
            versions.setdefault(name, set()).add(version)
    twice = {name for name, pinned in versions.items() if len(pinned) > 1}
    assert len(versions) > 200
    assert not [name for name in twice if not name.startswith(pulumi)]


# --- Python and the engine, side by side


@pytest.fixture
def set_up(tools: dict[str, ModuleType]) -> ModuleType:
    """The set-up's own file, which is no module of that name."""
    spec = importlib.util.spec_from_file_location("set_up", SETUP / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bare(tools: dict[str, ModuleType], tmp_path: Path) -> Any:
    """A clone with the files that decide what is set up, and nothing made."""
    root = tmp_path / "clone"
    shutil.copytree(ROOT / "tools" / "engine", root / "tools" / "engine")
    (root / ".venv").mkdir()
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    return tools["places"].Project(root)


def test_python_is_made_while_the_engine_is(
    tools: dict[str, ModuleType],
    set_up: ModuleType,
    bare: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    python, engine = threading.Event(), threading.Event()

    def ensure(_: Any, *, fresh: bool) -> None:
        python.set()
        assert fresh
        assert engine.wait(60)

    def find(_: Any) -> Any:
        engine.set()
        assert python.wait(60)
        return tools["engine"].Engine(Path("/e/pulumi"), None)

    monkeypatch.setattr(set_up.python_env, "ensure", ensure)
    monkeypatch.setattr(set_up, "find_engine", find)
    set_up._set_up(bare)
    assert json.loads(bare.stamp.read_text())["python"] == set_up.python_facts(bare)


@pytest.mark.parametrize("found", [True, False])
def test_a_python_that_fails_is_told_and_nothing_counts_as_set_up(
    tools: dict[str, ModuleType],
    set_up: ModuleType,
    bare: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: bool,
) -> None:
    error = tools["common"].SetupError

    def ensure(_: Any, *, fresh: bool) -> None:
        raise error("no package index")

    def find(_: Any) -> Any:
        if not found:
            raise error("no engine")
        return tools["engine"].Engine(Path("/e/pulumi"), None)

    monkeypatch.setattr(set_up.python_env, "ensure", ensure)
    monkeypatch.setattr(set_up, "find_engine", find)
    with pytest.raises(error, match="no package index"):
        set_up._set_up(bare)
    assert "python: failed" in capsys.readouterr().err
    assert not bare.stamp.exists()


def test_the_installer_waits_for_python(
    tools: dict[str, ModuleType], bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, error = tools["engine"], tools["common"].SetupError
    ran: list[object] = []

    def python() -> None:
        raise error("no package index")

    monkeypatch.setattr(engine, "run", lambda args, **_: ran.append(args[1]))
    official, _ = engine.cached(bare, {"HOME": str(bare.root)})
    with pytest.raises(error, match="no package index"):
        engine.from_installer(bare, official, python)
    assert ran == [SETUP / "probe.py"]
