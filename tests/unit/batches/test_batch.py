"""Batches: the table against the model, rows, the index, steps of a delete, words."""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omics_provider.base import checks
from omics_provider.base.identity import MARK
from omics_provider.base.table import Kind, Table
from omics_provider.base.values import UNKNOWN
from omics_provider.batches.rules import batch_table, lifecycle
from omics_provider.batches.rules import index as batch_index
from omics_provider.batches.rules import rows as batch_rows
from omics_provider.batches.rules.index import EMPTY, Index
from omics_provider.batches.rules.lifecycle import BatchStatus, Step
from omics_provider.batches.rules.rows import Sample

MODEL: Any = botocore.session.get_session().get_service_model("omics")
SETTING = MODEL.shape_for("DefaultRunSetting")
ENTRY = MODEL.shape_for("InlineSetting")
GOOD = {
    "roleArn": "arn:aws:iam::123456789012:role/omics",
    "workflowId": "1234567",
    "outputUri": "s3://results/x",
    "samples": {"count": 3, "sha256": "0" * 64},
}
SHARED = {"outputUri": "s3://results/x"}


def samples(count: int, **own: Any) -> list[Sample]:
    return [
        Sample(f"S{n:05}", {"parameters": {"sample_name": f"S{n:05}", "n": n}, **own}, n + 2)
        for n in range(count)
    ]


def told(inputs: Mapping[str, Any], *, has_s3: bool = True) -> list[str]:
    return [
        p.told(batch_table.TABLE) for p in batch_table.problems({**GOOD, **inputs}, has_s3=has_s3)
    ]


# The table against the model -------------------------------------------------------------------


def test_every_member_of_the_default_setting_is_there() -> None:
    assert {field.wire for field in batch_table.DEFAULTS} == set(SETTING.members)


def test_every_member_of_an_entry_is_there() -> None:
    assert {field.wire for field in (*batch_table.OWN, batch_table.SAMPLE)} == set(ENTRY.members)


@pytest.mark.parametrize("field", batch_table.DEFAULTS, ids=lambda field: field.wire)
def test_a_limit_is_the_models(field: Any) -> None:
    model = SETTING.members[field.wire].metadata
    if not field.enum and field.kind is not Kind.TAGS:
        assert (field.low, field.high) == (model.get("min"), model.get("max"))


@pytest.mark.parametrize(
    "field", [*batch_table.OWN, batch_table.SAMPLE], ids=lambda field: field.wire
)
def test_a_limit_of_an_entry_is_the_models(field: Any) -> None:
    model = ENTRY.members[field.wire].metadata
    if field.kind is not Kind.TAGS:
        assert (field.low, field.high) == (model.get("min"), model.get("max"))


def test_further_limits_are_the_models() -> None:
    request = MODEL.shape_for("StartRunBatchRequest").members
    name = batch_table.TABLE.by_wire["batchName"]
    assert (name.low, name.high) == (1, request["batchName"].metadata["max"])
    inline = MODEL.shape_for("InlineSettings").metadata
    assert inline == {"min": 1, "max": batch_table.MOST_INLINE}
    longest = MODEL.shape_for("S3UriSettings").metadata["max"]
    uri = batch_table.TABLE.by_wire["settingsUri"].high
    assert uri is not None
    assert uri + len("/" + "0" * 64 + ".index.json.gz") <= longest


def test_the_states_are_the_models_and_one_of_our_own() -> None:
    assert {str(s) for s in BatchStatus} - {"DELETED"} == set(MODEL.shape_for("BatchStatus").enum)


# A declaration ---------------------------------------------------------------------------------


