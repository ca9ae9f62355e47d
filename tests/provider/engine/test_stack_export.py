"""Reading the stack's own state from the CLI, which can fail in passing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
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
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///backend")
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


class Told(OwnStack):
    """A stack whose reads give these states in turn, the last one for ever."""

    def __init__(self, *states: StackState) -> None:
        super().__init__(Engine())
        self.states = list(states)
        self.reads = 0

    def _read(self, stack: str, options: list[str], *, has_history: bool = True) -> StackState:
        self.reads += 1
        return self.states[min(self.reads, len(self.states)) - 1]


URN = "urn:pulumi:dev::trial::omics:index:Run::a"
OWN = StackState(creating=({"urn": URN, "inputs": {keys.ATTEMPT: "mine"}},))
OTHER = StackState(
    ({"urn": URN, "inputs": {keys.ATTEMPT: "another"}},),
    ({"urn": URN, "inputs": {keys.ATTEMPT: "theirs"}},),
)


def test_a_stack_of_the_same_name_elsewhere_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///backend")
    for ask in (Told(OTHER).state, Told(OTHER).late, Told(OTHER).current):
        with pytest.raises(OmicsError) as caught:
            ask(STACK, mark="mine")
        assert "another stack of this name" in caught.value.detail
        assert "Nothing was started" in caught.value.advice


def test_what_was_read_before_the_note_stays_once_the_note_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A killed update's note of a delete is gone from a state as soon as the next one writes it."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///backend")
    first = replace(OTHER, deleting=({"urn": URN, "id": "1"},))
    stack = Told(first, OWN)
    assert stack.state(STACK, mark="another") is first

    for mark in ("mine", "later", "another"):
        assert stack.state(STACK, mark=mark) is first

    assert stack.reads == 2


def test_a_first_read_that_nothing_proved_gives_way_to_the_one_with_the_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///backend")
    stack = Told(OTHER, OWN)
    stack.ask_early(STACK)

    assert stack.state(STACK, mark="mine") is OWN
    # Creates whose notes came later are of the same update.
    assert stack.state(STACK, mark="later") is OWN
    assert stack.reads == 2


def test_an_engine_that_keeps_no_notes_is_believed_by_its_place_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///backend")
    monkeypatch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")
    assert Told(OTHER).state(STACK, mark="mine") is OTHER


@pytest.mark.parametrize(
    ("stack", "command", "mark"),
    [
        (STACK, ("pulumi", "up"), "mine"),
        ("lab/trial/dev", ("pulumi", "up"), ""),
        (STACK, ("pulumi", "preview"), ""),
    ],
)
def test_which_reads_have_to_hold_the_engines_own_note(
    stack: str, command: tuple[str, ...], mark: str
) -> None:
    asked: list[str] = []

    class Asked(OwnStack):
        def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
            asked.append(mark)
            return StackState()

    engine = Engine(command)
    urn = "urn:pulumi:dev::trial::pulumi-python:dynamic/omics:Run::NA12878"
    properties = {keys.STACK: stack, keys.ATTEMPT: "mine", "uuid": "u"}
    records.read(Call(Update(engine, Asked(engine)), urn=urn), properties)

    assert asked == [mark]


def test_what_is_recorded_now_takes_one_command(cli: Path) -> None:
    put(cli, "never")

    OwnStack(Engine()).current(STACK)

    assert (cli / "asked").read_text().split() == ["export"]


#: A thread of a wait reads the state, again and again, while the program it belongs to ends.
ENDING = """\
import atexit, sys, threading, time
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine

def look():
    while True:
        OwnStack(Engine()).state(sys.argv[1])

threading.Thread(target=look, daemon=True).start()
atexit.register(time.sleep, 1)
"""


def test_a_read_may_be_under_way_when_the_program_ends(cli: Path) -> None:
    put(cli, "none")
    command = [sys.executable, "-c", ENDING, STACK]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (ended.returncode, ended.stderr) == (0, "")
