"""A cohort of public samples through the real engine: what each change of its sheet does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.harness import ENDED, Stack, declaration, name_of
from tests.engine.runs.test_scale import ONE_CHECKPOINT

#: Twelve samples of the 1000 Genomes Project; where they come from: stacks/samples/README.md.
SHEET: Final = (
    Path(__file__).parents[3] / "stacks" / "samples" / "1000-genomes-30x.tsv"
).read_text("utf-8")
#: A sample of the same list that the sheet does not have.
FURTHER: Final = (
    "NA18549\tCHB\ts3://1000genomes/1000G_2504_high_coverage/data/ERR3239499/NA18549.final.cram\n"
)

PROGRAM: Final = """\
import json
import pathlib

import pulumi
from omics_provider import RunCohort

arguments = json.loads(pathlib.Path("cohort.json").read_text())
wait = arguments.pop("wait", None)
cohort = RunCohort(
    "panel",
    samples="panel.tsv",
    parameters={"sample_name": "{sample}", "reads": {"cram": "{cram}", "crai": "{cram}.crai"}},
    **arguments,
)
if wait is not None:
    ended = cohort.wait(**wait)
    pulumi.export("ended", {id_: ended[id_]["status"] for id_ in cohort.runs})
"""


def declare(stack: Stack, sheet: str | bytes = SHEET, **arguments: Any) -> None:
    """Make `stack` declare a cohort with this sheet."""
    stack.program(PROGRAM)
    content = sheet.encode() if isinstance(sheet, str) else sheet
    (stack.home / "panel.tsv").write_bytes(content)
    template = declaration(parameters={"reference": "GRCh38"}, **arguments.pop("template", {}))
    (stack.home / "cohort.json").write_text(json.dumps({"template": template, **arguments}))


def names(stack: Stack) -> set[str]:
    return {name_of(each["urn"]) for each in stack.resources()}


def turned(text: str) -> bytes:
    """Give the same sheet in other clothes: rows and columns turned, one more, quotes, CRLF."""
    header, *rows = text.splitlines()
    lines = [f"{header}\tnote", *(f"{row}\tread, {n} times" for n, row in enumerate(rows))]
    cells = [reversed(line.split("\t")) for line in (lines[0], *reversed(lines[1:]))]
    quoted = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in cells)
    return quoted.replace("population", "from").replace("CEU", "Utah").encode("utf-8-sig")


def test_a_changed_sheet_is_previewed_and_carried_out(stack: Stack) -> None:
    """A sheet in other clothes, and one that is malformed: tests/unit has them one by one."""
    declare(stack, template={"tags": ENDED})
    _, calls = stack.calls(stack.up)
    assert calls == {"StartRun": 12}
    ids = [line.split("\t")[0] for line in SHEET.splitlines()[1:]]
    assert names(stack) == {f"panel-{id_}" for id_ in ids}
    run = stack.recorded("panel-NA12718")
    cram = "s3://1000genomes/1000G_2504_high_coverage/data/ERR3239480/NA12718.final.cram"
    assert run["inputs"]["name"] == "NA12718"
    assert run["inputs"]["parameters"] == {
        "reference": "GRCh38",
        "sample_name": "NA12718",
        "reads": {"cram": cram, "crai": f"{cram}.crai"},
    }
    (component,) = stack.resources("omics:index:RunCohort")
    assert run["parent"] == component["urn"]
    before = {name: stack.recorded(name)["id"] for name in names(stack)}

    # The same samples, however they are written: 12 runs, the cohort, the stack.
    declare(stack, turned(SHEET), template={"tags": ENDED})
    outcome, calls = stack.calls(stack.preview)
    assert (outcome.summary, calls) == ({"same": 14}, {})

    is_told_as_a_whole(stack)

    # A row added, a row changed, a row removed.
    header, *rows = SHEET.splitlines(keepends=True)
    gone = rows.pop(4)
    edited = "".join([header, *rows[:3], FURTHER, *rows[3:]]).replace(
        "ERR3239494/NA18536.final", "ERR3239494/NA18536.redone"
    )
    declare(stack, edited, template={"tags": ENDED})
    outcome, calls = stack.calls(stack.preview)
    assert outcome.summary == {"same": 12, "create": 1, "replace": 1, "delete": 1}
    assert calls == {}
    steps = outcome.steps()
    removed = f"panel-{gone.split()[0]}"
    assert {"create panel-NA18549", f"delete {removed}"} <= steps.keys()
    paths = steps["replace panel-NA18536"]["detailedDiff"]
    assert set(paths) == {"parameters.reads.crai", "parameters.reads.cram"}

    _, calls = stack.calls(stack.up)
    assert calls["StartRun"] == 2
    after = {name: stack.recorded(name)["id"] for name in names(stack)}
    assert after.keys() == before.keys() - {removed} | {"panel-NA18549"}
    assert {name for name in after if after[name] != before.get(name)} <= {
        "panel-NA18549", "panel-NA18536",
    }  # fmt: skip
    assert stack.statuses().keys() == set(after.values())
    assert stack.recorded("panel-NA18536")["inputs"]["parameters"]["reads"]["cram"].endswith(
        "NA18536.redone.cram"
    )


def is_told_as_a_whole(stack: Stack) -> None:
    """Hold an up of a malformed sheet to telling all that is wrong, and to starting nothing."""
    header, *rows = SHEET.splitlines(keepends=True)
    first_cell = rows[1].split("\t")[0]
    wrong = [
        *rows,
        FURTHER.replace("NA18549\t", "NA 18549\t"),
        rows[0],
        "NA18550\tCHB\t\n",
        "NA18551\tCHB\n",
        FURTHER.replace("NA18549\t", "\t"),
    ]
    declare(stack, "".join([header, *wrong]), overrides={f"{first_cell}x": {}})
    before = stack.checkpoint

    outcome, calls = stack.calls(lambda: stack.up(expect=None))

    assert calls == {}
    assert stack.checkpoint.count("omics:Run") == before.count("omics:Run")
    for told in (
        "Cohort panel can't be created, and none of its runs starts or changes:",
        f"panel.tsv: no sample '{first_cell}x', for which there are overrides: did you mean",
        "panel.tsv: line 14: sample 'NA 18549' can't be the name of a run",
        "panel.tsv: line 15: the sample NA12718 is in line 2 already.",
        "panel.tsv: line 16: nothing in cram.",
        "panel.tsv: line 17: has 2 cells, the header has 3.",
        "panel.tsv: line 18: nothing in sample.",
    ):
        assert told in outcome.message, told


def test_columns_are_the_workflows_parameters_and_some_failures_are_borne(stack: Stack) -> None:
    fails = {"tags": {"emulator:fails": "INPUT_URI_NOT_FOUND"}}
    arguments: dict[str, Any] = {
        "template": {"tags": ENDED},
        "wait": {},
        "overrides": {"NA12718": fails},
        "max_failures": 1,
    }
    # Workflow 9500764 has sample_name and fastq_pairs, and no parameter for the other columns.
    header, *rows = SHEET.replace("sample\t", "sample_name\t", 1).splitlines(keepends=True)
    program = PROGRAM.replace("parameters={", "parameters=None and {")
    declare(stack, "".join([header, *rows[:3]]), **arguments)
    stack.program(program)
    outcome, calls = stack.calls(stack.up)
    assert (calls["GetWorkflow"], calls["StartRun"]) == (1, 3)
    assert stack.recorded("panel-NA12775")["inputs"]["parameters"] == {
        "reference": "GRCh38", "sample_name": "NA12775",
    }  # fmt: skip
    assert "INPUT_URI_NOT_FOUND" in outcome.message
    (root,) = stack.resources("pulumi:pulumi:Stack")
    assert root["outputs"]["ended"] == {
        "NA12718": "FAILED", "NA12775": "COMPLETED", "NA18536": "COMPLETED",
    }  # fmt: skip

    arguments["overrides"]["NA12775"] = fails
    declare(
        stack, "".join([header, *rows[:3]]),
        **{**arguments, "template": {"tags": ENDED, "rerun": 2}},
    )  # fmt: skip
    stack.program(program)
    outcome = stack.up(expect=1)
    assert "2 of 3 samples of the cohort panel failed, 1 may: NA12718, NA12775." in outcome.message


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_rows(stack: Stack) -> None:
    stack.environment.update(ONE_CHECKPOINT)
    template = {"tags": ENDED}
    rows = [f"S{n:04}\tCEU\ts3://1000genomes/S{n:04}.cram\n" for n in range(1000)]
    header = SHEET.splitlines(keepends=True)[0]
    declare(stack, "".join([header, *rows]), template=template)
    _, calls = stack.calls(lambda: stack.up(seconds=600))
    assert calls == {"StartRun": 1000}

    declare(stack, "".join([header, *reversed(rows)]), template=template)
    assert stack.preview("--expect-no-changes").summary == {"same": 1002}

    changed = rows[500].replace(".cram", ".2.cram")
    declare(stack, "".join([header, "T\tCEU\ts3://1000genomes/T.cram\n", *rows[1:500], changed,
                            *rows[501:]]), template=template)  # fmt: skip
    outcome = stack.preview()
    assert outcome.summary == {"same": 1000, "create": 1, "replace": 1, "delete": 1}
