"""The set-up under tools/: how it decides, what it keeps, what a shell gets from it.

No test here uses the network. The engines are shell scripts a few bytes long.
"""

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.contract.house.set_up import ROOT, SETUP, modules, script

tools = pytest.fixture(modules, scope="module", name="tools")


def fill(tools: dict[str, ModuleType], folder: Path, version: str = "v3.259.0") -> None:
    """Make something that passes for an engine: it says its version."""
    for name in tools["cache"].FILES:
        script(folder / "bin" / name, f"echo {version}")


# --- versions and pins


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("v3.259.0\n", (3, 259, 0, True)),
        ("3.259.0", (3, 259, 0, True)),
        ("v3.260.0-alpha.1+dirty", (3, 260, 0, False)),
        ("go1.26.8", (1, 26, 8, True)),
        ("go1.26rc1", (1, 26, 0, False)),
        ("devel go1.27", None),
        ("", None),
    ],
)
def test_a_version_is_read_from_what_programs_say(
    tools: dict[str, ModuleType], text: str, parsed: tuple[Any, ...] | None
) -> None:
    assert tools["versions"].parse(text) == parsed


def test_versions_compare_by_number_and_a_prerelease_comes_first(
    tools: dict[str, ModuleType],
) -> None:
    parse = tools["versions"].parse
    texts = ["v3.99.9", "v3.259.0-rc.1", "v3.259.0", "v3.259.1", "v3.1000.0", "v4.0.0"]
    assert sorted(texts, key=parse) == texts


def test_the_pins_have_one_home(tools: dict[str, ModuleType]) -> None:
    project = tools["places"].Project(ROOT)
    assert str(project.pulumi_version) == "3.259.0"
    assert project.go_version > (1, 25)
    with pytest.raises(ValueError, match="pins no version"):
        tools["versions"].required("module x\n\ngo 1.25.11\n", "example.org/none")


@pytest.mark.parametrize("lock", ["requirements.lock", "tools/clients/requirements.lock"])
def test_every_locked_package_has_hashes_and_the_lock_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = [line for line in text.splitlines() if line and line[0].isalpha()]
    assert len(entries) > 50
    assert all("==" in line and line.endswith("\\") for line in entries)
    assert not [word for word in ("://", "--index", "--find-links", "file:") if word in text]


def test_the_lock_holds_what_the_set_up_itself_needs(tools: dict[str, ModuleType]) -> None:
    text = (ROOT / "requirements.lock").read_text()
    for name in ("uv", "hatchling", "editables"):
        entry = tools["python_env"].locked_entry(text, name)
        assert entry.startswith(f"{name}==")
        assert "--hash=sha256:" in entry
        assert entry.count("==") == 1
    with pytest.raises(tools["common"].SetupError, match="make lock"):
        tools["python_env"].locked_entry(text, "no-such-package")


# --- where things go


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"HOME": "/h"}, "/h/.cache/omics-provider/engine"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "/c/omics-provider/engine"),
        ({"HOME": "/h", "XDG_CACHE_HOME": ""}, "/h/.cache/omics-provider/engine"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "/h/.cache/omics-provider/engine"),
    ],
)
def test_the_cache_is_where_xdg_says(
    tools: dict[str, ModuleType], environ: dict[str, str], root: str
) -> None:
    assert tools["places"].cache_root(environ) == Path(root)


def test_our_own_engine_on_path_is_not_taken_for_the_users(
    tools: dict[str, ModuleType], tmp_path: Path
) -> None:
    cache, clone = tmp_path / "cache", tmp_path / "clone"
    (cache / "1-go" / "bin").mkdir(parents=True)
    clone.mkdir()
    (clone / "engine").symlink_to(cache / "1-go" / "bin")
    entries = [str(clone / "engine"), "/usr/bin", "", str(cache / "1-go" / "bin")]
    path = tools["places"].search_path({"PATH": os.pathsep.join(entries)}, cache)
    assert path == "/usr/bin"


