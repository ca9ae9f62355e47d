"""tools/languages generates SDKs and has them checked. The tools are scripts here."""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from omics_provider.native.schema import document

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [str(ROOT / "tools" / name) for name in ("setup", "languages")]
NAMES = ("programs", "sdks", "generator", "go_build", "common", "places", "versions")


@pytest.fixture
def sdks(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of tools/languages, which is no package."""
    for folder in FOLDERS:
        monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("sdks")
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture
def work(sdks: ModuleType, tmp_path: Path) -> Any:
    """A folder for SDKs, and a generator that writes its arguments and says nothing."""
    sdkgen = script(
        tmp_path / "sdkgen",
        f'echo "$*" >> {tmp_path}/log; [ $1 = check ] || {{ mkdir -p $4 && echo new > $4/file; }}',
    )
    folder = tmp_path / "sdk"
    folder.mkdir()
    examples = {
        language: {name: document.page(name).examples[language] for name in document.names()}
        for language in sdks.FILES
    }
    project = sys.modules["places"].Project(ROOT)
    return sdks.Work(project, folder, sdkgen, examples)


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_schema_of_which_the_binder_says_nothing_holds(sdks: ModuleType, work: Any) -> None:
    assert sdks.schema(work) == "sdk/schema.json: Pulumi's binder"
    assert (work.folder.parent / "log").read_text() == f"check {work.schema}\n"


@pytest.mark.parametrize("code", [0, 1])
def test_a_warning_is_wrong_as_an_error_is(sdks: ModuleType, work: Any, code: int) -> None:
    script(work.sdkgen, f"echo 'Warning: odd name' >&2; exit {code}")
    with pytest.raises(sdks.Failed, match="Warning: odd name"):
        sdks.schema(work)


def test_an_sdk_is_written_anew(work: Any) -> None:
    left = work.folder / "go" / "left.go"
    left.parent.mkdir()
    left.touch()
    assert work.generate("go") == work.folder / "go"
    assert [each.name for each in (work.folder / "go").iterdir()] == ["file"]


@pytest.mark.parametrize("language", ["typescript", "python", "go"])
def test_every_page_is_an_example_to_check(sdks: ModuleType, work: Any, language: str) -> None:
    place = work.write_examples(language)
    files = [each for each in place.rglob("*") if each.is_file()]
    assert len(files) == len(document.names())
    assert {each.read_text("utf-8") for each in files} == set(work.examples[language].values())


def test_go_vets_sdk_and_examples_with_the_engines_versions(
    sdks: ModuleType, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[list[str], Path | None]] = []
    monkeypatch.setattr(sdks.go_build, "ready", lambda *_: {})
    generate = type(work).run
    monkeypatch.setattr(
        type(work),
        "run",
        lambda self, args, cwd=None, env=None: (
            ran.append(([str(each) for each in args], cwd))
            if args[0] == "go"
            else generate(self, args, cwd, env)
        ),
    )
    assert sdks.go(work) == "sdk/go: go vet"
    examples = work.folder / "examples" / "go"
    [(command, cwd)] = ran
    assert command[-2:] == ["omics-provider/sdk/go/...", "./..."]
    assert cwd == examples
    of_sdk = f"{sdks.GO_IMPORTS[0]} {pins('tools/engine/cli')[sdks.GO_IMPORTS[0]]}\n"
    assert of_sdk in (work.folder / "go" / "go.mod").read_text("utf-8")
    module = (examples / "go.mod").read_text("utf-8")
    assert of_sdk in module
    assert "replace omics-provider/sdk/go => ../../go\n" in module


def pins(module: str) -> dict[str, str]:
    """Give what a go.mod pins: versions by module."""
    text = (ROOT / module / "go.mod").read_text("utf-8")
    found = re.findall(r"^\t(\S+) (v\S+)", text, re.MULTILINE)
    return dict(found)


def test_go_programs_have_the_engines_versions() -> None:
    engines, programs = pins("tools/engine/cli"), pins("tools/languages/program")
    # Only a test in a module of Pulumi's asks for the first, and the CLI has none of the second.
    own = {"github.com/davecgh/go-spew", "github.com/spf13/cast"}
    assert {name for name, at in programs.items() if engines.get(name) != at} == own


def test_what_a_machine_lacks_is_skipped_and_said(
    sdks: ModuleType, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(work.folder.parent / "cache"))
    with pytest.raises(sdks.Skipped, match="no npm on PATH"):
        sdks.typescript(work)
    with pytest.raises(sdks.Skipped, match="no go on PATH"):
        sdks.go(work)
    programs = importlib.import_module("programs")
    with pytest.raises(sdks.Skipped, match="no npm on PATH"):
        programs.typescript(work)
    with pytest.raises(sdks.Skipped, match="no go on PATH"):
        programs.go(work)
    with pytest.raises(sdks.Skipped, match=r"no generator for \.NET"):
        sdks.dotnet(work)


def test_every_language_is_tried_and_one_that_is_wrong_fails_all(
    sdks: ModuleType, work: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("languages", Path(FOLDERS[1]) / "__main__.py")
    assert spec
    assert spec.loader
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)

    def wrong(_: Any) -> str:
        raise sdks.Failed("$ tsc\nno such name")

    def absent(_: Any) -> str:
        raise sdks.Skipped("no go on PATH")

    steps = {"typescript": wrong, "go": absent, "python": lambda _: "sdk/python: mypy"}
    monkeypatch.setattr(sdks, "STEPS", steps)
    program = {"go program": lambda _: "example of the page Run: up: 2 created"}
    monkeypatch.setattr(sys.modules["programs"], "STEPS", program)
    monkeypatch.setattr(main, "generator", lambda *_: work.sdkgen)
    monkeypatch.setattr(main, "ROOT", work.folder)
    monkeypatch.setattr(sys, "argv", ["languages"])
    assert main.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "typescript: wrong:",
        "$ tsc",
        "no such name",
        "go: skipped: no go on PATH",
        "python: sdk/python: mypy: no error, 0 s",
        "go program: example of the page Run: up: 2 created: no error, 0 s",
    ]
    assert (work.folder / "build" / "sdk" / "schema.json").read_text() == document.text()
    del steps["typescript"]
    assert main.main() == 0
