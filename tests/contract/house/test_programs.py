"""tools/languages takes a program through its life. The engine and the hosts are stand-ins here."""

import importlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("programs", "sdks", "generator", "go_build", "common", "places", "versions")
UP = """\
    pulumi:pulumi:Stack one-run-dev  2 warnings

Resources:
    + 2 created
    1 unchanged

Duration: 15s
"""


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of tools/languages, which is no package."""
    for name in ("setup", "languages"):
        monkeypatch.syspath_prepend(str(ROOT / "tools" / name))
    yield importlib.import_module("programs")
    for name in NAMES:
        sys.modules.pop(name, None)


class Engine:
    """What stands for the engine: a run for each id, started anew by an update where that is so."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.tags: dict[str, str] = {}
        self.restarts = self.forgets_tags = self.leaves = self.starts_two = False

    def pulumi(self, *arguments: str) -> str:
        if arguments[0] == "up" and (not self.ids or self.restarts):
            self.ids.append(f"100000{len(self.ids)}")
        if arguments[0] == "destroy" and not self.leaves:
            self.ids.clear()
        if arguments[:2] == ("stack", "export"):
            found = [{"type": "omics:index:Run", "id": each} for each in self.ids[-1:]]
            return json.dumps({"deployment": {"resources": found}})
        return '{"status": "COMPLETED"}' if arguments[:2] == ("stack", "output") else UP

    def started(self) -> dict[str, dict[str, str]]:
        more = ["9999999"] if self.starts_two and self.ids else []
        return dict.fromkeys([*self.ids, *more], self.tags)


@pytest.fixture
def engine() -> Engine:
    """An engine that does all as it should."""
    return Engine()


@pytest.fixture
def project(
    programs: ModuleType, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A project of one run, whose tags the engine reads from its program."""
    made = programs.Project(tmp_path, "main.go", 1, "Mode: ", "Tags: more, ", {})
    (tmp_path / "main.go").write_text("Args{Mode: x}")
    add = made.add_tag

    def add_tag(_: Any) -> None:
        add()
        if not engine.forgets_tags:
            engine.tags = dict([programs.TAG])

    monkeypatch.setattr(programs.Project, "pulumi", lambda _, *words: engine.pulumi(*words))
    monkeypatch.setattr(programs.Project, "started", lambda _: engine.started())
    monkeypatch.setattr(programs.Project, "add_tag", add_tag)
    return made


def test_a_program_s_life_is_told_with_its_counts(programs: ModuleType, project: Any) -> None:
    assert programs._tried(project) == (
        "up: 2 created, 1 unchanged, 1 started; preview: no changes; up with a changed tag: "
        "2 created, 1 unchanged, none started; destroy: 2 created, 1 unchanged"
    )
    assert (project.folder / "main.go").read_text() == "Args{Tags: more, Mode: x}"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("starts_two", "up: other runs were started"),
        ("restarts", "a changed tag: another run"),
        ("forgets_tags", "a changed tag: it is not on the runs"),
        ("leaves", "destroy: a run is in the state"),
    ],
)
def test_what_the_engine_does_wrong_is_said(
    programs: ModuleType, project: Any, engine: Engine, fault: str, said: str
) -> None:
    setattr(engine, fault, True)
    with pytest.raises(sys.modules["sdks"].Failed, match=said):
        programs._tried(project)


def test_a_program_without_the_line_for_a_tag_is_wrong(programs: ModuleType, project: Any) -> None:
    (project.folder / "main.go").write_text("Args{}")
    with pytest.raises(sys.modules["sdks"].Failed, match="no single 'Mode: '"):
        programs._tried(project)


def test_the_hosts_are_built_once_of_their_own_pins(
    programs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_build, built = sys.modules["go_build"], []
    monkeypatch.setattr(go_build, "ready", lambda *_: {})
    monkeypatch.setattr(
        go_build, "compile_into", lambda _, module, package, __: built.append((module, package))
    )
    clone = sys.modules["places"].Project(tmp_path / "clone")
    shutil.copytree(ROOT / "tools" / "engine", clone.pins)
    environ = {"HOME": str(tmp_path)}
    first = programs.hosts(clone, environ)
    assert programs.hosts(clone, environ) == first
    assert first.is_relative_to(tmp_path / ".cache" / "omics-provider" / "hosts")
    module = clone.pins / "languages"
    assert [each for each, _ in built] == [module, module]
    names = [package.rpartition("/")[2] for _, package in built]
    assert names == ["pulumi-language-nodejs", "pulumi-language-go"]
    tools = re.findall(r"^\t(\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    assert sorted(tools) == sorted(package for _, package in built)
    with (module / "go.sum").open("a") as sums:
        sums.write("another pin\n")
    assert programs.hosts(clone, environ) != first
    assert len(built) == 4