def test_clones_with_other_pins_do_not_take_each_others_build(
    tools: dict[str, ModuleType], tmp_path: Path
) -> None:
    clone, environ = tmp_path / "clone", {"HOME": str(tmp_path)}
    shutil.copytree(ROOT / "tools" / "engine", clone / "tools" / "engine")
    project = tools["places"].Project(clone)
    official, built = tools["engine"].cached(project, environ)
    assert tools["engine"].cached(project, environ) == (official, built)
    with (clone / "tools" / "engine" / "host" / "go.sum").open("a") as sums:
        sums.write("another pin\n")
    same, other = tools["engine"].cached(project, environ)
    assert same == official
    assert other.place.parent == built.place.parent
    assert other.place.name != built.place.name


# --- the choice of the way


def test_the_first_way_that_works_is_taken_and_no_later_one_is_tried(
    tools: dict[str, ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    engine, common = tools["engine"], tools["common"]
    works = engine.Engine(Path("/e/pulumi"), None)

    def fails() -> None:
        raise common.CannotWorkError("it is broken")

    def never() -> None:
        raise AssertionError("a later way was tried")

    found = engine.find_engine([("A", fails), ("B", lambda: works), ("C", never)])
    assert found is works
    assert capsys.readouterr().err == "set-up: engine: not from A: it is broken\n"


def test_no_way_left_says_all_that_was_tried_and_what_to_install(
    tools: dict[str, ModuleType],
) -> None:
    engine, common = tools["engine"], tools["common"]

    def fails() -> None:
        raise common.CannotWorkError("no go on PATH")

    with pytest.raises(common.SetupError, match=r"(?s)Go: no go on PATH.*Install Pulumi") as caught:
        engine.find_engine([("Go", fails)])
    assert not isinstance(caught.value, common.CannotWorkError)


def test_the_ways_come_in_the_promised_order(tools: dict[str, ModuleType]) -> None:
    project = tools["places"].Project(ROOT)
    names = [name for name, _ in tools["engine"].ways(project, {"HOME": "/h"}, lambda: None)]
    assert names == ["PATH", "the cache", "Pulumi's installer", "a build with Go"]


@pytest.mark.parametrize(
    ("version", "lacks", "reason"),
    [
        ("v3.259.0", (), None),
        ("v3.300.1", (), None),
        ("v3.258.9", (), "older than 3.259.0"),
        ("v3.259.0-dev.1", (), "older than 3.259.0"),
        ("v4.0.0", (), "knows only 3.x"),
        ("v3.259.0", ("pulumi-language-python",), "lacks pulumi-language-python"),
        ("v3.259.0", ("pulumi-language-yaml",), "lacks pulumi-language-yaml"),
        ("hello", (), "does not say its version"),
    ],
)
def test_a_pulumi_on_path_is_used_only_if_it_will_do(
    tools: dict[str, ModuleType], version: str, lacks: tuple[str, ...], reason: str | None
) -> None:
    parse = tools["versions"].parse
    found = tools["engine"].Found(Path("/bin/pulumi"), parse(version), lacks)
    answer = tools["engine"].why_not(found, parse("3.259.0"))
    assert (answer is None) if reason is None else (reason in answer)


def test_a_pulumi_on_path_may_have_its_helpers_beside_its_real_file(
    tools: dict[str, ModuleType], tmp_path: Path
) -> None:
    fill(tools, tmp_path)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "pulumi").symlink_to(tmp_path / "bin" / "pulumi")
    oldest = tools["versions"].parse("3.259.0")
    found = tools["engine"].from_path(oldest, str(tmp_path / "links"))
    assert found == tools["engine"].Engine(tmp_path / "links" / "pulumi", None)
    (tmp_path / "bin" / "pulumi-language-python").unlink()
    with pytest.raises(tools["common"].CannotWorkError, match=r"lacks pulumi-language-python$"):
        tools["engine"].from_path(oldest, str(tmp_path / "links"))


@pytest.mark.parametrize(
    ("version", "setting", "reason"),
    [
        ("go1.25.11", None, None),
        ("go1.26.8", "local", None),
        ("go1.24.6", None, None),
        ("go1.24.6", "go1.24.6+auto", None),
        ("go1.24.6", "local", "GOTOOLCHAIN=local forbids"),
        ("go1.20.3", "auto", "too old to fetch"),
    ],
)
def test_an_old_go_will_do_if_it_may_fetch_a_newer_one(
    tools: dict[str, ModuleType], version: str, setting: str | None, reason: str | None
) -> None:
    parse = tools["versions"].parse
    environ = {} if setting is None else {"GOTOOLCHAIN": setting}
    answer = tools["go_build"].why_not(parse(version), parse("go1.25.11"), environ)
    assert (answer is None) if reason is None else (reason in answer)


def test_the_build_is_for_this_machine_and_as_pinned_whatever_the_users_settings(
    tools: dict[str, ModuleType],
) -> None:
    parse, build = tools["versions"].parse, tools["go_build"]
    theirs = {"GOOS": "plan9", "GOFLAGS": "-mod=mod", "GOPROXY": "https://proxy.example"}
    oldest = parse("go1.25.11")
    new = build.environment(build.Go(parse("go1.26.8"), "linux", "arm64"), oldest, theirs)
    assert new == {
        "CGO_ENABLED": "0",
        "GOARCH": "arm64",
        "GOFLAGS": "-mod=readonly",
        "GOOS": "linux",
        "GOPROXY": "https://proxy.example",
        "GOWORK": "off",
    }
    old = build.environment(build.Go(parse("go1.24.6"), "linux", "arm64"), oldest, theirs)
    assert old["GOTOOLCHAIN"] == "auto"


def test_a_program_that_fails_is_told_in_one_line(
    tools: dict[str, ModuleType], tmp_path: Path
) -> None:
    failing = script(tmp_path / "failing", "echo first; echo; echo second >&2; exit 3")
    with pytest.raises(tools["common"].CannotWorkError) as caught:
        tools["common"].run([failing], limit=5)
    assert str(caught.value) == "first | second (failing ended with 3)"
    with pytest.raises(tools["common"].CannotWorkError, match="can't be started"):
        tools["common"].run([tmp_path / "none"], limit=5)


def test_a_program_that_hangs_is_given_up_in_time(
    tools: dict[str, ModuleType], tmp_path: Path
) -> None:
    hanging = script(tmp_path / "hanging", "exec sleep 60")
    start = time.monotonic()
    with pytest.raises(tools["common"].CannotWorkError, match="no result in 1 s"):
        tools["common"].run([hanging], limit=1)
    assert time.monotonic() - start < 30


# --- Pulumi's installer


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ('mkdir "$3/bin" && ln -s {pulumi} "$3/bin/pulumi" && test "$*" = "{args}"', 0, ""),
        ("echo no such version; exit 1", 1, "no such version\n\n"),
    ],
)
def test_pulumis_installer_is_run_at_the_pinned_version_into_our_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: str,
    code: int,
    said: str,
) -> None:
    """The installer is the SDK's business; only the script that it downloads is replaced."""
    pulumi = script(tmp_path / "pulumi", "echo v3.259.0")
    args = f"--no-edit-path --install-root {tmp_path / 'root'} --version 3.259.0"
    (tmp_path / "root").mkdir()

    def download(address: str, to: str) -> None:
        assert address == "https://get.pulumi.com/install.sh"
        script(Path(to), body.format(pulumi=pulumi, args=args))

    monkeypatch.syspath_prepend(str(SETUP))
    monkeypatch.setattr("pulumi.automation._cmd._download_to_file", download)
    official = importlib.import_module("official")
    assert official.main(str(tmp_path / "root"), "3.259.0") == code
    assert capsys.readouterr().out == said
    assert (tmp_path / "root" / "bin" / "pulumi").exists() == (code == 0)


