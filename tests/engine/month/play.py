"""One day after the other: what was said, what happened, what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from omics_provider.emulator import control

from ..chaos.ledger import Event, Ledger
from ..harness import COMMAND_SECONDS, STACK, Outcome, Stack, name_of, until
from .bill import bill
from .book import JOINT, Book, Work
from .pipeline import Pipeline, Said
from .repository import Repository
from .script import COHORT, Day, Numbers

#: USD by which a range may miss a bill: the report rounds to four digits.
ROUNDING: Final = 0.001


@dataclass(frozen=True)
class Claim:
    """What one commit's preview said, and what came of it."""

    message: str
    said: Numbers
    happened: Numbers
    usd: tuple[float, float] | None
    unknown: int
    started: tuple[str, ...]


class Month:
    """A team with a repository, a pipeline and an account of its own."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        project = {name: (stack.home / name).read_text() for name in _project()}
        self.repository = Repository(folder, project)
        self.pipeline = Pipeline(stack, self.repository)
        self.book = Book()
        self.ledger = Ledger(stack.emulator_state)
        self.claims: list[Claim] = []
        self.bills: dict[str, float] = {}
        #: uuids of the runs that were seen COMPLETED.
        self.completed: set[str] = set()
        self._seen = 0

    def play(self, days: Iterable[Day]) -> None:
        """Play all days, and look at each."""
        self.ledger.install()
        for number, day in enumerate(days, 1):
            try:
                self._play(day)
            except AssertionError as error:
                raise AssertionError(f"Commit {number}, {day.message}: {error}") from error

    # A day -----------------------------------------------------------------------------------

    def _play(self, day: Day) -> None:
        if day.by_hand:
            day.by_hand(self.stack)
            # A run that is cancelled is STOPPING for a while.
            self._pass(1)
        if day.refreshed:
            self.stack.refresh()
        commit = self.repository.commit(day.message, day.change)
        if day.fault:
            self.stack.plan_faults(
                {"operation": "StartRun", "fault": "fails", "reason": day.fault, "count": 1}
            )
        self._events()
        said = self.pipeline.previewed(commit)
        assert not self._events(), "the preview did something"
        assert _numbers(said) == day.expects, f"it says {_numbers(said)}\n{said.markdown}"
        for words in (*day.says, *([day.refused] if day.refused else [])):
            assert words in said.markdown, f"{words!r} is not in\n{said.markdown}"
        self._bill()
        before = self._current()
        if day.killed:
            self._killed(day, commit)
        else:
            outcome = self._updated(day)
            assert day.refused in outcome.message, outcome.text
        if not day.refused:
            self.book.take(self.repository.files)
        self._judge(day, said, before, self._events())
        self._look()
        self._pass(day.hours)

    def _updated(self, day: Day) -> Outcome:
        if not day.expects.cancelled:
            return self.pipeline.update(fails=bool(day.refused))
        # A cancelled run is STOPPING for a while, which the update waits for.
        process = self.stack.begin("up", "--yes", "--skip-preview")
        until(
            lambda: sum(e.what == "cancel" for e in self._events(look=True)),
            lambda cancelled: cancelled == day.expects.cancelled or process.poll() is not None,
            COMMAND_SECONDS,
        )
        control.advance(self.stack.emulator_state, 3600)
        outcome = self.stack.finish(process)
        assert outcome.code == 0, outcome.text
        return outcome

    def _killed(self, day: Day, commit: str) -> None:
        """Kill the pipeline; the next one of the same commit says what is left to do."""
        self.pipeline.killed_update()
        self.pipeline.unlock()
        there = {each.name for each in self._events(look=True) if each.what == "start"}
        recorded = there & self._current().keys()
        again = self.pipeline.previewed(commit)
        self.pipeline.update()
        # Some were started, and not all of those recorded: those are taken, the rest is started.
        assert 0 < len(recorded) < len(there), (recorded, there)
        assert again.figures["new"] == day.expects.new - len(there), again.markdown
        assert again.figures["adopted"] == len(there - recorded), again.markdown
        assert "which an interrupted update started" in again.markdown, again.markdown
        assert again.figures["unchanged"] == day.expects.unchanged + len(recorded)

    def _judge(self, day: Day, said: Said, before: dict[str, str], events: list[Event]) -> None:
        """Hold what was said against what the emulator wrote down."""
        made = {e.name: e.uuid for e in events if e.what == "start"}
        assert len(made) == sum(e.what == "start" for e in events), "a run was started twice"
        assert all(e.marked for e in events), "somebody else's run was touched"
        after = self._current()
        gone = before.keys() - after.keys()
        replaced = {name for name in made if name in before}
        happened = Numbers(
            new=len(made) - len(replaced),
            replaced=len(replaced),
            removed=len(gone),
            cancelled=sum(e.what == "cancel" for e in events),
            updated=len(
                {e.name for e in events if e.what == "tag"} | self._let_go(day, before, after)
            ),
            unchanged=sum(before[name] == after.get(name) for name in before)
            - sum(e.what == "tag" for e in events)
            - len(self._let_go(day, before, after)),
        )
        if day.refused:
            happened = Numbers()
            assert not events
        assert happened == day.expects, f"it did {happened}"
        names = {each["name"]: each for each in said.document["runs"]}
        starts = {_sample(name) for name, each in names.items() if each["starts"]}
        assert starts == made.keys()
        self._fates(said, before, events)
        usd = said.figures["usd"]
        self.claims.append(
            Claim(
                day.message, _numbers(said), happened, tuple(usd) if usd else None,
                said.figures["usdUnknown"], tuple(made.values()),
            )
        )  # fmt: skip

    def _let_go(self, day: Day, before: dict[str, str], after: dict[str, str]) -> set[str]:
        """Give the runs whose on_delete alone was changed, which nobody tells the service."""
        return {JOINT} & before.keys() & after.keys() if "on_delete" in day.says else set()

    def _fates(self, said: Said, before: dict[str, str], events: list[Event]) -> None:
        """Hold what was to become of each old run against what did."""
        done = {(e.what, e.uuid) for e in events}
        for each in said.document["runs"]:
            old = each["oldRun"]
            if old is None:
                continue
            assert old["uuid"] == before[_sample(each["name"])]
            fate, uuid = old["fate"], old["uuid"]
            assert (("cancel", uuid) in done) == (fate == "cancelled"), each
            deleted = fate == "record deleted" or (fate, old["onDelete"]) == ("cancelled", "delete")
            assert (("delete", uuid) in done) == deleted, each
            if fate == "kept":
                self.book.kept[uuid] = Work(_sample(each["name"]))

    # What is there ---------------------------------------------------------------------------

    def _events(self, *, look: bool = False) -> list[Event]:
        """Give what the pipeline's processes did since the last time."""
        events = self.ledger.events()
        fresh = [event for event in events[self._seen :] if event.foreign]
        if not look:
            self._seen = len(events)
        return fresh

    def _current(self) -> dict[str, str]:
        """Give the uuid of each recorded run, by sample."""
        return {
            _sample(name_of(each["urn"])): each["outputs"]["uuid"]
            for each in self.stack.resources()
            if not each.get("delete")
        }

    def _look(self) -> None:
        """Hold every run of the account against the history."""
        asked = Counter(self.book.works.values()) + Counter(self.book.kept.values())
        versions: dict[str, set[str]] = {}
        found: Counter[Work] = Counter()
        texts = {work.sample: work for work in self.book.works.values()}
        for run_id in self.stack.statuses():
            run: dict[str, Any] = dict(self.stack.service.get_run(id=run_id))
            given = run["parameters"]
            sample = given.get("sample") or given["sample_name"]
            work = texts.get(sample)
            if work and work.definition:
                versions.setdefault(work.definition, set()).add(run["workflowVersionName"])
                work = Work(sample, given["cram"], str(given["depth"]), work.definition, work.rerun)
            found[work or Work(sample)] += 1
        gone = {work for work in asked if work.sample in self._deleted_by_hand()}
        assert found == Counter({w: n for w, n in asked.items() if w not in gone})
        # A definition is one version.
        assert all(len(names) == 1 for names in versions.values()), versions
        started = Counter(e.name for e in self.ledger.events() if e.what == "start")
        assert started == self.book.asked, "started more or less often than asked"

    def _deleted_by_hand(self) -> set[str]:
        return {e.name for e in self.ledger.events() if e.what == "delete" and not e.foreign}

    # Time and money --------------------------------------------------------------------------

    def _bill(self) -> None:
        """Write down what each run has cost by now; a record that goes later can't tell."""
        now = control.advance(self.stack.emulator_state, 0)
        current = self._current()
        for run_id, status in self.stack.statuses().items():
            uuid = self.stack.service.get_run(id=run_id)["uuid"]
            if status == "COMPLETED":
                self.completed.add(uuid)
            if uuid in current.values() or uuid in self.book.kept:
                self.bills[uuid] = bill(self.stack.service, run_id, now)

    def _pass(self, hours: float) -> None:
        self.stack.plan_faults()
        control.advance(self.stack.emulator_state, hours * 3600)

    def settle(self) -> None:
        """Let the last day's runs end, and write down what they cost."""
        self._pass(24)
        self._bill()


def _numbers(said: Said) -> Numbers:
    figures = said.figures
    assert figures["adopted"] == 0
    assert figures["maybeCancelled"] == 0
    assert figures["newAtLeast"] == figures["new"]
    names = asdict(Numbers())
    return Numbers(**{name: figures[name] or 0 for name in names})


def _sample(name: str) -> str:
    return name.removeprefix(COHORT)


def _project() -> tuple[str, ...]:
    return "Pulumi.yaml", f"Pulumi.{STACK}.yaml"