def test_a_good_declaration() -> None:
    assert told({}) == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"workflowType": "READY2RUN"}, "workflow_type: Ready2Run workflows can't run in a batch"),
        ({"storageType": "DYNAMIC", "storageCapacity": 1}, "storage_capacity: DYNAMIC"),
        ({"cacheBehavior": "CACHE_ALWAYS"}, "cache_behavior: cache_behavior needs cache_id"),
        ({"networkingMode": "VPC"}, "networking_mode: VPC networking needs"),
        ({"parameters": {"a": "x" * 50_000}}, "parameters: must be at most 50,000 bytes"),
        ({"onChange": "some"}, 'on_change: "some": must be one of new, all'),
        ({"batchName": "x" * 65}, 'batch_name: "xxx'),
        ({"samples": {"count": 101}}, "settings_uri: more than 100 samples (101)"),
        (
            {"roleArn": "arn:aws:iam::123456789012:user/anna"},
            'role_arn: "arn:aws:iam::123456789012:user/anna": is the ARN of a user',
        ),
        ({"wokflowId": "1"}, "wokflowId: is not an argument of OmicsRunBatch: did you mean"),
        ({batch_table.PROBLEMS: ["x.csv: line 3, a: b"]}, "x.csv: line 3, a: b"),
    ],
)
def test_what_is_wrong_is_told(inputs: dict[str, Any], words: str) -> None:
    (problem,) = told(inputs)
    assert problem.startswith(words)


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = batch_table.problems({"priority": -1, batch_table.PROBLEMS: ["a", "b"]}, has_s3=True)
    named = [problem.property for problem in found]
    assert named == ["priority", "roleArn", "workflowId", "samples", "", ""]


def test_without_s3_a_hundred_samples_are_the_most() -> None:
    assert told({"samples": {"count": 100}}, has_s3=False) == []
    (problem,) = told({"samples": {"count": 101}, "settingsUri": "s3://bucket"}, has_s3=False)
    assert "python -m omics_provider.emulator" in problem


def test_what_is_not_known_yet_is_not_held_against_anyone() -> None:
    assert told({"outputUri": UNKNOWN, "parameters": {"a": UNKNOWN}, "roleArn": UNKNOWN}) == []


# Rows ------------------------------------------------------------------------------------------


def test_rows_are_written_in_the_order_of_their_ids_whatever_the_order_of_samples() -> None:
    found = samples(50)
    shuffled = random.Random(1).sample(found, len(found))
    reordered = [
        s._replace(own={"parameters": dict(reversed(s.own["parameters"].items()))})
        for s in shuffled
    ]
    sheet = batch_rows.sheet(reordered, SHARED)
    assert sheet == batch_rows.sheet(found, SHARED)
    assert (sheet.total, sheet.problems) == (50, ())
    assert sheet.sha256 == batch_rows.digest(sheet.content)
    rows = batch_rows.rows(sheet.content)
    assert [row["runSettingId"] for row in rows] == sorted(s.id for s in found)
    assert batch_rows.file_of(rows) == sheet.content
    assert json.loads(sheet.content)[0] == {
        "runSettingId": "S00000",
        "parameters": {"sample_name": "S00000", "n": 0},
    }


def test_one_and_one_point_zero_are_the_same() -> None:
    one, other = (batch_rows.sheet([Sample("a", {"parameters": {"x": [v]}})], SHARED)
                  for v in (1, 1.0))  # fmt: skip
    assert one == other
    assert batch_rows.rows(one.content)[0]["parameters"] == {"x": [1]}


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (Sample("", {}), ": the sample id must have 1 to 128 characters"),
        (Sample("x" * 129, {}), "the sample id must have 1 to 128 characters, has 129"),
        (Sample("a\nb", {}), "the sample id must not have control"),
        (Sample(7, {}), "7: the sample id must be a string"),
        (Sample("a", {"priority": -1}, 4), "line 4, a: priority: -1: must be 0 to 100,000"),
        (Sample("a", {"priority": True}), "a: priority: true: must be a whole number"),
        (Sample("a", {"outputUri": "nowhere"}), 'a: output_uri: "nowhere": must be an S3 URI'),
        (
            Sample("a", {"outputUri": "s3://bucket/" + "x" * 750}),
            '…": must have 1 to 750',
        ),
        (Sample("a", {"name": "x\ty"}), 'a: name: "x\\u0009y": must not have control'),
        (
            Sample("a", {"outputBucketOwnerId": "12"}),
            'output_bucket_owner_id: "12": must have 12 c',
        ),
        (Sample("a", {"parameters": [1]}), "a: parameters: must be a JSON object"),
        (Sample("a", {"engineSettings": "x"}), "a: engine_settings: must be a JSON object"),
        (Sample("a", {"runTags": {"aws:x": "1"}}), "run_tags: tag 'aws:x': names that begin"),
        (Sample("a", {"runTags": {"x": 1}}), "run_tags: tag 'x': the value must be a string"),
        (Sample("a", {"storageType": "STATIC"}), "storageType can't differ between the samples"),
        (Sample("a", {"parameters": {"x": math.nan}}), "parameters.x: is not a number"),
        (Sample("a", {"parameters": {"x": {1: 2}}}), "parameters.x: the name 1 must be a string"),
        (
            Sample("a", {"parameters": {"x": {"y": {1}}}}),
            "parameters.x.y: a set is not a JSON value",
        ),
        (
            Sample("a", {"parameters": {"x": "\ud800"}}),
            "a: parameters.x has half of a surrogate pair",
        ),
        (Sample("a", {"parameters": {"x": "y" * 50_000}}), "parameters: must be at most 50,000"),
    ],
)
def test_what_is_wrong_with_a_sample_is_told(sample: Sample, words: str) -> None:
    sheet = batch_rows.sheet([sample], SHARED)
    (problem,) = sheet.problems
    assert words in problem
    assert sheet.content == b""


