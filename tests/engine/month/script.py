"""A month of a team, day by day: what it commits, what else happens, and what it expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final

from ..harness import Stack
from .book import JOINT
from .repository import (
    PROGRAM,
    README,
    SETTINGS,
    SHEET,
    WDL,
    Change,
    edit,
    rows,
    several,
    turned,
    turned_back,
    without,
)

NIGHT: Final = 24.0
COHORT: Final = "panel-"


@dataclass(frozen=True)
class Numbers:
    """Runs that a commit starts anew, replaces, removes, cancels, changes in place; those left."""

    new: int = 0
    replaced: int = 0
    removed: int = 0
    cancelled: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Day:
    """A commit, and what is about it.

    - `expects`: what the team expects of it, by hand; `because` says so in words.
    - `by_hand`: what somebody did in the console before, and a `refresh` has found.
    - `fault`: the failureReason with which the service lets the run end that is started.
    - `killed`: the pipeline is killed in the middle of its update, and another follows.
    - `refused`: what the preview's error says; the commit is mended by the next.
    - `says`: what the Markdown has to say.
    - `hours`: until the next commit.
    """

    message: str
    change: Change
    because: str
    expects: Numbers
    by_hand: Callable[[Stack], None] | None = None
    refreshed: bool = False
    fault: str = ""
    killed: bool = False
    refused: str = ""
    says: tuple[str, ...] = ()
    hours: float = NIGHT


def cram(sample: str, depth: int, gb: int, folder: str = "data") -> str:
    """Give a row of the sheet."""
    return f"{sample},s3://1000genomes/{folder}/{sample}.final.cram,{depth},{gb}"


# By hand -------------------------------------------------------------------------------------


def deletes(sample: str) -> Callable[[Stack], None]:
    """Give what deletes the record of a sample's ended run."""
    return lambda stack: stack.service.delete_run(id=_id(stack, sample))


def tags(sample: str, key: str, value: str) -> Callable[[Stack], None]:
    """Give what changes a tag of a sample's run."""

    def act(stack: Stack) -> None:
        arn = stack.recorded(COHORT + sample)["outputs"]["arn"]
        stack.service.tag_resource(resourceArn=arn, tags={key: value})

    return act


def cancels(sample: str) -> Callable[[Stack], None]:
    """Give what cancels a sample's active run."""
    return lambda stack: stack.service.cancel_run(id=_id(stack, sample))


def both(*acts: Callable[[Stack], None]) -> Callable[[Stack], None]:
    """Give all of them, one after the other."""

    def act(stack: Stack) -> None:
        for each in acts:
            each(stack)

    return act


def _id(stack: Stack, sample: str) -> str:
    return str(stack.recorded(COHORT + sample)["id"])


# The days ------------------------------------------------------------------------------------

_SINGLE: Final = f"""
OmicsRun(
    "{JOINT}",
    workflow_id="9500764",
    workflow_type="READY2RUN",
    name="{JOINT}",
    role_arn=place["role_arn"],
    output_uri=place["output_uri"],
    parameters={{
        "sample_name": "{JOINT}",
        "fastq_pairs": [{{"fastq_1": "s3://panel/1.fq.gz", "fastq_2": "s3://panel/2.fq.gz"}}],
    }},
)
"""

_KEPT: Final = _SINGLE.replace("    },\n)", '    },\n    on_delete="keep",\n)')

_FOUR: Final = (
    cram("NA12718", 30, 58), cram("NA18536", 31, 62), cram("NA18917", 29, 55),
    cram("NA19017", 30, 60),
)  # fmt: skip

