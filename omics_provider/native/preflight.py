"""Preflight: what a preview says of the runs that the update would start.

The engine asks for them one by one, and many at a time. So each run is judged as it comes, by what
was looked up for those before it and what it needs beside; nothing is looked up or told twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.settings import Mode, Settings
from omics_provider.base.values import UNKNOWN, contains_unknown
from omics_provider.engine.call import Call
from omics_provider.engine.urn import kind_of
from omics_provider.preflight import calls
from omics_provider.preflight.rules import judge, words
from omics_provider.preflight.rules.answers import Answer, Answers, Kind, Look, Unseen
from omics_provider.rpc.host import Host

from . import tables
from .failures import Told

_RUN: Final = "omics:index:Run"
_WORKFLOW: Final = "omics:index:Workflow"
_RUNS: Final = tables.RUN.in_api_names()


class Preflight:
    """The looks of one preview at one place, and what was told of them."""

    def __init__(self, settings: Settings, mode: Mode, host: Host) -> None:
        self._settings = settings
        self._mode = mode
        self._host = host
        #: Held while something is looked up: who comes meanwhile needs most of it, too.
        self._lock = threading.Lock()
        self._answers: dict[Look, Answer] = {}
        self._told: set[object] = set()
        #: The templates of versions that the update makes, by workflow and name; None for one that
        #: is not known. A workflow that it makes has no id yet.
        self._planned: dict[tuple[object, object], Mapping[str, Any] | None] = {}
        #: Seconds and input files that are left for the preview.
        self._seconds = calls.SECONDS
        self._files = calls.FILES
        #: Whether nothing can be looked up at all.
        self._is_blind = False

    @property
    def is_on(self) -> bool:
        """Whether previews look anything up."""
        return self._mode != "off"

    def foresee(self, call: Call, inputs: Mapping[str, Any], id_: str = "") -> None:
        """Take what a preview makes, or changes where it has an id: runs are looked at.

        Raises Told in the mode "fail" where a new run will not work. `inputs` have no secrets.
        """
        if not self.is_on:
            return
        kind = kind_of(call.urn)
        if kind == _WORKFLOW:
            self._plan(id_, inputs)
        elif kind == _RUN and not id_:
            self._look(call, inputs)

    def _plan(self, id_: str, inputs: Mapping[str, Any]) -> None:
        """Keep the template of a version that the update makes: the runs of it come later."""
        template = inputs.get("parameterTemplate")
        known = isinstance(template, Mapping) and not contains_unknown(template)
        key = id_, inputs.get("versionName")
        with self._lock:
            # Two new workflows may call their versions alike: which is a run's is not known.
            is_alone = key not in self._planned
            self._planned[key] = template if known and is_alone else None

    def _look(self, call: Call, inputs: Mapping[str, Any]) -> None:
        """Look up what a run needs, and tell what will not work."""
        with self._lock:
            lines = [] if self._is_blind else self._judged(inputs)
            fresh = [line for line in lines if self._is_new(line)]
        if lines and self._mode == "fail":
            raise Told(f"{_listed(lines)}\n{_WAY_OUT}")
        if fresh:
            call.warn(_listed(fresh))

    def _judged(self, inputs: Mapping[str, Any]) -> list[str]:
        try:
            region = calls.region(self._settings)
        except errors.OmicsError as error:
            self._is_blind = True
            self._host.tell(f"{words.HEADLINE}: {words.blind(error)}")
            return []
        workflow = inputs.get("workflowId")
        # A duplicate names no workflow, and is none of those that have no id yet.
        key = "" if workflow is UNKNOWN else workflow, inputs.get("workflowVersionName")
        if key in self._planned:
            # It is not there yet.
            inputs = {**inputs, "workflowVersionName": UNKNOWN}
        self._look_up([Look(Kind.PLACE), *judge.looks(inputs), *self._chosen(inputs)])
        place = calls.place(self._settings, region, self._answers)
        planned = self._planned.get(key)
        found = judge.problems(inputs, self._answers, place, planned, table=_RUNS)
        return [f"{problem.property}: {problem.reason}" for problem in found]

    def _chosen(self, inputs: Mapping[str, Any]) -> list[Look]:
        """Return the looks at the run's input files, as long as the preview may look for more."""
        looks = [Look(Kind.FILE, (uri,)) for uri in judge.files(inputs)]
        chosen = judge.sample([each for each in looks if each not in self._answers], self._files)
        self._files -= len(chosen)
        return chosen

    def _look_up(self, looks: Sequence[Look]) -> None:
        """Look up what has not been looked up yet, and tell what could not be seen."""
        new = [look for look in dict.fromkeys(looks) if look not in self._answers]
        began = time.monotonic()
        found = calls.look_up(self._settings, new, self._seconds)
        self._seconds = max(0.0, self._seconds - (time.monotonic() - began))
        self._answers |= found
        for line, stops in words.unseen(dict(self._fresh(found))).items():
            tell = self._host.tell if stops else self._host.note
            tell(f"{words.HEADLINE}: {line}")

    def _fresh(self, answers: Answers) -> Iterator[tuple[Look, Answer]]:
        """Give the looks that failed, of each kind those with reasons that were not told yet."""
        for look, answer in answers.items():
            if isinstance(answer, Unseen) and self._is_new((look.kind, answer.why)):
                yield look, answer

    def _is_new(self, told: object) -> bool:
        is_new = told not in self._told
        self._told.add(told)
        return is_new


_WAY_OUT: Final = (
    "Nothing starts, because of these problems. With `pulumi config set omics:preflight warn` the "
    "update continues."
)


def _listed(lines: Sequence[str]) -> str:
    listed = "\n".join(f"  {line}" for line in lines)
    return f"{words.HEADLINE} of this run:\n{listed}"