def test_a_sample_that_is_there_twice_is_told_with_both_lines() -> None:
    twice = [Sample("a", {}, 2), Sample("b", {}, 3), Sample("a", {}, 4)]
    assert batch_rows.sheet(twice, SHARED).problems == (
        "line 4, a: occurs twice, first as line 2, a",
    )


def test_no_sample_and_too_many_are_told() -> None:
    assert "no sample" in batch_rows.sheet([], SHARED).problems[0]
    many = (Sample(f"{n}", {}) for n in range(batch_table.MOST_RUNS + 1))
    assert batch_rows.sheet(many, SHARED).problems == (
        "at most 100,000 samples fit a batch: 100,001",
    )


def test_none_takes_a_value_away_that_is_the_samples_own() -> None:
    own = {"name": None, "parameters": {"a": 1, "b": None}, "runTags": {"t": None}}
    found = batch_rows.sheet([Sample("A", own)], SHARED)
    assert found.problems == ()
    assert batch_rows.rows(found.content) == [
        {"parameters": {"a": 1}, "runSettingId": "A", "runTags": {}}
    ]


@pytest.mark.parametrize("wire", ["parameters", "runTags"])
def test_none_takes_nothing_away_that_all_share(wire: str) -> None:
    found = batch_rows.sheet([Sample("A", {wire: {"b": None}}, 2)], {**SHARED, wire: {"b": "x"}})
    (problem,) = found.problems
    assert problem.startswith("line 2, A: ")
    assert "b: all samples of the batch share this value" in problem


def test_without_a_shared_output_each_sample_needs_one() -> None:
    own = {"outputUri": "s3://results/own"}
    found = batch_rows.sheet([Sample("a", own), Sample("b", {})])
    assert found.problems == ("b: output_uri: give one to the batch, or to each sample",)


def test_parameters_count_together_with_the_shared_ones() -> None:
    own = {"parameters": {"b": "y" * 30_000}}
    shared = {**SHARED, "parameters": {"a": "x" * 30_000}}
    assert "are 60,0" in batch_rows.sheet([Sample("s", own)], shared).problems[0]
    # The sample's own value takes the place of the shared one.
    shared = {**SHARED, "parameters": {"b": "x" * 30_000}}
    assert batch_rows.sheet([Sample("s", own)], shared).problems == ()
    # What the program does not know yet is not counted.
    shared = {**SHARED, "parameters": {"a": "x" * 30_000, "c": object()}}
    assert batch_rows.sheet([Sample("s", own)], shared).problems == ()


def test_of_many_problems_the_first_are_told() -> None:
    sheet = batch_rows.sheet(samples(500, priority="high"), SHARED)
    assert len(sheet.problems) == batch_rows.TOLD + 1
    assert sheet.problems[-1] == "and 480 more problems of samples"


