"""A cohort of public samples through the real engine: what each change of its sheet does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.harness import ENDED, Outcome, Stack, declaration, make_stack, name_of
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


def preview(stack: Stack, sheet: str | bytes) -> Outcome:
    """Preview another sheet. It asks the service nothing."""
    declare(stack, sheet)
    outcome, calls = stack.calls(stack.preview)
    assert calls == {}
    return outcome


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose cohort has been started from the sheet as it is. Tests only preview it."""
    stack = make_stack(tmp_path_factory.mktemp("cohort") / "project")
    declare(stack)
    _, calls = stack.calls(stack.up)
    assert calls == {"StartRun": 12}
    yield stack
    assert "Traceback" not in stack.transcript


def test_each_sample_has_a_run_of_its_id(panel: Stack) -> None:
    ids = [line.split("\t")[0] for line in SHEET.splitlines()[1:]]
    assert names(panel) == {f"panel-{id_}" for id_ in ids}
    run = panel.recorded("panel-NA12718")
    cram = "s3://1000genomes/1000G_2504_high_coverage/data/ERR3239480/NA12718.final.cram"
    assert run["inputs"]["name"] == "NA12718"
    assert run["inputs"]["parameters"] == {
        "reference": "GRCh38",
        "sample_name": "NA12718",
        "reads": {"cram": cram, "crai": f"{cram}.crai"},
    }
    (component,) = panel.resources("omics:index:RunCohort")
    assert run["parent"] == component["urn"]


def reordered(text: str) -> str:
    header, *rows = text.splitlines(keepends=True)
    return "".join([header, *reversed(rows)])


def columns_turned(text: str) -> str:
    return "".join("\t".join(reversed(line.split("\t"))) + "\n" for line in text.splitlines())


def as_csv(text: str) -> str:
    return '"' + text.replace("\t", '","').replace("\n", '"\r\n"').removesuffix('"')


def with_a_column(text: str) -> str:
    first, *rows = text.splitlines()
    return "\n".join([f"{first}\tnote", *(f"{row}\tread, {n} times" for n, row in enumerate(rows))])


@pytest.mark.parametrize(
    "change",
    [
        reordered,
        lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
        columns_turned,
        as_csv,
        with_a_column,
        lambda text: text.replace("\tCEU", "\tUtah").replace("population", "from") + "\n\t\t\n",
    ],
    ids=["rows", "CRLF and BOM", "columns", "quotes", "another column", "an unused column"],
)
def test_what_makes_no_difference(panel: Stack, change: Callable[[str], str | bytes]) -> None:
    assert change(SHEET) != SHEET
    # 12 runs, the cohort, the stack.
    assert preview(panel, change(SHEET)).summary == {"same": 14}


def test_a_row_added_is_one_run_to_start(panel: Stack) -> None:
    header, *rows = SHEET.splitlines(keepends=True)
    outcome = preview(panel, "".join([header, *rows[:3], FURTHER, *rows[3:]]))
    assert outcome.summary == {"same": 14, "create": 1}
    assert "create panel-NA18549" in outcome.steps()


def test_a_row_changed_is_one_run_to_replace(panel: Stack) -> None:
    changed = SHEET.replace("ERR3239494/NA18536.final", "ERR3239494/NA18536.redone")
    outcome = preview(panel, changed)
    assert outcome.summary == {"same": 13, "replace": 1}
    step = outcome.steps()["replace panel-NA18536"]
    assert set(step["detailedDiff"]) == {"parameters.reads.crai", "parameters.reads.cram"}


def test_a_row_removed_is_one_run_to_delete(panel: Stack) -> None:
    lines = SHEET.splitlines(keepends=True)
    gone = lines.pop(5)
    outcome = preview(panel, "".join(lines))
    assert outcome.summary == {"same": 13, "delete": 1}
    assert f"delete panel-{gone.split()[0]}" in outcome.steps()


