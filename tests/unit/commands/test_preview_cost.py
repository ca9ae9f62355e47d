"""Prices and estimates: from the list or from past runs, and never guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omics_provider.base.errors import SettingsError
from omics_provider.base.status import RunStatus
from omics_provider.commands.preview.estimate import estimate, workflow_of
from omics_provider.commands.preview.history import usage_of
from omics_provider.commands.preview.prices import (
    Past,
    Price,
    Prices,
    Range,
    Usage,
    Workflow,
    price_list,
)
from omics_provider.commands.preview.rules.plan import RunStep, read_plan
from omics_provider.commands.report.data import run_of
from tests.preview_digests import GATK, SECRET, UNKNOWN, digest, inputs, step

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LIST = price_list()
HERE = Prices(LIST, "us-east-1")


def run(**declared: Any) -> RunStep:
    (found,) = read_plan(digest(step("create", "NA12878", new=inputs(**declared)))).runs
    return found


def usage(*tasks: tuple[str | None, float], **more: Any) -> Usage:
    return Usage(tasks, **{"seconds": 3600, "storage_type": "STATIC", "storage_gib": 0, **more})


def near(low: float, high: float) -> Any:
    return pytest.approx((low, high))


def test_the_list_says_where_each_part_is_from() -> None:
    here = LIST["regions"]["us-east-1"]
    sections = [LIST["ready2run"], here["ready2run"], here["private"]]
    assert here["location"] == "US East (N. Virginia)"
    for section in sections:
        assert section["source"]
        assert section["url"].startswith("https://")
        assert len(section["date"]) == 10
    assert LIST["currency"] == "USD"


def test_each_ready2run_workflow_has_a_name_a_time_and_a_price() -> None:
    workflows = LIST["ready2run"]["workflows"]
    assert workflows.keys() == LIST["regions"]["us-east-1"]["ready2run"]["perRun"].keys()
    assert len(workflows) == 36
    assert len({each["name"] for each in workflows.values()}) == 36
    assert HERE.ready2run(GATK) == Price(10.0, "price list of 2026-09-01")
    assert HERE.minutes(GATK) == (750.0, "vendor's estimate of 2026-11-23")


@pytest.mark.parametrize(
    ("instance", "hourly"),
    [
        ("omics.c.4xlarge", 0.918),
        ("omics.m.xlarge", 0.2592),
        ("omics.r.8xlarge", 2.7216),
        ("omics.m.large", 0.1296),
        ("omics.c.24xlarge", 5.508),
    ],
)
def test_an_instance_costs_by_the_second(instance: str, hourly: float) -> None:
    assert HERE.private(usage((instance, 3600))).usd == pytest.approx(hourly)
    assert HERE.private(usage((instance, 1800), (instance, 1800))).usd == pytest.approx(hourly)


def test_storage_costs_as_long_as_the_run_is_running() -> None:
    static = usage(storage_gib=1200, seconds=5 * 3600)
    assert HERE.private(static).usd == pytest.approx(1200 * 5 * 0.0001918)
    dynamic = usage(storage_type="DYNAMIC", storage_gib=100)
    assert HERE.private(dynamic).usd == pytest.approx(100 * 0.000411)


@pytest.mark.parametrize(
    ("used", "why"),
    [
        (usage(("omics.g5.xlarge", 60)), "the price list has no omics.g5.xlarge"),
        (usage(("omics.m.huge", 60)), "the price list has no omics.m.huge"),
        (usage((None, 60)), "the price list has no instance of its tasks"),
        (usage(storage_gib=None), "the size of its run storage is not known"),
        (usage(storage_type=None), "the size of its run storage is not known"),
    ],
)
def test_what_the_list_does_not_have_has_no_price(used: Usage, why: str) -> None:
    assert HERE.private(used) == Price(None, why)


@pytest.mark.parametrize(
    ("storage", "metrics", "gib"),
    [
        ("DYNAMIC", {"storageAverageGiB": 100.0, "storageReservedGiB": None}, 100.0),
        ("DYNAMIC", None, 400),
        ("STATIC", {"storageAverageGiB": 100.0, "storageReservedGiB": 1200}, 1200.0),
        ("STATIC", None, 400),
    ],
)
def test_a_past_run_is_billed_for_its_own_tasks_and_storage(
    storage: str, metrics: Any, gib: float
) -> None:
    live = {"id": "1", "uuid": "u", "status": "COMPLETED", "storageType": storage,
            "storageCapacity": 400}  # fmt: skip
    task = {"status": "COMPLETED", "instanceType": "omics.m.large"}
    entries = [
        {"uuid": "u", "metrics": {**metrics, "runningSeconds": 70}},
        {**task, "uuid": "a", "metrics": {"runningSeconds": 60}},
        {**task, "uuid": "b", "metrics": {"runningSeconds": 50}, "cacheHit": True},
    ] if metrics else [{**task, "uuid": "a", "metrics": {"runningSeconds": 60}}]  # fmt: skip
    found = usage_of(run_of(live, (), entries, NOW), live, entries)
    assert found.tasks == (("omics.m.large", 60.0),)
    assert (found.storage_type, found.storage_gib) == (storage, gib)


def test_another_region_has_no_price() -> None:
    away = Prices(LIST, "eu-west-1")
    assert away.ready2run(GATK) == Price(None, "the price list has no eu-west-1")
    assert away.private(usage()).usd is None
    assert Prices(LIST, None).ready2run(GATK) == Price(None, "the Region is not known")
    # The time it takes is the same everywhere.
    assert away.minutes(GATK) is not None


def test_a_list_of_one_s_own_goes_over_the_package_s(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    regions = {
        "eu-west-1": {"ready2run": {"date": "2026-11-01", "perRun": {GATK: 12}}},
        "us-east-1": {
            "private": {
                "date": "our contract",
                "vcpuHour": {"omics.m": 0.05},
                "storageGiBHour": {"STATIC": 0},
            }
        },
    }
    file.write_text(json.dumps({"regions": regions}))
    mine = price_list(str(file))
    assert Prices(mine, "eu-west-1").ready2run(GATK) == Price(12.0, "price list of 2026-11-01")
    here = Prices(mine, "us-east-1")
    assert here.private(usage(("omics.m.xlarge", 3600))).usd == pytest.approx(0.2)
    assert here.private(usage(("omics.c.xlarge", 3600))).usd is None
    assert here.ready2run(GATK).usd == 10


@pytest.mark.parametrize(
    "given",
    [
        "no json", "[]", "{}", '{"regions": []}', '{"regions": {"x": {"other": {}}}}',
        '{"regions": {"x": {"ready2run": {"date": "d", "perRun": {"1": "much"}}}}}',
        '{"regions": {"x": {"ready2run": {"date": "d", "perRun": {"1": -1}}}}}',
        '{"regions": {"x": {"ready2run": {"perRun": {"1": 1}}}}}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_price_list_is_refused(tmp_path: Path, given: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(given)
    with pytest.raises(SettingsError, match="is not a price list"):
        price_list(str(file))


def test_the_workflow_is_what_the_preview_knows() -> None:
    assert workflow_of(run()) == Workflow(GATK, True)
    private = run(workflowType=None, workflowVersionName="2")
    assert workflow_of(private) == Workflow(GATK, False, "2")
    for hidden in (UNKNOWN, SECRET, None):
        assert workflow_of(run(workflowId=hidden)) is None
    assert workflow_of(run(workflowType=UNKNOWN)) is None


def test_a_ready2run_costs_what_the_list_says_and_takes_what_it_took() -> None:
    key = Workflow(GATK, True)
    found = estimate(run(), HERE, {key: (Past(100.0), Past(300.0))})
    assert found.usd == (10, 10)
    assert (found.seconds, found.seconds_source) == (near(200 / 3, 400), "2 past runs")
    found = estimate(run(), HERE, None)
    assert (found.seconds, found.usd) == ((45_000, 45_000), (10, 10))


def test_a_private_workflow_costs_what_past_runs_cost() -> None:
    key = Workflow(GATK, False)
    past = (
        Past(100.0, Price(1.5, "price list of d")),
        Past(200.0, Price(None, "the price list has no omics.g5.xlarge")),
        Past(300.0, Price(2.5, "price list of d")),
    )
    found = estimate(run(workflowType=None), HERE, {key: past})
    assert (found.usd, found.usd_source) == (near(1, 10 / 3), "2 past runs, price list of d")
    assert (found.seconds, found.seconds_source) == (near(75, 375), "3 past runs")
    found = estimate(run(workflowType=None), HERE, {key: past[1:2]})
    assert (found.usd, found.usd_source) == (None, "the price list has no omics.g5.xlarge")


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([10], (5, 15)),
        ([9, 10, 12], (6.75, 15)),
        ([9.0] * 8, (8, 10)),
        ([0, 9], (0, 12)),
    ],
)
def test_the_fewer_past_runs_the_wider_the_range(costs: Any, expected: Any) -> None:
    assert Range.expected(costs) == near(*expected)


def test_no_past_run_gives_no_range() -> None:
    assert Range.expected([]) is None


def test_past_runs_of_other_versions_are_named_so() -> None:
    past = (Past(100.0, Price(1.5, "price list of d"), is_same_version=False),)
    declared = run(workflowType=None, workflowVersionName="2")
    found = estimate(declared, HERE, {Workflow(GATK, False, "2"): past})
    assert found.seconds_source == "1 past run of other versions"
    assert found.usd_source == "1 past run of other versions, price list of d"


@pytest.mark.parametrize(
    ("declared", "old", "may_be"),
    [
        ({"cacheId": "1"}, RunStatus.COMPLETED, True),
        ({"cacheId": "1", "cacheBehavior": "CACHE_ALWAYS"}, RunStatus.COMPLETED, True),
        ({"cacheId": "1", "cacheBehavior": "CACHE_ON_FAILURE"}, RunStatus.FAILED, True),
        ({"cacheId": "1", "cacheBehavior": "CACHE_ON_FAILURE"}, None, True),
        ({"cacheId": "1", "cacheBehavior": "CACHE_ON_FAILURE"}, RunStatus.COMPLETED, False),
        ({}, RunStatus.FAILED, False),
    ],
)
def test_a_run_again_may_cost_nothing_where_a_cache_has_its_tasks(
    declared: dict[str, Any], old: RunStatus | None, may_be: bool
) -> None:
    past = {Workflow(GATK, False): (Past(100.0, Price(2.0, "price list of d")),)}
    new = inputs(workflowType=None, **declared)
    made = step("replace", "NA12878", old=inputs(workflowType=None), new=new)
    (again,) = read_plan(digest(made)).runs
    found = estimate(again, HERE, past, old)
    assert found.usd == (near(0, 3) if may_be else near(1, 3))
    assert ("run cache" in found.usd_source) == may_be
    # A sample that is new has nothing there.
    (first,) = read_plan(digest(step("create", "NA12878", new=new))).runs
    assert estimate(first, HERE, past).usd == near(1, 3)


@pytest.mark.parametrize(
    ("past", "why"),
    [
        (None, "past runs were not looked up"),
        ({}, f"no completed run of workflow {GATK} was found"),
        ({Workflow(GATK, False): (Past(1.0),)}, "the tasks of its past runs were not looked up"),
    ],
)
def test_without_past_runs_a_private_workflow_s_cost_is_unknown(past: Any, why: str) -> None:
    found = estimate(run(workflowType=None), HERE, past)
    assert (found.usd, found.usd_source) == (None, why)
