"""What is read out of a `pulumi preview --json`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_provider.base.errors import OmicsError
from omics_provider.base.status import ACTIVE, RunStatus
from omics_provider.base.words import cut
from omics_provider.commands.preview.rules.endings import Fate, fate
from omics_provider.commands.preview.rules.plan import (
    Action,
    InputChange,
    OldRun,
    RunStep,
    read_plan,
)
from omics_provider.commands.preview.rules.values import name_of, path_of, text_of
from tests.preview_digests import (
    SECRET,
    UNKNOWN,
    batch,
    cohort_of,
    digest,
    inputs,
    state,
    step,
    urn,
    warning,
)


def one(*steps: Any, **more: Any) -> RunStep:
    (run,) = read_plan(digest(*steps, **more)).runs
    return run


@pytest.mark.parametrize(
    ("op", "action", "starts"),
    [
        ("create", Action.START, True),
        ("replace", Action.REPLACE, True),
        ("update", Action.UPDATE, False),
        ("delete", Action.REMOVE, False),
        ("same", Action.SAME, False),
    ],
)
def test_each_step_is_an_action(op: str, action: Action, starts: bool) -> None:
    old = None if op == "create" else inputs()
    new = None if op == "delete" else inputs()
    run = one(step(op, "NA12878", old=old, new=new))
    assert (run.action, run.starts, run.name) == (action, starts, "NA12878")


@pytest.mark.parametrize("op", ["read", "refresh", "discard", "remove-pending-replace"])
def test_a_step_that_does_nothing_to_a_run_is_left_out(op: str) -> None:
    assert read_plan(digest(step(op, "NA12878", old=inputs(), new=inputs()))).runs == ()


def test_a_step_of_a_later_engine_is_refused() -> None:
    with pytest.raises(OmicsError, match="does not know: transmute"):
        read_plan(digest(step("transmute", "NA12878", new=inputs())))


@pytest.mark.parametrize("given", [{}, {"steps": 3}, {"config": {}}, {"steps": [{"urn": "x"}]}])
def test_what_is_no_preview_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(OmicsError, match="Reading the preview failed"):
        read_plan(given)


def test_the_parts_of_a_replacement_count_once() -> None:
    old, new = inputs(), inputs(name="other")
    parts = [
        step(op, "NA12878", old=old, new=None if op.startswith("delete") else new, diff=["name"])
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    assert one(*parts).action is Action.REPLACE


def test_a_run_that_an_earlier_update_left_over_is_ended() -> None:
    old, new = inputs(), inputs(name="other")
    runs = read_plan(
        digest(
            step("replace", "NA12878", old=old, new=new, diff=["name"]),
            step("delete-replaced", "NA12878", old=old, id="7654321"),
        )
    ).runs
    assert [(run.action, run.old.id if run.old else None) for run in runs] == [
        (Action.REPLACE, "1234567"),
        (Action.END_LEFT_OVER, "7654321"),
    ]


def test_a_renamed_stack_is_the_reason_of_a_change_in_place() -> None:
    before, now = inputs(__stack="organization/trial/old"), inputs()
    assert one(step("update", "NA12878", old=before, new=now)).reasons == ("stackRenamed",)
    assert one(step("update", "NA12878", old=now, new=now)).reasons == ()


@pytest.mark.parametrize(
    ("given", "least", "most", "count", "old_count"),
    [
        (batch("create", 0, 300), 300, 300, 300, 0),
        (batch("replace", 300, 305, "workflowId"), 305, 305, 305, 300),
        # A changed sheet starts what is new or changed in it, which the preview does not have.
        (batch("update", 300, 305, "samples.count", "samples.sha256"), 5, 305, 305, 300),
        (batch("update", 300, 200, "samples.count", "samples.sha256"), 0, 200, 200, 300),
        (batch("update", 300, 300, "logLevel"), 0, 300, 300, 300),
        (batch("update", 300, 300, "tags.a"), 0, 0, 300, 300),
        (batch("delete", 300, 0), 0, 0, 300, 300),
        (batch("same", 300, 300), 0, 0, 300, 300),
    ],
)
def test_a_batch_stands_for_its_samples(
    given: Any, least: int, most: int, count: int, old_count: int
) -> None:
    run = one(given)
    assert run.is_batch
    assert (run.least, run.most, run.count, run.old_count) == (least, most, count, old_count)
    assert run.starts == (most > 0)


def test_adoption_starts_nothing() -> None:
    run = one(step("create", "NA12878", new=inputs(adoptRunId="1234567")))
    assert (run.action, run.starts) == (Action.ADOPT, False)
    run = one(step("replace", "NA12878", old=inputs(), new=inputs(adoptRunId="1")))
    assert (run.action, run.starts) == (Action.REPLACE, False)


def test_a_run_that_is_only_read_is_left_out() -> None:
    got = step("same", "got", old=inputs(), new=inputs())
    got["newState"]["external"] = True
    assert read_plan(digest(got)).runs == ()


def test_changes_are_told_by_path_with_both_values() -> None:
    old = inputs(parameters={"reads": {"lanes": [1, 2], "insert": 350}, "k.ey": {'q"': 1}})
    new = inputs(parameters={"reads": {"lanes": [1, 3, 4], "insert": 351}, "k.ey": {'q"': 2}},
                 workflowVersionName="1.1")  # fmt: skip
    paths = [
        "parameters.reads.insert", "parameters.reads.lanes[1]", "parameters.reads.lanes[2]",
        'parameters["k.ey"]["q\\""]', "workflowVersionName",
    ]  # fmt: skip
    run = one(step("replace", "NA12878", old=old, new=new, diff=paths, reasons=["parameters"]))
    assert set(run.changes) == {
        InputChange("parameters.reads.insert", "350", "351"),
        InputChange("parameters.reads.lanes[1]", "2", "3"),
        InputChange("parameters.reads.lanes[2]", "(not set)", "4"),
        InputChange('parameters["k.ey"]["q\\""]', "1", "2"),
        InputChange("workflow_version_name", "(not set)", '"1.1"'),
    }
    assert run.reasons == ()


def test_what_was_or_will_be_a_secret_is_shown_on_neither_side() -> None:
    cases = [("old", SECRET), (SECRET, "new"), (SECRET, SECRET)]
    for before, after in cases:
        run = one(
            step(
                "replace",
                "NA12878",
                old=inputs(parameters={"token": before}),
                new=inputs(parameters={"token": after}),
                diff=["parameters.token"],
            )
        )
        assert run.changes == (InputChange("parameters.token", "(a secret)", "(a secret)"),)


def test_a_secret_above_hides_what_is_below() -> None:
    run = one(
        step(
            "replace",
            "NA12878",
            old=inputs(parameters=SECRET),
            new=inputs(parameters={"token": "hunter2"}),
            diff=["parameters.token"],
        )
    )
    assert "hunter2" not in str(run.changes)


def test_a_secret_inside_a_value_is_hidden() -> None:
    assert text_of({"a": [SECRET, 1], "b": UNKNOWN}) == (
        '{"a": ["(a secret)", 1], "b": "(known during the update)"}'
    )
    sealed = {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:abc"}
    assert text_of([sealed]) == '["(a secret)"]'


def test_without_details_of_the_engine_the_inputs_are_compared() -> None:
    """With rerun_on, the engine is told that something differs, and looks no further."""
    old, new = inputs(tags={"a": "1", "b": "1"}), inputs(tags={"a": "2", "b": "1"})
    run = one(step("replace", "NA12878", old=old, new=new, reasons=["status"], status="FAILED"))
    assert run.changes == (InputChange("tags.a", '"1"', '"2"'),)
    assert run.reasons == ("status",)


def test_a_replacement_without_any_reason_was_asked_for() -> None:
    assert one(step("replace", "NA12878", old=inputs(), new=inputs())).reasons == ("asked",)
    tainted = step("replace", "NA12878", old=inputs(), new=inputs(), reasons=["id"])
    assert one(tainted).reasons == ("id",)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("parameters.a[0].b", ("parameters", "a", 0, "b")),
        ('a["b.c"][1]', ("a", "b.c", 1)),
        ('["a.b"]', ("a.b",)),
        (r'a["q\"\\"]', ("a", 'q"\\')),
        ("a[", ("a[",)),
        ("", ("",)),
        ("a..b", ("a..b",)),
    ],
)
def test_paths_are_taken_apart(text: str, path: tuple[str | int, ...]) -> None:
    assert path_of(text) == path


def test_a_path_is_written_as_in_a_program() -> None:
    assert name_of(("workflowVersionName",)) == "workflow_version_name"
    assert name_of(("parameters", "a b", 0, "c-d")) == 'parameters["a b"][0].c-d'


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_cut_keeps_the_place_where_two_values_part(before: str, after: str) -> None:
    shown = before, after
    for most in (80, 40, 28):
        # What was cut is cut again, for a narrower place.
        shown = cut(*shown, most)
        assert all(len(text) <= most + 2 for text in shown)
        assert (shown[0] == shown[1]) == (before == after)


def test_runs_are_in_the_same_order_whatever_the_engine_s() -> None:
    steps = cohort_of(12)
    names = [run.label for run in read_plan(digest(*steps)).runs]
    assert names == [f"NA{number}" for number in range(12)]
    assert read_plan(digest(*steps)) == read_plan(digest(*reversed(steps)))


def test_a_cohort_s_runs_are_known_by_their_samples() -> None:
    first, *_ = read_plan(digest(*cohort_of(2))).runs
    assert (first.group, first.label, first.name) == ("trio", "NA0", "trio-NA0")


def test_a_preview_without_unchanged_runs_says_so() -> None:
    assert read_plan(digest(*cohort_of(3))).has_unchanged
    assert not read_plan(digest(same=3)).has_unchanged


def test_other_resources_are_counted_by_step_and_type() -> None:
    group = {"op": "create", "urn": urn("g", kind="pulumi-python:dynamic/omics:RunGroup")}
    provider = {"op": "create", "urn": urn("p", kind="pulumi:providers:pulumi-python")}
    plan = read_plan(digest(group, group, provider))
    assert plan.others == {("create", "pulumi-python:dynamic/omics:RunGroup"): 2}


def test_messages_keep_their_run_and_lose_the_engine_s_prefix() -> None:
    plan = read_plan(
        digest(
            notices=[
                warning("Run 1 ended FAILED.", "NA12878"),
                warning("print", severity="info#err"),
                warning("noise", severity="debug"),
                warning("boom", severity="error"),
            ]
        )
    )
    assert [tuple(notice) for notice in plan.notices] == [
        ("", "error", "boom"),
        (urn("NA12878"), "warning", "Run 1 ended FAILED."),
    ]


def test_secrets_of_the_configuration_are_left_out() -> None:
    assert read_plan(digest()).config == {"omics:endpoint": "local", "omics:region": "us-east-1"}


def test_a_start_that_was_interrupted_has_no_old_run() -> None:
    placeholder = step(
        "replace", "NA12878", old=inputs(), new=inputs(), reasons=["startUnconfirmed"]
    )
    del placeholder["oldState"]["outputs"]["uuid"]
    assert one(placeholder).old is None


@pytest.mark.parametrize("status", [*RunStatus, None])
@pytest.mark.parametrize("on_delete", ["delete", "cancel", "keep"])
def test_what_becomes_of_an_old_run(on_delete: str, status: RunStatus | None) -> None:
    """README, the table of on_delete."""
    found = fate(OldRun("1", "u", "", "RUNNING", on_delete), status)
    if status in (None, RunStatus.DELETED):
        assert found is Fate.GONE
    elif on_delete == "keep":
        assert found is Fate.KEPT
    elif status in ACTIVE:
        assert found is Fate.CANCELLED
    else:
        assert found is (Fate.DELETED if on_delete == "delete" else Fate.KEPT)


def test_the_old_run_goes_by_what_is_recorded_and_not_by_what_is_declared_now() -> None:
    changed = step("replace", "NA12878", old=inputs(onDelete="keep"), new=inputs(onDelete="delete"))
    run = one(changed)
    assert run.old is not None
    assert run.old.on_delete == "keep"


def test_the_engine_s_retain_on_delete_keeps_the_run() -> None:
    run = one(step("delete", "NA12878", old=inputs(), retain=True))
    assert run.old is not None
    assert run.old.on_delete == "keep"


def test_the_builder_makes_json() -> None:
    json.dumps(digest(*cohort_of(2)))
    assert state("a", inputs())["inputs"]["workflowId"] == "9500764"
