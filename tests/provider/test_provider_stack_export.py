"""Reading the stack's own state from the CLI, which can fail in passing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omics_provider.base import keys
from omics_provider.base.errors import OmicsError
from omics_provider.engine import own_stack, records
from omics_provider.engine.call import Call
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.service.polling import Pace

STACK = "organization/trial/dev"
CLI = """\
#!/bin/sh
echo "$2" >> {home}/asked
case "$2 $(grep -c "$2" {home}/asked)" in
{fails}) echo; echo "error: reading history file: gone" >&2; echo >&2; exit 255 ;;
export*) echo '{{"version": 3, "deployment": {{"resources": [{{"urn": "a"}}]}}}}' ;;
history*) echo "[]" ;;
esac
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CLI of the engine's name, without what other tests have read; a folder to put it in."""
    monkeypatch.setattr(own_stack, "_PACE", Pace(first=0.01, longest=0.01))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def put(home: Path, fails: str) -> None:
    """Let the calls that the shell pattern `fails` names end with an error."""
    (home / "pulumi").write_text(CLI.format(home=home, fails=fails))
    (home / "pulumi").chmod(0o755)


def test_a_read_that_fails_in_passing_is_repeated(cli: Path) -> None:
    put(cli, '"history 1"|"history 2"|"export 1"')

    state = OwnStack(Engine()).state(STACK)

    assert state.resources == ({"urn": "a"},)
    asked = (cli / "asked").read_text().split()
    assert (asked.count("history"), asked.count("export")) == (3, 2)


def test_a_read_that_goes_on_failing_ends_with_the_words_of_the_cli(
    cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_stack, "_PATIENCE", 0.5)
    put(cli, "history*")

    with pytest.raises(OmicsError) as caught:
        OwnStack(Engine()).state(STACK)

    assert "`pulumi stack history` failed (error: reading history file: gone)" in str(caught.value)
    assert "Nothing was started" in str(caught.value)
    assert (cli / "asked").read_text().split().count("history") > 1


def test_what_failed_is_asked_for_again_by_the_next_resource(
    cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_stack, "_PATIENCE", 0.0)
    put(cli, '"export 1"')
    stack = OwnStack(Engine())
    with pytest.raises(OmicsError):
        stack.state(STACK)

    assert stack.state(STACK).resources == ({"urn": "a"},)


@pytest.mark.parametrize("read", [records.read, records.current, records.late])
def test_the_stack_is_asked_for_by_the_name_that_it_has_now(
    read: Callable[[Call, dict[str, str]], StackState],
) -> None:
    """Outputs keep the name that the stack had; another stack may have that name by now."""
    asked: list[str] = []
    urn = "urn:pulumi:renamed::trial::pulumi-python:dynamic/omics:Run::NA12878"

    class Asked(OwnStack):
        def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
            asked.append(stack)
            return StackState()

        late = current = state

    read(Call(Update(stack=Asked(Engine())), urn=urn), {keys.STACK: STACK})

    assert asked == ["organization/trial/renamed"]
