"""Reading the stack's own state from the CLI, which can fail in passing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from omics_provider.base import keys
from omics_provider.base.errors import OmicsError
from omics_provider.engine import own_stack, own_state, process
from omics_provider.engine.state import StackState
from omics_provider.providers import _host
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
    monkeypatch.setattr(own_stack, "_states", {})
    monkeypatch.setattr(own_stack, "_PACE", Pace(first=0.01, longest=0.01))
    monkeypatch.setattr(process, "command", tuple)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def put(home: Path, fails: str) -> None:
    """Let the calls that the shell pattern `fails` names end with an error."""
    (home / "pulumi").write_text(CLI.format(home=home, fails=fails))
    (home / "pulumi").chmod(0o755)


def test_a_read_that_fails_in_passing_is_repeated(cli: Path) -> None:
    put(cli, '"history 1"|"history 2"|"export 1"')

    state = own_stack.state_of(STACK)

    assert state.resources == ({"urn": "a"},)
    asked = (cli / "asked").read_text().split()
    assert (asked.count("history"), asked.count("export")) == (3, 2)


def test_a_read_that_goes_on_failing_ends_with_the_words_of_the_cli(
    cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_stack, "_PATIENCE", 0.5)
    put(cli, "history*")

    with pytest.raises(OmicsError) as caught:
        own_stack.state_of(STACK)

    assert "`pulumi stack history` failed (error: reading history file: gone)" in str(caught.value)
    assert "Nothing was started" in str(caught.value)
    assert (cli / "asked").read_text().split().count("history") > 1


def test_what_failed_is_asked_for_again_by_the_next_resource(
    cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_stack, "_PATIENCE", 0.0)
    put(cli, '"export 1"')
    with pytest.raises(OmicsError):
        own_stack.state_of(STACK)

    assert own_stack.state_of(STACK).resources == ({"urn": "a"},)


@pytest.mark.parametrize("read", [own_state.read, own_state.current])
def test_the_stack_is_asked_for_by_the_name_that_it_has_now(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[dict[str, str]], StackState]
) -> None:
    """Outputs keep the name that the stack had; another stack may have that name by now."""
    asked: list[str] = []
    urn = "urn:pulumi:renamed::trial::pulumi-python:dynamic/omics:Run::NA12878"
    monkeypatch.setattr(_host, "current_call", lambda: SimpleNamespace(urn=urn))
    monkeypatch.setattr(
        own_stack, "state_of", lambda stack, **_: asked.append(stack) or StackState()
    )

    read({keys.STACK: STACK})

    assert asked == ["organization/trial/renamed"]
