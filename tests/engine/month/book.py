"""What ought to be there by the history: read from the team's files, without the package."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from typing import Final

from .repository import PROGRAM, SETTINGS, SHEET, WDL, Files

#: The run that is in no sheet.
JOINT: Final = "joint"


@dataclass(frozen=True)
class Work:
    """What one run is asked to do. Another work is another run; its tags and length are not."""

    sample: str
    cram: str = ""
    depth: str = ""
    definition: str = ""
    rerun: int | None = None


class Book:
    """Every sample's work, and how often a run was asked for."""

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}
        self.asked: Counter[str] = Counter()
        #: Works whose run was let go of, and stays.
        self.kept: dict[str, Work] = {}

    def take(self, files: Files) -> None:
        """Take a commit that is merged."""
        works = _works(files)
        for sample, work in works.items():
            self.asked[sample] += self.works.get(sample) != work
        self.works = works

    def names(self) -> set[str]:
        """Give the samples that are to have a run."""
        return set(self.works)


def _works(files: Files) -> dict[str, Work]:
    reruns = json.loads(files[SETTINGS])["rerun"]
    found = {
        row["sample"]: Work(
            row["sample"], row["cram"], row["depth"], files[WDL], reruns.get(row["sample"])
        )
        for row in csv.DictReader(io.StringIO(files[SHEET], newline=""))
    }
    if f'"{JOINT}"' in files[PROGRAM]:
        found[JOINT] = Work(JOINT)
    return found