def test_a_hundred_thousand_rows_are_checked_and_written_within_ten_seconds() -> None:
    many = [
        Sample(
            f"S{n:06}",
            {
                "parameters": {
                    "sample_name": f"S{n:06}",
                    "fastq_1": f"s3://reads/run/S{n:06}_R1.fastq.gz",
                    "fastq_2": f"s3://reads/run/S{n:06}_R2.fastq.gz",
                    "depth": 30.0,
                },
                "name": f"S{n:06}",
                "priority": 5,
                "outputUri": f"s3://results/S{n:06}",
                "runTags": {"sample": f"S{n:06}"},
            },
            n + 2,
        )
        for n in range(100_000)
    ]
    begin = time.process_time()
    sheet = batch_rows.sheet(many, SHARED)
    seconds = time.process_time() - begin
    assert (sheet.total, sheet.problems) == (100_000, ())
    assert seconds < 10


_TEXTS = st.text(max_size=6) | st.text(st.sampled_from("019 ax:\n"), max_size=14)
_LONG = st.integers(0, 1100).map("x".__mul__)
_URIS = st.builds("s3://{}/{}".format, st.text(st.sampled_from("ab.-A_9"), max_size=70), _TEXTS)
_KEYS = _TEXTS | _LONG
_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 10**6)
    | _TEXTS
    | _LONG
    | _URIS
    | st.from_regex("[0-9]{11,13}", fullmatch=True)
    | st.lists(_TEXTS, max_size=2)
    | st.dictionaries(_KEYS, _TEXTS | _LONG | st.integers(), max_size=3)
    | st.integers(48, 53).map(lambda many: {f"k{n}": "v" for n in range(many)})
)


@pytest.mark.parametrize("field", batch_table.OWN, ids=lambda field: field.wire)
@given(_VALUES)
@example({"AWS:x": "v"})
@example({f"{MARK}x": "v"})
def test_what_passes_the_quick_test_passes_the_tables_own_check(field: Any, value: Any) -> None:
    if batch_rows._is_fine(field, value):
        assert checks.problems(Table("a sample", (field,)), {field.wire: value}) == []


# The index -------------------------------------------------------------------------------------


def hashes(*rows: dict[str, Any], **defaults: Any) -> dict[str, str]:
    return batch_index.hashes(rows, defaults)


ROW = {"runSettingId": "a", "parameters": {"x": 1}}


def test_a_hash_is_of_the_effective_setting() -> None:
    base = hashes(ROW, workflowId="1", parameters={"x": 2, "y": 3})
    same = [
        # What the sample has of its own hides the shared value.
        hashes(ROW, workflowId="1", parameters={"x": 9, "y": 3}),
        hashes({"runSettingId": "a", "parameters": {"x": 1, "y": 3}}, workflowId="1"),
        hashes({"runSettingId": "a"}, workflowId="1", parameters={"y": 3.0, "x": 1}),
        hashes(ROW, parameters={"y": 3}, workflowId="1", runTags={}),
    ]
    assert all(each == base for each in same)
    other = [
        hashes(ROW, workflowId="2", parameters={"y": 3}),
        hashes(ROW, workflowId="1", parameters={"y": 4}),
        hashes({**ROW, "priority": 1}, workflowId="1", parameters={"y": 3}),
        hashes(ROW, workflowId="1", parameters={"y": 3}, runTags={"a": "b"}),
        batch_index.hashes([ROW], {"workflowId": "1", "parameters": {"y": 3}}, {"a": 2}),
    ]
    assert len({each["a"] for each in (base, *other)}) == 1 + len(other)


def test_a_first_sheet_is_all_new() -> None:
    plan = batch_index.plan(EMPTY, {"b": "1", "a": "2"})
    assert (plan.to_start, plan.changed, plan.removed, plan.same) == (("a", "b"), (), (), 0)
    assert plan.then == Index({"b": "1", "a": "2"}, {})