def test_a_site_that_does_not_answer_is_told_with_its_reason(tools: dict[str, ModuleType]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/install.sh"
        with pytest.raises(tools["common"].CannotWorkError, match=r"can't be reached: .*refused"):
            tools["common"].run([sys.executable, SETUP / "probe.py", address], limit=20)


# --- the cache


@pytest.fixture
def entry(tools: dict[str, ModuleType], tmp_path: Path) -> Any:
    return tools["cache"].Entry(tmp_path / "engine" / "3.259.0-go", "pins")


def ensure(tools: dict[str, ModuleType], entry: Any) -> list[Path]:
    """Ask for the engine, and give the folders in which it was built: none if it was there."""
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        fill(tools, folder)

    entry.ensure(tools["versions"].parse("3.259.0"), build)
    return built


def test_an_engine_is_made_once(tools: dict[str, ModuleType], entry: Any) -> None:
    assert entry.damage(deep=False) == "not there"
    assert len(ensure(tools, entry)) == 1
    assert entry.damage(deep=True) is None
    assert ensure(tools, entry) == []


def cut(entry: Any) -> None:
    (entry.bin / "pulumi").write_text("#!")


def swap_a_byte(entry: Any) -> None:
    path = entry.bin / "pulumi-language-python"
    path.write_bytes(path.read_bytes()[:-2] + b"X\n")


def remove(entry: Any) -> None:
    (entry.bin / "pulumi-resource-pulumi-python").unlink()


def scribble(entry: Any) -> None:
    (entry.place / "engine.json").write_text("[]")


@pytest.mark.parametrize("harm", [cut, swap_a_byte, remove, scribble])
def test_a_damaged_engine_is_noticed_and_made_again(
    tools: dict[str, ModuleType], entry: Any, harm: Callable[[Any], None]
) -> None:
    ensure(tools, entry)
    harm(entry)
    assert entry.damage(deep=True)
    assert len(ensure(tools, entry)) == 1
    assert entry.damage(deep=True) is None


def test_an_engine_of_an_earlier_layout_is_made_again(
    tools: dict[str, ModuleType], entry: Any
) -> None:
    """The first layout had no host for YAML; its list of files names none."""
    ensure(tools, entry)
    listed = json.loads((entry.place / "engine.json").read_text())
    del listed["files"]["pulumi-language-yaml"]
    (entry.place / "engine.json").write_text(json.dumps(listed))
    assert entry.damage(deep=False) == "missing or damaged: pulumi-language-yaml"
    with pytest.raises(tools["common"].CannotWorkError, match="damaged: pulumi-language-yaml"):
        tools["engine"].from_cache([entry])
    assert len(ensure(tools, entry)) == 1
    assert entry.damage(deep=True) is None


def test_other_pins_make_another_engine(tools: dict[str, ModuleType], entry: Any) -> None:
    ensure(tools, entry)
    other = tools["cache"].Entry(entry.place, "other pins")
    assert other.damage(deep=False) == "made from other pins"
    assert len(ensure(tools, other)) == 1


def test_a_failed_build_leaves_nothing(tools: dict[str, ModuleType], entry: Any) -> None:
    def build(folder: Path) -> None:
        fill(tools, folder, version="v3.1.0")

    with pytest.raises(tools["common"].CannotWorkError, match=r"is not pulumi 3\.259\.0"):
        entry.ensure(tools["versions"].parse("3.259.0"), build)
    assert [path.name for path in entry.place.parent.iterdir()] == ["3.259.0-go.lock"]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cache import Entry
def build(folder):
    (folder / "bin").mkdir()
    (folder / "bin" / "pulumi").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
Entry(Path(sys.argv[2]), "pins").ensure(None, build)
"""


def test_a_killed_set_up_leaves_no_lock_and_no_half_engine(
    tools: dict[str, ModuleType], entry: Any
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, SETUP, entry.place], check=False, timeout=120
    )
    assert done.returncode == -9
    assert len(list(entry.place.parent.glob(".3.259.0-go.*"))) == 1
    assert entry.damage(deep=False) == "not there"
    assert len(ensure(tools, entry)) == 1
    assert sorted(p.name for p in entry.place.parent.iterdir()) == ["3.259.0-go", "3.259.0-go.lock"]


RACING = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cache import FILES, Entry
from versions import parse
def build(folder):
    print("built", flush=True)
    time.sleep(0.5)
    (folder / "bin").mkdir()
    for name in FILES:
        (folder / "bin" / name).write_text("#!/bin/sh\\necho v3.259.0\\n")
        (folder / "bin" / name).chmod(0o755)
Entry(Path(sys.argv[2]), "pins").ensure(parse("3.259.0"), build)
"""


def test_two_set_ups_at_once_make_one_engine(entry: Any) -> None:
    command = [sys.executable, "-c", RACING, str(SETUP), str(entry.place)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(said) == ["", "built\n"]
    assert entry.damage(deep=True) is None


# --- tools/env

SHELLS = [name for name in ("sh", "bash", "dash", "zsh") if shutil.which(name)]
SHOWN = (
    "PATH",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_PYTHON_CMD",
    "VIRTUAL_ENV",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A project that is set up, in a folder with a space in its name."""
    root = (tmp_path / "a clone").resolve()
    (root / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "env", root / "tools" / "env")
    script(root / ".venv" / "bin" / "python", "echo ours")
    (root / "cached").mkdir()
    (root / ".venv" / "engine").symlink_to(root / "cached")
    (root / ".venv" / "setup.json").write_text("{}")
    return root


def source(shell: str, root: Path, more: str = "", **environ: str) -> dict[str, str]:
    """Source tools/env under `set -eu` and give the variables that a program would see."""
    line = f"set -eu; . tools/env; {more} env -0"
    run = subprocess.run(
        [shell, "-c", line],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "HOME": str(root)} | environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert run.stderr == ""
    pairs = (item.split("=", 1) for item in run.stdout.split("\0") if item)
    return dict(pairs)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_the_projects_place(shell: str, clone: Path) -> None:
    env = source(shell, clone)
    assert {name: env[name] for name in SHOWN} == {
        "PATH": f"{clone}/.venv/bin:{clone}/.venv/engine:/usr/bin:/bin",
        "PULUMI_BACKEND_URL": f"file://{clone}/.pulumi?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_PYTHON_CMD": f"{clone}/.venv/bin/python",
        "VIRTUAL_ENV": f"{clone}/.venv",
    }
    assert (clone / ".pulumi").is_dir()
    assert not [name for name in env if name.startswith("omics_")]


@pytest.mark.parametrize("shell", SHELLS)
def test_sourcing_twice_is_sourcing_once(shell: str, clone: Path) -> None:
    assert source(shell, clone, ". tools/env;") == source(shell, clone)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_user_set_stays(shell: str, clone: Path) -> None:
    theirs = {
        "PULUMI_BACKEND_URL": "s3://their-bucket",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "false",
    }
    env = source(shell, clone, **theirs)
    assert env | theirs == env
    assert "PULUMI_CONFIG_PASSPHRASE" not in env
    assert not (clone / ".pulumi").exists()
    own = source(shell, clone, PULUMI_CONFIG_PASSPHRASE="")
    assert own["PULUMI_CONFIG_PASSPHRASE"] == ""
    file = source(shell, clone, PULUMI_CONFIG_PASSPHRASE_FILE="/their/file")
    assert "PULUMI_CONFIG_PASSPHRASE" not in file


@pytest.mark.parametrize("shell", SHELLS)
def test_another_clones_state_is_not_kept(shell: str, clone: Path, tmp_path: Path) -> None:
    other = tmp_path.resolve() / "other"
    shutil.copytree(clone, other, symlinks=True)
    first = source(shell, other)
    assert (
        source(shell, clone, **first)["PULUMI_BACKEND_URL"]
        == f"file://{clone}/.pulumi?metadata=skip"
    )


@pytest.mark.parametrize("shell", [name for name in SHELLS if name in ("bash", "zsh")])
def test_bash_and_zsh_find_the_project_from_anywhere(shell: str, clone: Path) -> None:
    line = f'. "{clone}/tools/env"; echo "$VIRTUAL_ENV"'
    run = subprocess.run(
        [shell, "-c", line],
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stdout.strip() == f"{clone}/.venv"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_survives_a_project_that_is_not_set_up(shell: str, clone: Path) -> None:
    (clone / ".venv" / "setup.json").unlink()
    line = ". tools/env || echo alive; env"
    run = subprocess.run(
        [shell, "-c", line],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stdout.startswith("alive\n")
    assert "Run tools/bootstrap first" in run.stderr
    assert "PULUMI" not in run.stdout


# --- the commands


def test_make_help_names_the_five_commands() -> None:
    run = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    listed = {line.split("\t")[0] for line in run.stdout.splitlines()}
    assert {"up", "test", "check", "bench", "down"} <= listed
