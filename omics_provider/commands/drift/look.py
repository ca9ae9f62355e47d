"""Looks at what a stack records, and at runs that it may have lost: few calls, all of them reads.

ListRuns tells the state of 100 runs at once, but neither uuid, reason nor tags. So GetRun is asked
where the list leaves something open, and for runs that may carry the stack's mark.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.base.status import ACTIVE, LIFE
from omics_provider.batches.calls import Batches
from omics_provider.batches.rules.lifecycle import FINAL
from omics_provider.engine.urn import CACHE, GROUP, RUN
from omics_provider.explain.gather import Gaps
from omics_provider.runs.calls import Runs
from omics_provider.shared.calls import Caches, Groups
from omics_provider.workflows.calls import Workflows

from .data import Seen
from .rules.judge import Found, Live, Look, from_list, may_be_unrecorded, unfinished
from .rules.record import Recorded, StackRecord

#: Recorded runs that are read one by one, tags and all; more are found in the list.
ONE_BY_ONE: Final = 20
#: Runs and batches that the state does not know and that are asked for their mark.
CANDIDATES: Final = 200
#: Entries of ListRuns that are read: 500 calls. Active runs beyond it are listed by their state.
_LISTED: Final = 50_000
#: The account's other callers share the quota of 10 calls a second.
_THREADS: Final = 4
#: Refusals after which nothing more is asked, if no call was allowed.
_REFUSALS: Final = 3


def look(
    settings: Settings, state: StackRecord, *, candidates: int = CANDIDATES, all_tags: bool = False
) -> Seen:
    """Look at all that the state records, and at up to `candidates` runs that it does not.

    `all_tags` asks for each recorded run by itself. What can't be read is told as such. Raises the
    errors of `omics_provider.base.errors` where nothing can be read at all: no credentials, no
    connection, no Region.
    """
    return _Looking(settings, state, candidates, all_tags=all_tags).look()


class _Looking:
    def __init__(
        self, settings: Settings, state: StackRecord, candidates: int, *, all_tags: bool
    ) -> None:
        self._settings = settings
        self._state = state
        self._left = candidates
        self._looks_for_others = candidates > 0
        self._all_tags = all_tags
        self._runs = Runs(settings)
        self._gaps = Gaps()
        self._region = self._runs.region
        self._account = self._gaps.attempt(
            "GetCallerIdentity", "the account of the credentials", self._runs.account
        )
        self._unasked = {True: 0, False: 0}

    def look(self) -> Seen:
        """Look at runs, then at what else there is."""
        leaving = self._look_at_leaving()
        runs, strangers, tags_unseen = self._look_at_runs(leaving)
        batches, strange_batches = self._look_at_batches()
        return Seen(
            runs=runs,
            batches=batches,
            leaving=leaving,
            lasting=self._look_at_lasting(),
            strangers=tuple(strangers),
            strange_batches=tuple(strange_batches),
            tags_unseen=tags_unseen,
            unasked_active=self._unasked[True],
            unasked_ended=self._unasked[False],
            gaps=self._gaps.told,
        )

    # Runs ------------------------------------------------------------------------------------

    def _look_at_leaving(self) -> dict[str, Found]:
        """Look at replaced runs that the next update ends: few, so each is asked for."""
        runs = [each for each in self._state.leaving if each.type == RUN]
        found = {run.uuid: where for run in runs if (where := self._elsewhere(run))}
        here = [run for run in runs if run.uuid not in found]
        answers = self._asked([run.id for run in here], self._runs.find)
        return found | {run.uuid: answers[run.id] for run in here}

    def _look_at_runs(
        self, leaving: Mapping[str, Found]
    ) -> tuple[dict[str, Found], list[Live], int]:
        found: dict[str, Found] = {}
        asked: list[Recorded] = []
        here: list[Recorded] = []
        for run in self._state.runs:
            elsewhere = self._elsewhere(run)
            if elsewhere:
                found[run.urn] = elsewhere
            elif not run.is_gone:
                # What is known to be gone does not come back.
                here.append(run)
        one_by_one = self._all_tags or len(here) <= ONE_BY_ONE
        needs_list = self._looks_for_others or not one_by_one
        items = self._gaps.attempt("ListRuns", "all runs", self._listed) if needs_list else None
        by_id = {item["id"]: item for item in items or ()}
        for run in here:
            listed = None if one_by_one else from_list(run, by_id.get(run.id))
            if listed is None:
                asked.append(run)
            else:
                found[run.urn] = listed
        tags_unseen = sum(1 for run in here if run.urn in found and run.tags is not None)
        answers = self._asked([run.id for run in asked], self._runs.find)
        found |= {run.urn: answers[run.id] for run in asked}
        seen = {str(e.run["id"]): e for e in leaving.values() if e.look is Look.READ} | answers
        return found, self._strangers(items or (), found, seen), tags_unseen

    def _listed(self) -> list[Live]:
        items: list[Live] = list(itertools.islice(self._runs.list(), _LISTED))
        if len(items) == _LISTED:
            known = {item["id"] for item in items}
            for status in LIFE:
                more = itertools.islice(self._runs.list(status=status), _LISTED)
                items += [item for item in more if item["id"] not in known]
        return items

    def _strangers(
        self, items: Iterable[Live], found: Mapping[str, Found], answers: Mapping[str, Found]
    ) -> list[Live]:
        """Return the runs that no resource stands for, as far as they are asked."""
        listed = {each.run["id"] for each in found.values() if each.look is Look.LISTED}
        # A run that has the id of a recorded one was asked for already.
        mixed = [each.run for each in answers.values() if each.look is Look.READ]
        candidates = [
            item
            for item in items
            if may_be_unrecorded(item) and item["id"] not in listed and item["id"] not in answers
        ]
        chosen = self._chosen(candidates, lambda item: item["status"] in ACTIVE, "creationTime")
        more = self._asked([str(item["id"]) for item in chosen], self._runs.find)
        return [*mixed, *(each.run for each in more.values() if each.look is Look.READ)]

    def _chosen(
        self, candidates: Sequence[Live], is_active: Callable[[Live], bool], created: str
    ) -> Sequence[Live]:
        """Choose as many as may be asked: those that may cost money first, then the newest."""
        newest = sorted(candidates, key=lambda item: str(item.get(created)), reverse=True)
        in_order = sorted(newest, key=lambda item: not is_active(item))
        chosen, rest = in_order[: self._left], in_order[self._left :]
        self._left -= len(chosen)
        if self._looks_for_others:
            for item in rest:
                self._unasked[is_active(item)] += 1
        return chosen

    # Batches and what runs share -----------------------------------------------------------------

    def _look_at_batches(self) -> tuple[dict[str, Found], list[Live]]:
        batches = Batches(self._settings)
        found: dict[str, Found] = {}
        wanted: dict[str, str] = {}
        for resource in (*self._state.batches, *self._state.leaving):
            elsewhere = self._elsewhere(resource)
            for kept in unfinished(resource):
                if elsewhere:
                    found[str(kept["uuid"])] = elsewhere
                else:
                    wanted[str(kept["uuid"])] = str(kept["id"])
        answers = self._asked(list(wanted.values()), batches.find)
        found |= {uuid: answers[id_] for uuid, id_ in wanted.items()}
        if not self._looks_for_others:
            return found, []
        recorded = (*self._state.batches, *self._state.leaving)
        known = {str(k["id"]) for r in recorded for k in _kept(r)}
        items = self._gaps.attempt(
            "ListBatch", "batches", lambda: list(itertools.islice(batches.list(), _LISTED))
        )
        candidates = [item for item in items or () if item["id"] not in known]
        chosen = self._chosen(candidates, lambda item: item["status"] not in FINAL, "createdAt")
        more = self._asked([str(item["id"]) for item in chosen], batches.find)
        return found, [each.run for each in more.values() if each.look is Look.READ]

    def _look_at_lasting(self) -> dict[str, Found]:
        groups, caches = Groups(self._settings), Caches(self._settings)
        workflows = Workflows(self._settings)

        by_urn = {each.urn: each for each in self._state.lasting}
        elsewhere = {urn: self._elsewhere(each) for urn, each in by_urn.items()}

        def read(urn: str) -> Live | None:
            each = by_urn[urn]
            if each.type == GROUP:
                return _as_live(groups.find(each.id))
            if each.type == CACHE:
                return _as_live(caches.find(each.id))
            live = workflows.find(each.id)
            name = each.plain_outputs.get("versionName")
            version = workflows.find_version(each.id, str(name)) if live and name else None
            return live and {"live": live, "version": version}

        here = [urn for urn, found in elsewhere.items() if found is None]
        answers = self._asked(here, read)
        return {urn: found or answers[urn] for urn, found in elsewhere.items()}

    # Asking ----------------------------------------------------------------------------------

    def _elsewhere(self, resource: Recorded) -> Found | None:
        if resource.region and resource.region != self._region:
            return Found(Look.ELSEWHERE, why=f"Region {resource.region}")
        if resource.account and self._account and resource.account != self._account:
            return Found(Look.ELSEWHERE, why=f"account {resource.account}")
        if not resource.is_at(self._settings):
            return Found(Look.ELSEWHERE, why=f"the endpoint of Provider {resource.provider}")
        return None

    def _asked(self, ids: Sequence[str], find: Callable[[str], Live | None]) -> dict[str, Found]:
        """Ask for each by its id or URN; stop where the caller plainly has not the right."""
        if not ids:
            return {}
        refused: list[Found] = []
        allowed: list[str] = []

        def one(id_: str) -> Found:
            if len(refused) >= _REFUSALS and not allowed:
                return refused[0]
            found = self._found(id_, find)
            (allowed.append(id_) if found.look is not Look.UNREAD else refused.append(found))
            return found

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="drift") as pool:
            return dict(zip(ids, pool.map(one, ids), strict=True))

    def _found(self, id_: str, find: Callable[[str], Live | None]) -> Found:
        try:
            live = find(id_)
        except errors.ServiceError as error:
            # Not allowed is neither there nor gone.
            self._gaps.note(error.operation, str(error).replace("\n", " "))
            return Found(Look.UNREAD, why=f"{error.operation}: {error.code}")
        if live is None and self._account is None:
            why = "there is no such record, and it is not known whether this is the same account"
            return Found(Look.UNREAD, why=why)
        return Found(Look.MISSING) if live is None else Found(Look.READ, live)


def _kept(resource: Recorded) -> Iterator[Live]:
    yield from resource.plain_outputs.get("batches", ())


def _as_live(answer: Live | None) -> Live | None:
    return None if answer is None else {"live": answer}