@pytest.mark.parametrize(
    ("wanted", "new", "changed", "removed", "same"),
    [
        ({"a": "1", "b": "2"}, (), (), (), 2),
        ({"a": "1", "b": "2", "c": "3"}, ("c",), (), (), 2),
        ({"a": "1", "b": "9"}, (), ("b",), (), 1),
        ({"a": "1"}, (), (), ("b",), 1),
        ({"c": "3"}, ("c",), (), ("a", "b"), 0),
        # It was declared earlier, and has run: it does not run again.
        ({"a": "1", "b": "2", "z": "0"}, (), (), (), 3),
        ({"a": "1", "b": "2", "z": "9"}, (), ("z",), (), 2),
    ],
)
def test_only_what_is_new_or_changed_is_started(
    wanted: dict[str, str],
    new: tuple[str, ...],
    changed: tuple[str, ...],
    removed: tuple[str, ...],
    same: int,
) -> None:
    plan = batch_index.plan(Index({"a": "1", "b": "2"}, {"z": "0"}), wanted)
    assert plan[:4] == (new, changed, removed, same)
    assert plan.to_start == (*new, *changed)
    # Asked again, there is nothing left to start.
    again = batch_index.plan(plan.then, wanted)
    assert (again.to_start, again.removed, again.then) == ((), (), plan.then)
    assert plan.then.samples.keys().isdisjoint(plan.then.left)
    assert plan.then.samples.keys() | plan.then.left.keys() == {"a", "b", "z"} | wanted.keys()


def test_a_plan_is_told_with_counts_and_examples() -> None:
    started = Index({f"S{n}": "1" for n in range(1000)}, {})
    wanted = {**started.samples, **{f"T{n}": "1" for n in range(7)}, "S1": "2"}
    del wanted["S2"]
    assert batch_index.plan(started, wanted).told() == (
        "8 samples to start in a further batch: 7 new (T0, T1, T2, T3, T4 and 2 more), "
        "1 changed (S1). 998 unchanged: no run starts again. No longer declared: 1 (S2); what was "
        "started for it stays as it is."
    )
    assert batch_index.plan(started, started.samples).told().startswith("No sample to start.")


def test_an_index_survives_its_text_and_its_file() -> None:
    index = Index({f"S{n}": f"{n:032x}" for n in range(100)}, {"ü": "0" * 32})
    content = index.content()
    assert Index.of(content) == index
    assert batch_index.unpacked(batch_index.packed(content)) == content
    assert batch_index.packed(content) == batch_index.packed(content)
    text = batch_index.as_text(content)
    assert text is not None
    assert batch_index.from_text(text) == content


def test_an_index_that_is_too_large_for_the_state_has_no_text() -> None:
    draw = random.Random(1)
    index = Index({f"S{n}": f"{draw.getrandbits(128):032x}" for n in range(1000)}, {})
    assert batch_index.as_text(index.content()) is None


# The life of batches -----------------------------------------------------------------------------

LIVE = [None, *map(str, BatchStatus), "SOMETHING_NEW"]
#: What a delete does next, by state; the same whatever was asked for before, but for `again`.
DELETE = {
    None: Step.DONE,
    "DELETED": Step.DONE,
    "CREATING": Step.WAIT,
    "PENDING": Step.CANCEL,
    "SUBMITTING": Step.CANCEL,
    "INPROGRESS": Step.CANCEL,
    "STOPPING": Step.WAIT,
    "CANCELLED": Step.DELETE_RUNS,
    "PROCESSED": Step.DELETE_RUNS,
    "RUNS_DELETING": Step.WAIT,
    "RUNS_DELETED": Step.DELETE_RECORD,
    "RUNS_DELETE_FAILED": Step.END_RUNS,
    "FAILED": Step.END_RUNS,
    "SOMETHING_NEW": Step.WAIT,
}
CANCEL = {
    **dict.fromkeys(LIVE, Step.DONE),
    "CREATING": Step.WAIT,
    "PENDING": Step.CANCEL,
    "SUBMITTING": Step.CANCEL,
    "INPROGRESS": Step.CANCEL,
    "FAILED": Step.END_RUNS,
    "SOMETHING_NEW": Step.WAIT,
}


