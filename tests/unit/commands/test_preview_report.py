"""Reports on previews: each shape as a golden file, and what holds for all of them.

UPDATE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from omics_provider.base.status import RunStatus
from omics_provider.commands.markdown import LIMIT, markdown, text
from omics_provider.commands.preview.command import write_preview
from omics_provider.commands.preview.data import Facts, PreviewReport, preview_report
from omics_provider.commands.preview.policy import Policy, breaches
from omics_provider.commands.preview.prices import Past, Price, Range, Workflow, price_list
from omics_provider.commands.preview.rules.endings import Seen
from omics_provider.commands.preview.rules.plan import read_plan
from omics_provider.commands.preview.words import _cost, money, span, words_of
from tests.preview_digests import SECRET, UNKNOWN, batch, cohort_of, digest, inputs, step, warning

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden" / "preview"
PRICES = price_list()
PRIVATE = Workflow("1234567", False)
EVIL = "a|b`c``d<img src=x onerror=alert(1)>[l](http://x)@team #1\x1b[31m\n| x |"

Digest = Mapping[str, Any]


def private(**more: Any) -> dict[str, Any]:
    return inputs(workflowId="1234567", workflowType=None, **more)


def past(*costs: float) -> tuple[Past, ...]:
    return tuple(Past(18_000 + 100 * c, Price(c, "price list of 2026-08-24")) for c in costs)


def seen(status: RunStatus, hours: int | None = None) -> Seen:
    return Seen(status, str(status), hours)


def nothing() -> tuple[Digest, Facts]:
    return digest(*cohort_of(3)), Facts("us-east-1", past={})


def mixed() -> tuple[Digest, Facts]:
    """Three runs start, one of them in place of another; each other thing happens once."""
    lanes = {"reads": {"lanes": ["s3://bucket/" + "long/" * 30 + "R1.fq"]}, "token": SECRET}
    other = {"reads": {"lanes": ["s3://bucket/" + "long/" * 30 + "R2.fq"]}, "token": SECRET}
    made = digest(
        step("create", "HG002", new=private()),
        step("create", "HG003", new=private()),
        step("create", "taken-over", new=inputs(adoptRunId="7654321")),
        step("replace", "HG004", old=private(parameters=lanes), new=private(parameters=other),
             diff=["parameters.reads.lanes[0]", "parameters.token"], id="1000001"),
        step("update", "HG005", old=inputs(tags={"a": "1"}), new=inputs(tags={"a": "2"}),
             diff=["tags.a"]),
        step("delete", "kept", old=inputs(), onDelete="keep", id="1000002"),
        step("delete", "done", old=inputs(), status="COMPLETED", id="1000003"),
        step("delete", "lost", old=inputs(), id="1000004"),
        {"op": "create", "urn": "urn:pulumi:dev::trial::pulumi-python:dynamic/omics:RunGroup::g"},
        same=4,
        notices=[
            warning("Preflight of 2 runs (HG002, HG003):\n  cache_id: there is no run cache 7"),
            warning("Preflight of this run:\n  run_group_id: there is no run group 8", "HG002"),
            warning("Run 1 ended FAILED: X.\nNothing starts it again.", "stays"),
            warning("Preflight: 2 of 3 runs will wait as PENDING at first.", severity="info"),
        ],
    )  # fmt: skip
    facts = Facts(
        "us-east-1",
        seen={
            "1000001": seen(RunStatus.RUNNING, 3),
            "1000002": seen(RunStatus.STARTING, 0),
            "1000004": Seen(None, "gone"),
        },
        past={PRIVATE: past(15.32, 15.47, 15.4, 15.35, 15.45, 15.38, 15.42, 15.36)},
    )
    return made, facts


def offline() -> tuple[Digest, Facts]:
    made, _ = mixed()
    return made, Facts("us-east-1")


def ready2run() -> tuple[Digest, Facts]:
    made = digest(
        step("create", "HG002", new=inputs()),
        step("create", "not-listed", new=inputs(workflowId="42")),
        step("create", "not-known", new=inputs(workflowId=UNKNOWN)),
        step("create", "copy", new=inputs(workflowId=None, workflowType=None, runId="77")),
    )
    return made, Facts("us-east-1", past={}, gaps=("past runs (ListRuns failed: no right).",))


def elsewhere() -> tuple[Digest, Facts]:
    return digest(step("create", "HG002", new=inputs())), Facts("eu-west-1", past={})


def rules() -> tuple[Digest, Facts]:
    """Replacements that no input is the reason of."""
    runs = {"again": "status", "doubt": "startUnconfirmed", "tainted": "id", "forced": ""}
    made = digest(
        *(
            step("replace", name, old=inputs(), new=inputs(), reasons=[key] if key else [],
                 status="FAILED")
            for name, key in runs.items()
        ),
        notices=[warning("Run 1 ended FAILED.\nIt is replaced: attempt 2 of 3.", "again")],
    )  # fmt: skip
    return made, Facts("us-east-1", past={})


def interrupted() -> tuple[Digest, Facts]:
    """An update was killed: of what it was to do, some is done and nothing records it."""

    def left(run_id: str, status: str, fits: bool) -> dict[str, Any]:
        return inputs(__left=[{"id": run_id, "status": status, "fits": fits}])

    made = digest(
        step("create", "trio-NA0", new=left("1000001", "RUNNING", True), cohort="trio"),
        step("create", "trio-NA1", new=left("1000002", "RUNNING", False), cohort="trio"),
        step("create", "trio-NA2", new=inputs(), cohort="trio"),
        step("replace", "trio-NA3", old=inputs(rerun=1), cohort="trio", status="COMPLETED",
             new={**left("1000003", "PENDING", True), "rerun": 2}, diff=["rerun"]),
        same=4,
    )  # fmt: skip
    return made, Facts("us-east-1", past={})


def cohort() -> tuple[Digest, Facts]:
    """Of a thousand samples, two are new, one has another file, one is withdrawn."""
    change = {
        0: step("create", "trio-NA0", new=inputs(), cohort="trio"),
        7: step("create", "trio-NA7", new=inputs(), cohort="trio"),
        12: step("delete", "trio-NA12", old=inputs(), cohort="trio", status="COMPLETED"),
        13: step("replace", "trio-NA13", old=inputs(), new=inputs(parameters={"sample_name": "X"}),
                 cohort="trio", diff=["parameters.sample_name"], status="COMPLETED"),
    }  # fmt: skip
    return digest(*cohort_of(1000, change)), Facts("us-east-1", past={})


def everything() -> tuple[Digest, Facts]:
    """A thousand samples go to another version, each with a file of its own."""
    change = {
        n: step(
            "replace", f"trio-NA{n}", cohort="trio", id=str(1_000_000 + n),
            old=private(workflowVersionName="1.0", parameters={"cram": f"s3://b/v1/{n}.cram"}),
            new=private(workflowVersionName="1.1", parameters={"cram": f"s3://b/v2/{n}.cram"}),
            diff=["workflowVersionName", "parameters.cram"],
        )
        for n in range(1000)
    }  # fmt: skip
    states = [seen(RunStatus.RUNNING, 2), seen(RunStatus.COMPLETED), Seen(None, "gone")]
    facts = Facts(
        "us-east-1",
        seen={str(1_000_000 + n): states[n % 3] for n in range(999)},
        past={Workflow("1234567", False, "1.1"): past(1.5, 2.5)},
    )
    return digest(*cohort_of(1000, change)), facts


def batches() -> tuple[Digest, Facts]:
    """A changed sheet of a batch; what it starts is known within bounds."""
    made = digest(
        batch("update", 300, 302, "samples.count", "samples.sha256"),
        notices=[{
            "urn": "urn:pulumi:dev::trial::pulumi-python:dynamic/omics:RunBatch::cohort",
            "severity": "warning",
            "message": "warning: 2 samples to start in a further batch: 2 new (NA3, NA4).",
        }],
    )  # fmt: skip
    return made, Facts("us-east-1", past={Workflow("9500764", False): past(1.5, 2.5)})


def failed() -> tuple[Digest, Facts]:
    made = digest(
        step("create", "HG002", new=inputs()),
        notices=[
            warning("run HG002 has a problem: priority: at most 100000", "HG002", severity="error"),
            warning("Program failed:\n" + "\n".join(f"line {n}" for n in range(30)),
                    severity="error"),
        ],
    )  # fmt: skip
    return made, Facts("us-east-1", past={})


def hostile() -> tuple[Digest, Facts]:
    """Names, values and messages that want to be Markdown, HTML, mentions, terminal codes."""
    bad = {"op": "create", "urn": f"urn:pulumi:dev::trial::{EVIL}::g"}
    made = digest(
        step("create", EVIL, new=inputs(workflowId=EVIL)),
        step("create", f"{EVIL}-1", new=inputs(), cohort=EVIL),
        step("replace", "x", old=inputs(name="a"), new=inputs(name=EVIL), diff=["name"], id="1"),
        step("update", "``", old=inputs(), new=inputs(tags={EVIL: "`"}), diff=[f'tags["{EVIL}"]']),
        bad,
        notices=[warning(EVIL, "x"), warning("```\n# out\n" + EVIL), warning("~~~\n<b>", "``")],
    )
    return made, Facts(EVIL, past={}, gaps=(EVIL,))


SHAPES = {
    shape.__name__: shape
    for shape in (
        nothing, mixed, offline, ready2run, elsewhere, rules, cohort, interrupted, everything,
        batches, failed, hostile,
    )
}  # fmt: skip
POLICY = Policy(max_cost=20, max_runs=2, no_cancel_running=True)


def plain(line: str) -> str:
    return line.replace("\N{EN DASH}", "-")


def made(shape: str) -> PreviewReport:
    given, facts = SHAPES[shape]()
    return preview_report(read_plan(given), facts, PRICES)


#: All but the JSON of a thousand runs, each for itself.
GOLDEN_FILES = [
    (shape, *style)
    for shape in SHAPES
    for style in (("markdown", "md"), ("text", "txt"), ("json", "json"))
    if (shape, style[0]) != ("everything", "json")
]


@pytest.mark.parametrize(("shape", "style", "suffix"), GOLDEN_FILES)
def test_each_shape_is_as_it_was_looked_at(shape: str, style: str, suffix: str) -> None:
    report = made(shape)
    broken = breaches(report.figures, POLICY) if shape in ("mixed", "offline", "nothing") else None
    found = write_preview(report, broken, style)
    path = GOLDEN / f"{shape}.{suffix}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def test_the_docs_show_a_real_report() -> None:
    page = (ROOT / "docs" / "preview.md").read_text("utf-8")
    ((name, shown),) = re.findall(r"<!-- (\S+) -->\n```markdown\n(.*?)```", page, re.DOTALL)
    assert (ROOT / name).read_text("utf-8").startswith(shown)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_preview_in_another_order_gives_the_same_bytes(shape: str) -> None:
    given, facts = SHAPES[shape]()
    turned = {
        **given,
        "steps": given["steps"][::-1],
        "diagnostics": given["diagnostics"][::-1],
        "duration": 7,
    }
    for style in ("markdown", "text", "json"):
        first, second = (write_preview(preview_report(read_plan(each), facts, PRICES), None, style)
                         for each in (given, turned))  # fmt: skip
        assert first == second


# Safety --------------------------------------------------------------------------------------

ALLOWED = {
    "p", "h3", "h4", "ul", "li", "strong", "em", "code", "pre", "table", "thead", "tbody", "tr",
    "th", "td",
}  # fmt: skip


def rendered(source: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(source)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_from_outside_becomes_markup(shape: str) -> None:
    found = rendered(write_preview(made(shape), [], "markdown"))
    assert set(re.findall(r"<([a-z0-9]+)", found)) <= ALLOWED
    # What GitHub would link or notify about stands in code alone.
    bare = re.sub(r"<(code|pre)[^>]*>.*?</\1>", "", found, flags=re.DOTALL)
    for sign in ("@", "http", "#", "onerror"):
        assert sign not in bare, sign


def test_every_row_has_five_cells_and_shows_hostile_text_as_it_is() -> None:
    found = rendered(write_preview(made("hostile"), None, "markdown"))
    rows = re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    assert len(rows) == 1 + 4
    assert {len(re.findall(r"<t[hd]>", row)) for row in rows} == {5}
    assert "a|b`c``d&lt;img src=x onerror=alert(1)&gt;[l](http://x)@team #1" in found


@pytest.mark.parametrize("shape", SHAPES)
def test_a_terminal_gets_no_control_characters(shape: str) -> None:
    found = write_preview(made(shape), None, "text")
    assert all(character == "\n" or character.isprintable() for character in found)


# Length and speed ----------------------------------------------------------------------------


def many(count: int, size: int = 1) -> Digest:
    """Runs of no group, each with changes and messages of its own."""
    return digest(
        *(
            step("replace", f"run-{n}-{'x' * size}", old=inputs(), id=str(n),
                 new=inputs(**{k: f"{k}{n}{'y' * size}" for k in ("name", f"key{n}")}),
                 diff=["name", f"key{n}"])
            for n in range(count)
        ),
        notices=[warning("message " * size, f"run-{n}-{'x' * size}") for n in range(count)],
    )  # fmt: skip


@pytest.mark.parametrize(("count", "size"), [(20, 5000), (1000, 1), (3000, 200)])
def test_a_report_is_never_longer_than_a_comment_may_be(count: int, size: int) -> None:
    report = preview_report(read_plan(many(count, size)), Facts("us-east-1", past={}), PRICES)
    words = words_of(report, breaches(report.figures, POLICY))
    for write in (markdown, text):
        found = write(words)
        assert len(found) <= LIMIT
        assert f"{count:,} are replaced" in found.splitlines()[0]
        if "Cut to 60,000 characters" not in found:
            assert "message" in found


def test_what_was_cut_is_counted() -> None:
    report = preview_report(read_plan(many(20, 300)), Facts("us-east-1", past={}), PRICES)
    words = words_of(report, None)
    whole = markdown(words)
    found = markdown(words, limit=4000)
    assert len(found) <= 4000 < len(whole)
    (left_out,) = re.findall(r"Left out: (\d+) rows of the table, 20 of the runs in detail", found)
    assert found.count("| is replaced;") == 20 - int(left_out)


def test_a_thousand_unchanged_runs_and_one_change_take_no_time() -> None:
    change = {5: step("create", "trio-NA5", new=inputs(), cohort="trio")}
    given = json.dumps(digest(*cohort_of(1000, change)))
    begun = time.process_time()
    report = preview_report(read_plan(json.loads(given)), Facts("us-east-1", past={}), PRICES)
    found = write_preview(report, None, "markdown")
    assert time.process_time() - begun < 1
    assert "`trio`: 999 unchanged, 1 new: `NA5`" in found


# Figures -------------------------------------------------------------------------------------


def test_of_two_long_values_the_part_that_differs_is_shown() -> None:
    folder = "s3://1000genomes/1000G_2504_high_coverage/additional_698_related/data/ERR3989"
    names = ("NA1", "NA2.of-the-second-try")
    old, new = (inputs(outputUri=f"{folder}/{name}") for name in names)
    plan = read_plan(digest(step("replace", "NA1", old=old, new=new, diff=["outputUri"])))
    report = preview_report(plan, Facts("us-east-1"), PRICES)
    (told,) = (row.cells[-1] for row in words_of(report, None).rows)
    assert all(name[:10] in "".join(told) for name in names)


def test_what_an_earlier_update_left_over_is_told_as_such_with_its_runs() -> None:
    """The resource stays, and its warnings are its own."""
    rows = [step("delete-replaced", "NA1", old=inputs(), id=id_) for id_ in ("1000001", "1000002")]
    rows += [step("same", "NA1", old=inputs(), new=inputs())]
    given = digest(*rows, notices=[warning("Run 1 ended FAILED.", "NA1")])
    report = preview_report(read_plan(given), Facts("us-east-1", past={}), PRICES)
    told = write_preview(report, None, "text")
    assert not re.search("removed|no longer declared", told)
    assert told.count("NA1 left over from a replacement; run: cancelled if") == 4
    for run_id in ("1000001", "1000002"):
        assert f"was interrupted: run {run_id}" in told
    assert told.count("Run 1 ended FAILED.") == 1
    assert (report.figures.left_over, report.figures.removed) == (2, 0)
    assert report.figures.maybe_cancelled == 2


def test_an_amount_below_a_cent_is_no_estimate() -> None:
    figures = made("mixed").figures
    assert _cost(replace(figures, usd=Range(0.001, 0.004))) == "less than 0.01 USD"
    assert _cost(replace(figures, usd=Range(1, 2))).startswith("about ")


def test_the_headline_adds_up() -> None:
    figures = made("mixed").figures
    assert (figures.new, figures.replaced, figures.adopted) == (2, 1, 1)
    assert (figures.updated, figures.removed, figures.cancelled) == (1, 3, 1)
    # From the least to the most of 8 past runs, and a ninth beyond.
    assert figures.usd == pytest.approx((3 * 15.32 * 8 / 9, 3 * 15.47 * 10 / 9))
    assert figures.longest == pytest.approx((19_532 * 8 / 9, 19_547 * 10 / 9))
    headline = write_preview(made("mixed"), None, "text").splitlines()[0]
    assert plain(headline) == (
        "2 new runs start, 1 is replaced, 1 is adopted, 3 are removed, 1 changes in place, "
        "1 cancelled, about 41-52 USD, 4.8-6 h"
    )


def test_a_run_that_an_interrupted_update_started_is_not_counted_as_a_start() -> None:
    figures = made("interrupted").figures
    assert (figures.new, figures.replaced, figures.adopted) == (2, 0, 2)
    # Of what was asked for then and is no longer declared, the active run is cancelled.
    assert figures.cancelled == 1
    assert figures.usd == (20, 20)


def test_what_is_not_known_is_not_guessed() -> None:
    figures = made("ready2run").figures
    assert figures.usd == (10, 10)
    assert (figures.usd_unknown, figures.longest_unknown) == (3, 3)
    assert made("elsewhere").figures.usd is None
    assert made("elsewhere").figures.usd_unknown == 1
    assert made("offline").figures.maybe_cancelled == 2


def test_a_batch_is_counted_by_its_samples() -> None:
    figures = made("batches").figures
    assert (figures.new_least, figures.new, figures.updated) == (2, 302, 0)
    assert figures.usd == pytest.approx((2 * 1.5 * 2 / 3, 302 * 2.5 * 4 / 3))
    (broken,) = breaches(figures, Policy(max_runs=301))
    assert broken.words == "max_runs: runs that start: 302, allowed: 301: 1 too many."
    removed = preview_report(read_plan(digest(batch("delete", 300, 0))), Facts("us-east-1"), PRICES)
    assert removed.figures.maybe_cancelled == removed.figures.removed == 300
    kept = digest(batch("replace", 300, 305, "name", onDelete="keep"))
    figures = preview_report(read_plan(kept), Facts("us-east-1"), PRICES).figures
    assert (figures.replaced, figures.maybe_cancelled, figures.cancelled) == (305, 0, 0)


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        ((10, 10), "10 USD"),
        ((41.2, 51.9), "41-52 USD"),
        ((0.004, 0.009), "less than 0.01 USD"),
        ((0, 0), "0 USD"),
        ((9.5, 12.25), "9.50-12.25 USD"),
        ((1234.5, 99999.4), "1,234-99,999 USD"),
    ],
)
def test_money(usd: tuple[float, float], words: str) -> None:
    assert plain(money(Range(*usd))) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ((21600, 21600), "6 h"),
        ((16200, 21600), "4.5-6 h"),
        ((2700, 2700), "45 min"),
        ((4.2, 4.2), "4.2 s"),
        ((3600, 604800), "60 min - 7 d"),
    ],
)
def test_lengths_of_time(seconds: tuple[float, float], words: str) -> None:
    assert plain(span(Range(*seconds))) == words