first = Day(
    "Run the panel's first four samples",
    rows(*_FOUR),
    "All four start. Nothing like them ever ran, so nobody knows what they cost.",
    Numbers(new=4),
    says=("4 new runs start", "cost unknown"),
)
bad_row = Day(
    "Add HG01051",
    rows(cram("HG01051", 30, 59).replace(",30,", ",30x,")),
    "The depth is not a number: the preview names the line, and nothing starts.",
    Numbers(),
    refused="depth '30x' is not a whole number",
    hours=1,
)
good_row = Day(
    "Correct the depth of HG01051",
    edit(SHEET, ",30x,", ",30,"),
    "Now it starts.",
    Numbers(new=1),
)
typo = Day(
    "Add HG02461",
    rows(cram("HG02461", 30, 57, "dta")),
    "The path has a typo that nothing can see beforehand: the run starts, and fails.",
    Numbers(new=1),
    fault="INPUT_URI_NOT_FOUND",
)
mended = Day(
    "Correct the path of HG02461",
    edit(SHEET, "/dta/", "/data/"),
    "The failed run is replaced by one with the right path.",
    Numbers(replaced=1),
    says=("dta/HG02461", "record deleted (FAILED)"),
)
changed = Day(
    "Align faster",
    edit(WDL, "bwa-mem2 mem ~{cram}", "bwa-mem2 mem -t 16 ~{cram}"),
    "Another version of the workflow: every sample runs again with it.",
    Numbers(),
    says=("workflow_version_name",),
)


def _of(day: Day, **numbers: int) -> Day:
    """Give a day with the numbers of the stack as it is then."""
    return replace(day, expects=Numbers(**{**asdict(day.expects), **numbers}))