def test_a_malformed_sheet_is_told_as_a_whole_and_starts_nothing(panel: Stack) -> None:
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
    declare(panel, "".join([header, *wrong]), overrides={f"{first_cell}x": {}})
    before = panel.checkpoint

    outcome, calls = panel.calls(lambda: panel.up(expect=None))

    assert calls == {}
    assert panel.checkpoint.count("omics:Run") == before.count("omics:Run")
    for told in (
        "Cohort panel can't be made, and none of its runs is started or changed:",
        f"panel.tsv: no sample '{first_cell}x', for which there are overrides: did you mean",
        "panel.tsv: line 14: sample 'NA 18549' can't name a run",
        "panel.tsv: line 15: the sample NA12718 is in line 2 already.",
        "panel.tsv: line 16: nothing in cram.",
        "panel.tsv: line 17: has 2 cells, the header has 3.",
        "panel.tsv: line 18: nothing in sample.",
    ):
        assert told in outcome.message, told


def test_a_changed_sheet_is_carried_out(stack: Stack) -> None:
    header, *rows = SHEET.splitlines(keepends=True)
    declare(stack, "".join([header, *rows[:3]]), template={"tags": ENDED})
    stack.up()
    first = {name: stack.recorded(f"panel-{name}")["id"] for name in ("NA12718", "NA12775")}

    changed = rows[1].replace(".final.", ".redone.")
    declare(stack, "".join([header, FURTHER, changed, rows[0]]), template={"tags": ENDED})
    _, calls = stack.calls(stack.up)

    assert calls["StartRun"] == 2
    assert names(stack) == {"panel-NA12718", "panel-NA12775", "panel-NA18549"}
    assert stack.recorded("panel-NA12718")["id"] == first["NA12718"]
    assert stack.recorded("panel-NA12775")["id"] != first["NA12775"]
    assert stack.statuses().keys() == {each["id"] for each in stack.resources()}
    stack.preview("--expect-no-changes")


def test_as_many_failures_as_are_allowed(stack: Stack) -> None:
    header, *rows = SHEET.splitlines(keepends=True)
    sheet = "".join([header, *rows[:3]])
    fails = {"tags": {"emulator:fails": "INPUT_URI_NOT_FOUND"}}
    arguments: dict[str, Any] = {
        "template": {"tags": ENDED}, "wait": {}, "overrides": {"NA12718": fails},
    }  # fmt: skip

    declare(stack, sheet, max_failures=1, **arguments)
    outcome = stack.up()
    assert "INPUT_URI_NOT_FOUND" in outcome.message
    (root,) = stack.resources("pulumi:pulumi:Stack")
    assert root["outputs"]["ended"] == {
        "NA12718": "FAILED", "NA12775": "COMPLETED", "NA18536": "COMPLETED",
    }  # fmt: skip

    arguments["overrides"]["NA12775"] = fails
    declare(stack, sheet, max_failures=1, **{**arguments, "template": {"tags": ENDED, "rerun": 2}})
    outcome = stack.up(expect=1)
    assert "2 of 3 samples of the cohort panel failed, 1 may: NA12718, NA12775." in outcome.message


def test_columns_that_the_workflow_has_no_parameter_of_make_no_difference(stack: Stack) -> None:
    sheet = SHEET.replace("sample\t", "sample_name\t", 1)
    declare(stack, sheet, template={"tags": ENDED})
    stack.program(PROGRAM.replace("parameters={", "parameters=None and {"))
    _, calls = stack.calls(stack.up)
    assert calls == {"GetWorkflow": 1, "StartRun": 12}
    # Workflow 9500764 has sample_name and fastq_pairs.
    assert stack.recorded("panel-NA12718")["inputs"]["parameters"] == {
        "reference": "GRCh38", "sample_name": "NA12718",
    }  # fmt: skip

    (stack.home / "panel.tsv").write_text(with_a_column(sheet))
    assert stack.preview("--expect-no-changes").summary == {"same": 14}


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
