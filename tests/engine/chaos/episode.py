"""One stack's life: up, changed, replaced by force, destroyed; each of its updates is killed."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from ..doors import DYNAMIC, Door
from ..harness import (
    ACTIVE,
    ENDED,
    PROJECT,
    STACK,
    declaration,
    make_stack,
    name_of,
)
from . import model
from .bystander import Bystander
from .ledger import Gate, Ledger
from .model import History, Promise
from .points import (
    Deed,
    Life,
    OnDelete,
    Point,
    Victims,
    Watch,
    recorded,
    wait_for,
    wait_until,
)
from .processes import Command

RequestId = Literal["replay", "conflict", "forget"]

TAGS: Final[dict[Life, dict[str, str]]] = {
    "active": ACTIVE,
    "slow to stop": {"emulator:freezes": "yes", "emulator:stopping": "2"},
    "ended": ENDED,
}
#: The usual program, and a wait for as many seconds as a file says. It is for the first door alone.
_WAITING: Final = (
    DYNAMIC.program.replace("for name, arguments", "runs = {}\nfor name, arguments")
    + """\
    runs[name] = run
with open("wait.txt") as file:
    seconds = float(file.read())
if seconds:
    import omics_provider

    omics_provider.wait_all(runs, timeout=seconds, on_failure="warn")