MONTH: Final = (
    first,
    Day(
        "Add HG00268", rows(cram("HG00268", 30, 64)),
        "One run more. It is larger than any before: the range has to allow for that.",
        Numbers(new=1, unchanged=4), says=("1 new run starts", "`HG00268`"),
    ),
    Day(
        "Say in the README who to ask", edit(README, "is a run.", "is a run. Ask Ada."),
        "No run has to do with it.", Numbers(unchanged=5),
        says=("No run starts, changes or ends",),
    ),
    Day(
        "Add two Gujarati samples", rows(cram("NA20845", 30, 61), cram("NA20846", 28, 53)),
        "Two start.", Numbers(new=2, unchanged=5), says=("`NA20845`, `NA20846`",),
    ),
    Day(
        "Take the sheet as the lab's system exports it", turned,
        "Rows and columns in another order, a column more, CRLF: the same samples.",
        Numbers(unchanged=7), says=("No run starts, changes or ends",),
    ),
    Day(
        "Go back to our own sheet", turned_back, "The same samples still.", Numbers(unchanged=7),
        hours=1,
    ),
    bad_row,
    _of(good_row, unchanged=7),
    Day(
        "Tag the runs for the bill",
        edit(SETTINGS, '{"project": "panel"}', '{"project": "panel", "cost-center": "4711"}'),
        "Tags change in place; no run starts.", Numbers(updated=8),
        says=("8 change in place", "tags.cost-center"),
    ),
    Day(
        "Take the re-aligned file of NA18917", edit(SHEET, "data/NA18917", "realigned/NA18917"),
        "Another input is another run; the old one's record goes.",
        Numbers(replaced=1, unchanged=7), says=("realigned/NA18917", "record deleted (COMPLETED)"),
    ),
    Day(
        "Withdraw NA19017: consent taken back", without("NA19017"),
        "Its run has ended: the record goes.", Numbers(removed=1, unchanged=7),
        says=("no longer declared", "record deleted (COMPLETED)"),
    ),
    Day(
        "Add HG03732", rows(cram("HG03732", 30, 59)), "It starts, and takes hours.",
        Numbers(new=1, unchanged=7), hours=3,
    ),
    Day(
        "Withdraw HG03732: the wrong person's", without("HG03732"),
        "Its run is at work: it is cancelled, and its record goes.",
        Numbers(removed=1, cancelled=1, unchanged=7),
        says=("1 cancelled", "cancelled while RUNNING"),
    ),
    _of(changed, replaced=7),
    _of(typo, unchanged=7),
    Day(
        "Say in the README what the panel is for",
        edit(README, "# The panel", "# The germline panel"),
        "The failed run is told of; nothing starts it again.", Numbers(unchanged=8),
        refreshed=True, says=("INPUT_URI_NOT_FOUND",),
    ),
    _of(mended, unchanged=7),
    Day(
        "Add the samples of batch 7",
        rows(cram("HG01112", 30, 58), cram("HG01500", 31, 60), cram("HG01879", 30, 63)),
        "Three start, though the pipeline is killed on its way.",
        Numbers(new=3, unchanged=8), killed=True,
    ),
    Day(
        "Add HG01583", rows(cram("HG01583", 29, 54)), "Only this one.",
        Numbers(new=1, unchanged=11),
    ),
    Day(
        "Sort the README", edit(README, "Ask Ada.", "Ask Ada or Grace."),
        "A tag changed by hand is put back. The run whose record was deleted by hand is done: "
        "it is not started again.",
        Numbers(updated=1, unchanged=11),
        by_hand=both(deletes("NA20846"), tags("NA18536", "project", "mine")),
        refreshed=True, says=("tags.project",),
    ),
    Day(
        "Withdraw NA20846", without("NA20846"), "Its record is gone already: nothing is to do.",
        Numbers(removed=1, unchanged=11), says=("gone already",),
    ),
    Day(
        "Add HG02922", rows(cram("HG02922", 30, 57)), "It starts.", Numbers(new=1, unchanged=11),
        hours=2,
    ),
    Day(
        "Run HG02922 again, which was cancelled by hand",
        edit(SETTINGS, '"rerun": {}', '"rerun": {"HG02922": 1}'),
        "The run that somebody cancelled is replaced.", Numbers(replaced=1, unchanged=11),
        by_hand=cancels("HG02922"), refreshed=True, says=("rerun", "record deleted (CANCELLED)"),
    ),
    Day(
        "Let fifty runs run at once", edit(SETTINGS, '"max_runs": 40', '"max_runs": 50'),
        "The group changes, no run does.", Numbers(unchanged=12), says=("RunGroup",),
    ),
    Day(
        "Run the joint genome as GATK has it", lambda files: files.update(
            {PROGRAM: files[PROGRAM] + _SINGLE}
        ),
        "A Ready2Run workflow at its listed price.", Numbers(new=1, unchanged=12),
        says=("about 10 USD", "`joint`"),
    ),
    Day(
        "Keep the joint genome's run whatever happens",
        edit(PROGRAM, _SINGLE, _KEPT),
        "on_delete changes in place.", Numbers(updated=1, unchanged=12), says=("on_delete",),
    ),
    Day(
        "Let go of the joint genome", edit(PROGRAM, _KEPT, ""),
        "It is no longer declared, and stays.", Numbers(removed=1, unchanged=12),
        says=("kept (COMPLETED)",),
    ),
    Day(
        "Add HG03052", rows(cram("HG03052", 30, 60)), "It starts, and fails in its last task.",
        Numbers(new=1, unchanged=12), fault="SERVICE_ERROR",
    ),
    Day(
        "Run HG03052 again", edit(SETTINGS, '{"HG02922": 1}', '{"HG02922": 1, "HG03052": 1}'),
        "The failed run is replaced; what its first tasks made comes from the cache.",
        Numbers(replaced=1, unchanged=12), refreshed=True, says=("record deleted (FAILED)",),
    ),
    Day(
        "Take batch 8 and what else was waiting",
        several(
            edit(SHEET, "data/HG01112", "realigned/HG01112"),
            edit(SHEET, ",31,60", ",33,60"),
            without("NA12718"),
            rows(cram("HG03642", 30, 62)),
        ),
        "Each thing once more, all at once.", Numbers(new=1, replaced=2, removed=1, unchanged=10),
        says=("1 new run starts, 2 are replaced, 1 is removed",),
    ),
)  # fmt: skip

DAYS: Final = (
    first,
    Day(
        "Add the samples of batch 7",
        rows(cram("HG01112", 30, 58), cram("HG01500", 31, 60), cram("HG01879", 30, 63)),
        "Three start, though the pipeline is killed on its way. They take hours.",
        Numbers(new=3, unchanged=4), killed=True, hours=3,
    ),
    Day(
        "Withdraw HG01112, and take the re-aligned file of NA18536",
        several(without("HG01112"), edit(SHEET, "data/NA18536", "realigned/NA18536")),
        "The first one's run is at work: it is cancelled. The other one is replaced.",
        Numbers(replaced=1, removed=1, cancelled=1, unchanged=5),
        says=("cancelled while RUNNING", "realigned/NA18536"),
    ),
)  # fmt: skip