@pytest.mark.parametrize("live", LIVE)
def test_the_next_step_of_a_delete(live: str | None) -> None:
    step = lifecycle.delete_step
    for cancelled, emptied in itertools.product((False, True), repeat=2):
        asked = {"cancelled": cancelled, "emptied": emptied}
        assert step("keep", live, **asked) is Step.DONE
        wanted = DELETE[live]
        if (wanted is Step.CANCEL and cancelled) or (wanted is Step.DELETE_RUNS and emptied):
            wanted = Step.WAIT
        assert step("delete", live, **asked) is wanted
        wanted = CANCEL[live]
        if wanted is Step.CANCEL and cancelled:
            wanted = Step.DONE
        assert step("cancel", live, **asked) is wanted


BATCH = {"id": "1", "arn": "arn", "uuid": "u", "status": "CREATING"}


def test_what_is_recorded_of_batches() -> None:
    first = lifecycle.started(BATCH, "t", 2, "s3://b/x.json")
    assert first == {**BATCH, "count": 2, "requestId": "t", "settings": "s3://b/x.json"}
    live = {
        **BATCH,
        "status": "PROCESSED",
        "creationTime": "c",
        "submissionSummary": {"successfulStartSubmissionCount": 1, "failedStartSubmissionCount": 1},
        "runSummary": {"completedRunCount": 1, "failedRunCount": 0},
    }
    now = lifecycle.refreshed(first, live)
    assert now["submissions"] == {"started": 1, "failed": 1}
    assert now["runs"] == {"completed": 1}
    second = lifecycle.started({**BATCH, "id": "2", "status": "INPROGRESS"}, "t2", 1, "")
    found = lifecycle.properties({"x": 1}, [now, {**second, "runs": {"completed": 2}}], {})
    assert found["status"] == "INPROGRESS"
    assert found["runs"] == {"completed": 3}
    assert (found["x"], found["uuid"], found["requestId"]) == (1, "u", "t")


@pytest.mark.parametrize("status", list(BatchStatus))
def test_a_batch_that_is_gone_keeps_its_end(status: BatchStatus) -> None:
    gone = lifecycle.gone({**BATCH, "status": str(status)})
    kept = status in lifecycle.FINAL
    assert gone["status"] == (str(status) if kept else "DELETED")
    assert gone["recordGone"] is True


def test_failures_are_told_by_reason() -> None:
    entries = [
        {"runSettingId": f"S{n}", "submissionFailureReason": "ValidationException",
         "submissionFailureMessage": f"no file for S{n}"}
        for n in range(5)
    ] + [{"runSettingId": "T", "submissionFailureReason": "AccessDeniedException"}]  # fmt: skip
    found = lifecycle.failures(entries)
    assert found[0] == {
        "reason": "ValidationException",
        "message": "no file for …",
        "seen": 5,
        "example": "S0",
    }
    recorded = {
        "batches": [{**BATCH, "count": 12}],
        "submissions": {"failed": 6, "started": 6},
        "runs": {"failed": 1, "completed": 5},
        "submissionFailures": found,
    }
    words = lifecycle.outlook(recorded)
    assert "6 of 12 runs could not be started" in words
    assert "ValidationException: no file for … (such as S0)" in words
    assert "1 of 6 runs FAILED." in words
    assert "rerun" in words


def test_of_a_batch_without_failures_nothing_is_told() -> None:
    assert lifecycle.outlook({"batches": [BATCH], "runs": {"completed": 3}}) == ""


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({}, "Run batch 1 ended FAILED: changed.\n"),
        (
            {"submissions": {}},
            "Run batch 1 ended FAILED with 0 of its 1,200 runs started: changed.\n",
        ),
        (
            {"submissions": {"started": 7, "pending": 2}},
            " with 7 of its 1,200 runs started: changed.",
        ),
        ({"failureReason": None}, "Run batch 1 ended FAILED: no reason given.\n"),
        ({"failureReason": "Retry the batch."}, "Run batch 1 ended FAILED: Retry the batch.\n"),
    ],
)
def test_a_batch_that_failed_as_a_whole_is_told(seen: dict[str, Any], words: str) -> None:
    failed = {**BATCH, "count": 1200, "status": "FAILED", "failureReason": "changed", **seen}
    told = lifecycle.outlook({"batches": [failed]})
    assert words in told
    assert "They do not start again by themselves" in told
