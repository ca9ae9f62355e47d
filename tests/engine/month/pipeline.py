"""What a pipeline does with a commit: check out, preview, report, update."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass
from typing import Any, Final
from unittest import mock

from omics_provider.commands.cli import main

from ..chaos.processes import Command
from ..harness import Outcome, Stack, until
from .repository import Repository

PREVIEW: Final = ("preview", "--json", "--show-sames", "--show-replacement-steps")


@dataclass(frozen=True)
class Said:
    """What the report on a preview said, before anything happened."""

    code: int
    document: dict[str, Any]
    markdown: str

    @property
    def figures(self) -> dict[str, Any]:
        figures: dict[str, Any] = self.document["figures"]
        return figures


class Pipeline:
    """A pipeline with a workspace, which is the stack's folder."""

    def __init__(self, stack: Stack, repository: Repository) -> None:
        self._stack = stack
        self._repository = repository

    def previewed(self, commit: str) -> Said:
        """Check the commit out, preview it, and report on that."""
        self._repository.check_out(commit, self._stack.home)
        outcome = self._stack.finish(self._stack.begin(*PREVIEW))
        path = self._stack.home / "preview.json"
        path.write_text(outcome.stdout)
        code, text = self._report("--format", "json")
        _, markdown = self._report("--format", "markdown")
        assert code == int(outcome.code != 0), text
        return Said(code, json.loads(text), markdown)

    def update(self, *, fails: bool = False) -> Outcome:
        """`pulumi up` of what is checked out; one that `fails` does so."""
        return self._stack.up(expect=None if fails else 0)

    def killed_update(self) -> None:
        """`pulumi up`, killed with all its processes when some runs are started, not all recorded.

        The first StartRun takes effect and is answered late, which leaves time for that.
        """
        slow = {"operation": "StartRun", "fault": "slow", "seconds": 20, "count": 1}
        self._stack.plan_faults(slow)
        before = {each["id"] for each in self._stack.resources()}
        command = Command(self._stack, "up", "--yes", "--skip-preview")
        until(self._recorded, lambda now: bool(now - before), 60)
        command.kill_all()
        self._stack.plan_faults()
        assert "Traceback" not in command.text

    def unlock(self) -> None:
        """Take away the lock that a killed update left."""
        self._stack.pulumi("cancel", "--yes")

    def _recorded(self) -> set[str]:
        try:
            return {each["id"] for each in self._stack.resources() if each.get("id")}
        except (FileNotFoundError, json.JSONDecodeError):
            # The engine is writing it.
            return set()

    def _report(self, *arguments: str) -> tuple[int, str]:
        """`python -m omics_provider preview`, in this process: a start takes more than the rest."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self._stack.environment, clear=True),
            contextlib.chdir(self._stack.home),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(["preview", "preview.json", *arguments])
        assert out.getvalue(), err.getvalue()
        return code, out.getvalue()