"""
)
#: What an update says at the end of a wait.
NOT_ENDED: Final = re.compile("(these runs have|it has) not ended")
#: Seconds that an update waits which is to be killed meanwhile.
_WAIT_SECONDS: Final = 15.0
#: Seconds after which an orphaned plugin has done what it was about to do.
_ORPHAN_SECONDS: Final = 4.0


@dataclass(frozen=True)
class Setting:
    """Under which conditions an episode plays."""

    request_id: RequestId
    on_delete: OnDelete
    life: Life
    runs: int = 2
    forget_seconds: float = 1.0
    delete_first: bool = False
    #: Updates that are to be killed wait for all runs: the program does, or each create.
    waits: bool = False
    blocks: bool = False
    door: Door = DYNAMIC
    #: The program is in a folder of its own (`main:`), and the backend's address is relative.
    main: bool = False


@dataclass(frozen=True)
class Kill:
    """One kill: what was under way, where it struck, who died."""

    deed: Deed
    point: str
    victims: Victims


@dataclass(frozen=True)
class Step:
    """One thing to do to the stack, and the kills that its update meets one after another."""

    deed: Deed
    kills: tuple[tuple[Point, Victims], ...]


@dataclass
class Report:
    """What an episode showed."""

    label: str
    setting: Setting
    kills: list[Kill] = field(default_factory=list)
    converged: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "setting": {**asdict(self.setting), "door": self.setting.door.name}}


class Episode:
    """A stack of its own, with an emulator of its own and a stranger beside it."""

    def __init__(self, home: Path, label: str, setting: Setting) -> None:
        self.report = Report(label, setting)
        self._setting = setting
        self._chance = random.Random(label)
        self._names = tuple(f"NA{number}" for number in range(1, setting.runs + 1))
        self._promise = Promise(setting.on_delete, setting.life)
        self._version = 0
        self._before: dict[str, str] = {}
        self._rerun = 0
        self._limit = 0.0
        self._commands: list[Command] = []
        # Without it the backend writes a side file that a kill can leave empty, and then nothing
        # reads the state any more (docs/chaos.md).
        place = "." if setting.main else f"{home}/project"
        self._stack = make_stack(
            home / "project",
            environment={"PULUMI_BACKEND_URL": f"file://{place}/backend?metadata=skip"},
            main="src" if setting.main else ".",
            door=setting.door,
        )
        if setting.door is DYNAMIC:
            self._stack.program(_WAITING)
        self._stack.settings(
            requestId=setting.request_id, requestIdSeconds=setting.forget_seconds, runSeconds=1
        )
        self._ledger = Ledger(self._stack.emulator_state)
        self._ledger.install()
        self._bystander = Bystander(self._stack.emulator_state, self._names, label)

    def play(self, steps: tuple[Step, ...]) -> Report:
        """Do all steps, stopping at the first that leaves something wrong."""
        began = time.monotonic()
        self._bystander.start()
        try:
            for step in steps:
                self._do(step)
                if self.report.violations:
                    break
        finally:
            for command in self._commands:
                command.clear()
            try:
                self._bystander.stop()
            finally:
                self._ledger.close()
                self.report.seconds = round(time.monotonic() - began, 1)
        return self.report

    # One step --------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        replaced: set[str] = set()
        arguments = self._prepare(step.deed)
        late: list[tuple[Command, int]] = []
        kills = list(step.kills)
        while True:
            if step.deed == "force":
                replaced |= {r["outputs"]["uuid"] for r in self._targets()}
            kill = kills.pop(0) if kills else None
            done = self._run(step.deed, arguments, kill, late)
            self._look(ending=step.deed == "destroy" or self._setting.delete_first)
            if done or self.report.violations:
                break
            if not kills:
                arguments = self._think_again(step.deed, arguments)
        for command, plugin in late:
            command.resume(plugin)
        if self._survivors():
            time.sleep(_ORPHAN_SECONDS)
        if late and step.deed == "give up":
            # Nothing holds back a request of an update that is not repeated: the next one finds it.
            self._run(step.deed, arguments, None, late)
        name = self._names[0]
        for _ in range(len(replaced) if step.deed == "force" else 0):
            self._promise.ask(name, self._promise.samples[name])
        self._settle(step)

    def _prepare(self, deed: Deed) -> tuple[str, ...]:
        """Declare what the step declares, and give the command for it."""
        up = ("up", "--yes", "--skip-preview")
        if deed == "destroy":
            self._promise.samples.clear()
            return ("destroy", "--yes", "--skip-preview")
        if deed in ("up", "change", "switch", "take back"):
            self._before = dict(self._promise.samples)
            self._version += deed != "up" or not self._version
            changed = self._names if deed == "up" else self._names[:1]
            for name in changed:
                self._promise.ask(name, f"{name}-v{self._version}")
        if deed == "rerun":
            self._rerun += 1
            self._promise.ask(self._names[0], self._promise.samples[self._names[0]])
        if deed == "taint":
            self._command("state", "taint", self._urn(), "--yes")
            self._promise.ask(self._names[0], self._promise.samples[self._names[0]])
        self._declare()
        return (*up, "--replace", self._urn()) if deed in ("force", "give up") else up

    def _declare(self) -> None:
        options: dict[str, Any] = {"$opts": {}}
        if self._setting.delete_first:
            options["$opts"]["delete_before_replace"] = True
        if self._setting.blocks:
            limits = {"create": f"{_WAIT_SECONDS}s", "update": f"{_WAIT_SECONDS}s"}
            options["$opts"]["custom_timeouts"] = limits
            options["wait_for_completion"] = self._limit > 0
        self._stack.declare(
            {
                name: declaration(
                    name=name,
                    parameters={"sample_name": sample},
                    tags=TAGS[self._setting.life],
                    on_delete=self._setting.on_delete,
                    rerun=self._rerun if name == self._names[0] else None,
                    **options,
                )
                for name, sample in self._promise.samples.items()
            }
        )

    def _think_again(self, deed: Deed, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Ask for something else than the killed update did; give the command for it."""
        name = self._names[0]
        begun = (name, self._promise.samples.get(name, ""))
        if deed == "give up":
            self._promise.abandoned[begun] += 1
            return arguments[: arguments.index("--replace")]
        if deed in ("switch", "take back"):
            self._promise.starts[begun] -= 1
            self._promise.abandoned[begun] += 1
        if deed == "switch":
            self._version += 1
            self._promise.ask(name, f"{name}-v{self._version}")
        if deed == "take back":
            # Where the killed update had recorded the new run already, this is another change.
            self._promise.samples[name] = self._before[name]
            self._promise.abandoned[name, self._before[name]] += 1
        self._declare()
        return arguments

    def _run(
        self,
        deed: Deed,
        arguments: tuple[str, ...],
        kill: tuple[Point, Victims] | None,
        late: list[tuple[Command, int]],
    ) -> bool:
        """Run the command, kill it where asked, and tell whether it went through."""
        is_waiting = self._setting.waits or self._setting.blocks
        self._hold(0.0 if kill is None or not is_waiting else _WAIT_SECONDS)
        if kill is None:
            code, text = self._command(*arguments)
            if code != 0:
                self._wrong(f"STUCK: {' '.join(arguments)} ends with {code}: {text[-1500:]}")
            return True
        point, victims = kill
        with self._bystander.away(when=bool(point.fault)):
            command, struck = self._met(arguments, point, victims, late)
            code = command.wait()
            if point.fault:
                self._stack.plan_faults()
        if struck:
            self.report.kills.append(Kill(deed, point.name, victims))
            self._command("cancel", "--yes")
        elif code != 0 and is_waiting and NOT_ENDED.search(command.text):
            # It was to be killed while it waited, and its moment did not come.
            return False
        elif code != 0:
            self._wrong(f"STUCK: {' '.join(arguments)} ends with {code}: {command.text[-1500:]}")
        return not struck

    def _hold(self, seconds: float) -> None:
        """Have the program, or each create, wait so long at most."""
        self._limit = seconds
        if self._setting.blocks:
            self._declare()
        (self._stack.home / self._stack.main / "wait.txt").write_text(str(seconds))

    def _met(
        self,
        arguments: tuple[str, ...],
        point: Point,
        victims: Victims,
        late: list[tuple[Command, int]],
    ) -> tuple[Command, bool]:
        """Begin the command, and kill it at the point, if it gets there."""
        if point.fault:
            self._stack.plan_faults(*point.plans(victims))
        watch, gate = Watch(self._stack, self._ledger), Gate(self._stack.emulator_state)
        command = self._begin(*arguments)
        try:
            if point.gate and wait_until(watch.has_read, command.ended):
                gate.shut()
            struck = wait_for(point, watch, command.ended, self._chance)
            return command, struck and self._strike(command, point, victims, late)
        finally:
            self._open(gate, beside=victims == "engine")

    def _strike(
        self, command: Command, point: Point, victims: Victims, late: list[tuple[Command, int]]
    ) -> bool:
        if point.held:
            command.pause()
            time.sleep(point.held)
        if victims == "both":
            command.kill_all()
            return True
        if victims == "plugin":
            found = command.kill_plugin()
            command.resume()
            return found
        plugin = command.plugin()
        command.kill_engine()
        # Not before: a process group that loses its parent while it is stopped gets a SIGHUP.
        if victims == "late plugin" and plugin is not None:
            command.pause(plugin)
            late.append((command, plugin))
        return True

    def _open(self, gate: Gate, *, beside: bool) -> None:
        """Let requests through: at once, or while the next update works `beside` an orphan."""
        if not beside:
            gate.close()
            return
        timer = threading.Timer(self._chance.uniform(0.0, 3.0), gate.close)
        timer.start()

    # What is to be seen ----------------------------------------------------------------------

    def _look(self, *, ending: bool) -> None:
        state = recorded(self._stack)
        self.report.violations += [
            self._where(w) for w in model.always(self._history(), state, ending=ending)
        ]

    def _settle(self, step: Step) -> None:
        if self.report.violations:
            return
        if step.deed != "destroy":
            code, text = self._command("preview", "--expect-no-changes")
            if code != 0:
                self._wrong(f"CHANGES: the next preview ends with {code}: {text[-800:]}")
        wrong = model.settled(self._promise, self._history(), recorded(self._stack))
        self.report.violations += [self._where(w) for w in wrong]
        self.report.converged += not wrong

    def _wrong(self, what: str) -> None:
        self.report.violations.append(self._where(what))

    def _where(self, what: str) -> str:
        kills = "; ".join(f"{k.deed}: {k.victims} at {k.point}" for k in self.report.kills[-4:])
        return f"{what}\n    after {kills}"

    def _history(self) -> History:
        return History(self._ledger.events())

    def _targets(self) -> Iterator[dict[str, Any]]:
        for resource in recorded(self._stack).declared:
            if name_of(resource["urn"]) == self._names[0] and resource["outputs"].get("uuid"):
                yield cast("dict[str, Any]", resource)

    # Commands --------------------------------------------------------------------------------

    def _urn(self) -> str:
        return f"urn:pulumi:{STACK}::{PROJECT}::{self._setting.door.type}::{self._names[0]}"

    def _begin(self, *arguments: str) -> Command:
        command = Command(self._stack, *arguments)
        self._commands.append(command)
        return command

    def _command(self, *arguments: str) -> tuple[int, str]:
        command = self._begin(*arguments)
        return command.wait(), command.text

    def _survivors(self) -> bool:
        return any(command.plugin() is not None for command in self._commands)
