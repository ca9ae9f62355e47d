"""Reports on previews of runs that are there: the emulator's server, with logs and manifests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from omics_provider import __main__ as command
from omics_provider.base.settings import Settings
from omics_provider.commands.preview import lookup
from omics_provider.commands.preview.data import PreviewReport, ending_of, preview_report
from omics_provider.commands.preview.lookup import looked_up
from omics_provider.commands.preview.prices import Prices, Usage, price_list
from omics_provider.commands.preview.rules.plan import read_plan
from omics_provider.emulator import control
from tests.preview_digests import digest, inputs, step
from tests.provider.commands import still
from tests.provider.commands.still import KEYS
from tests.provider.harness import REGION, Service
from tests.served import Served

NOW = datetime(2100, 1, 1, tzinfo=UTC)
PRICES = price_list()
#: A long run is PENDING and STARTING for so many seconds.
UNTIL_RUNNING = 30
READS = {"GetRun", "ListRuns", "ListRunTasks", "GetLogEvents"}


class Server(still.Server):
    """A server with runs of a length."""

    def run(self, seconds: int = 100, **more: Any) -> dict[str, Any]:
        """Start a run; return GetRun's answer."""
        started = self.start(**{"tags": {"emulator:seconds": str(seconds)}, **more})
        return dict(self.aws.get_run(id=started))

    def now(self) -> datetime:
        """The emulator's own time."""
        moment = self.aws.get_run(id=self.run()["id"])["creationTime"]
        assert isinstance(moment, datetime)
        return moment


@pytest.fixture(scope="module")
def _server(server_anew: Served) -> Server:
    return still.still(server_anew, Server, quotas=False)


@pytest.fixture
def server(_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    control.plan_faults(_server.state, [])
    _server.make_workflow()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return _server


def old(op: str, live: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A step on the run of GetRun's answer."""
    recorded = {"id": live["id"], "uuid": live["uuid"], "status": "PENDING", **more}
    new = inputs(workflowId=live["workflowId"], workflowType=None, name="other")
    return step(op, f"run-{live['id']}", old=inputs(), new=new if op == "replace" else None,
                diff=["name"] if op == "replace" else None, **recorded)  # fmt: skip


def reported(server: Server, *steps: Any, now: datetime = NOW) -> PreviewReport:
    plan = read_plan(digest(*steps))
    return preview_report(plan, looked_up(server.place, plan, PRICES, now), PRICES)


def words(report: PreviewReport) -> dict[str, str]:
    endings = {run.name: ending_of(run, report) for run in report.runs}
    return {name: ending.words for name, ending in endings.items() if ending}


# Old runs ------------------------------------------------------------------------------------


def test_old_runs_are_told_as_they_are_now(server: Server) -> None:
    done = server.run(10)
    server.settle(50)
    active = server.run(100_000)
    server.settle(UNTIL_RUNNING + 3 * 3600 + 100)
    lost = server.run(1)
    server.settle(50)
    server.aws.delete_run(id=lost["id"])
    other = {**server.run(100_000), "uuid": "the-uuid-of-an-earlier-run"}
    server.settle(1)

    report = reported(
        server,
        old("replace", active),
        old("delete", done),
        old("delete", lost),
        old("delete", other),
        now=server.now(),
    )

    found = words(report)
    assert found[f"run-{active['id']}"] == "cancelled while RUNNING for 3 h, record deleted"
    assert found[f"run-{done['id']}"] == "record deleted (COMPLETED)"
    # An id that is another run's by now is not this run.
    assert found[f"run-{lost['id']}"] == found[f"run-{other['id']}"] == "gone already"
    assert report.figures.cancelled == 1
    assert report.gaps == ()


def test_a_run_that_stays_is_looked_up_too(server: Server) -> None:
    active = server.run(100_000)
    server.settle(UNTIL_RUNNING + 60)
    report = reported(server, old("delete", active, onDelete="keep"), now=server.now())
    assert words(report)[f"run-{active['id']}"] == "kept, and continues (RUNNING for less than 1 h)"
    assert report.figures.cancelled == 0


def test_of_many_runs_those_known_to_be_over_are_not_asked_for(server: Server) -> None:
    live = server.run(10)
    server.settle(100)
    steps = [old("delete", {**live, "id": str(n)}, status="COMPLETED") for n in range(21)]
    report = reported(server, *steps)
    assert server.calls() == []
    assert words(report)["run-20"] == "record deleted (COMPLETED)"


def test_nothing_is_asked_where_nothing_starts_or_ends(server: Server) -> None:
    server.settle(1)
    same = step("same", "NA12878", old=inputs(), new=inputs())
    tags = step("update", "tags", old=inputs(tags={"a": "1"}), new=inputs(tags={"a": "2"}),
                diff=["tags.a"])  # fmt: skip
    reported(server, same, tags)
    assert server.calls() == []


def test_many_runs_are_found_in_lists(server: Server) -> None:
    many = [server.run(100_000) for _ in range(25)]
    ended = server.run(1)
    server.settle(60)
    report = reported(server, *(old("delete", live) for live in (*many, ended)))
    assert set(server.calls()) == {"ListRuns"}
    found = words(report)
    assert found[f"run-{ended['id']}"] == "record deleted (ended)"
    assert report.figures.cancelled == 25
    for live in many:
        server.aws.cancel_run(id=live["id"])


def test_an_ended_run_whose_record_is_gone_is_gone_and_not_deleted(server: Server) -> None:
    by_hand, there, known = (server.run(0) for _ in range(3))
    server.settle(1)
    server.aws.delete_run(id=by_hand["id"])
    steps = [old("delete", live, status="COMPLETED") for live in (by_hand, there)]
    steps.append(old("delete", known, status="COMPLETED", recordGone=True))
    server.settle(0)
    found = words(reported(server, *steps))
    assert found == {
        f"run-{by_hand['id']}": "gone already",
        f"run-{there['id']}": "record deleted (COMPLETED)",
        # The state knows it: nobody is asked.
        f"run-{known['id']}": "gone already",
    }
    assert server.calls() == ["GetRun", "GetRun"]


def test_what_can_not_be_asked_is_said_and_the_report_is_made(server: Server) -> None:
    live = server.run(100_000)
    server.settle(60)
    for operation in ("GetRun", "ListRuns"):
        control.plan_faults(server.state, [{"operation": operation, "fault": "denied", "rate": 1}])
        report = reported(server, old("replace", live))
        assert len(report.gaps) == 1
        assert f"{operation} failed: AccessDeniedException" in report.gaps[0]
        if operation == "GetRun":
            assert report.figures.maybe_cancelled == 1
            assert "cancelled if it is still active" in words(report)[f"run-{live['id']}"]
        assert report.figures.usd is None


def test_a_run_of_another_region_is_not_looked_for_here(server: Server) -> None:
    live = server.run(100_000)
    server.settle(1)
    moved = old("delete", live)
    moved["oldState"]["outputs"]["arn"] = f"arn:aws:omics:eu-west-1:1:run/{live['id']}"
    report = reported(server, moved)
    assert server.calls() == []
    assert report.gaps == (f"runs in eu-west-1: the report looks at {REGION}.",)
    assert report.figures.maybe_cancelled == 1


def test_a_run_of_another_account_is_not_looked_for_here(server: Server) -> None:
    here, there = server.run(100_000), server.run(100_000)
    server.settle(1)
    moved = old("delete", there)
    moved["oldState"]["outputs"]["arn"] = f"arn:aws:omics:{REGION}:210987654321:run/{there['id']}"
    report = reported(server, old("delete", here), moved)
    assert server.calls() == ["GetRun"]
    assert report.gaps == ("runs in account 210987654321: the report looks at 123456789012.",)
    assert report.figures.maybe_cancelled == 1


def test_too_many_active_runs_to_list_leave_it_open(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_ONE_BY_ONE", 0)
    monkeypatch.setattr(lookup, "_LISTED", 1)
    live = [server.run(100_000) for _ in range(3)]
    server.settle(60)
    figures = reported(server, *(old("delete", each) for each in live)).figures
    assert figures.cancelled + figures.maybe_cancelled == 3
    assert figures.maybe_cancelled >= 2


def test_a_state_that_this_release_does_not_know_is_no_traceback(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.answer = (403, "AccessDeniedException", "no")
    plan = read_plan(digest(old("delete", {"id": "1", "uuid": "u", "workflowId": "1"})))
    facts = looked_up(Settings(region=REGION, endpoint=service.url), plan, PRICES, NOW)
    assert facts.seen == {}
    assert len(facts.gaps) == 1


# Past runs -----------------------------------------------------------------------------------


def new(server: Server, **declared: Any) -> dict[str, Any]:
    given = {"workflowId": server.workflow, "workflowType": None, **declared}
    return step("create", "NA12878", new=inputs(**given))


def test_a_private_workflow_costs_what_its_past_runs_used(server: Server) -> None:
    lives = [server.run(seconds) for seconds in (3_600, 7_200)]
    server.settle(8_000)
    report = reported(server, new(server))

    (found,) = report.estimates.values()
    assert found.seconds is not None
    assert found.usd is not None
    assert found.seconds_source == "2 past runs"
    assert found.usd_source == "2 past runs, price list of 2026-08-24"
    assert set(server.calls()) <= READS
    # The same, by hand, from the run's manifest.
    by_hand = [bill(server, live) for live in lives]
    # From the least to the most of two, and a third beyond.
    assert found.usd == pytest.approx((min(by_hand) * 2 / 3, max(by_hand) * 4 / 3))
    assert min(by_hand) > 0


def bill(server: Server, live: dict[str, Any]) -> float:
    stream = f"manifest/run/{live['id']}/{live['uuid']}"
    logs = boto3.client("logs", endpoint_url=server.url, **KEYS)
    events = logs.get_log_events(logGroupName="/aws/omics/WorkflowLog", logStreamName=stream)
    run, *tasks = (json.loads(event["message"]) for event in events["events"])
    usage = Usage(
        tuple((task["instanceType"], task["metrics"]["runningSeconds"]) for task in tasks),
        run["metrics"]["runningSeconds"],
        run["storageType"],
        run["metrics"]["storageAverageGiB" if run["storageType"] == "DYNAMIC"
                       else "storageReservedGiB"],
    )  # fmt: skip
    usd = Prices(PRICES, REGION).private(usage).usd
    assert usd is not None
    return usd


def test_without_a_manifest_the_tasks_are_listed(server: Server) -> None:
    server.run(3_600, logLevel="OFF")
    server.settle(8_000)
    (found,) = reported(server, new(server)).estimates.values()
    assert "ListRunTasks" in server.calls()
    assert found.usd is not None
    assert found.usd[0] > 0


def test_tasks_from_the_cache_cost_nothing(server: Server) -> None:
    cache = server.aws.create_run_cache(name="c", cacheS3Location="s3://bucket-one/cache")["id"]
    for _ in range(2):
        server.run(3_600, cacheId=cache, cacheBehavior="CACHE_ALWAYS")
        server.settle(8_000)
    (found,) = reported(server, new(server)).estimates.values()
    assert found.usd_source == "2 past runs, price list of 2026-08-24"
    assert found.usd is not None
    # What is left of the second is its storage.
    assert found.usd[0] < found.usd[1] / 2


def test_failed_runs_and_runs_of_other_workflows_do_not_count(server: Server) -> None:
    server.run(10, tags={"emulator:seconds": "10", "emulator:fails": "RUN_TASK_FAILED"})
    server.settle(100)
    (found,) = reported(server, new(server)).estimates.values()
    assert found.usd is None
    assert found.usd_source == f"no completed run of workflow {server.workflow} was found"


def test_the_look_at_past_runs_is_bounded(server: Server) -> None:
    for _ in range(12):
        server.run(10)
    server.settle(100)
    (found,) = reported(server, new(server)).estimates.values()
    assert found.seconds_source == "8 past runs"
    assert server.calls().count("GetRun") == 8


def test_ready2run_takes_what_it_took_at_one_call(server: Server) -> None:
    server.run(100, workflowId="9500764", workflowType="READY2RUN",
               parameters={"sample_name": "a", "fastq_pairs": []})  # fmt: skip
    server.settle(200)
    report = reported(server, step("create", "NA12878", new=inputs()))
    (found,) = report.estimates.values()
    assert found.seconds_source == "1 past run"
    assert found.usd == (10, 10)
    assert set(server.calls()) == {"ListRuns"}


# The command ---------------------------------------------------------------------------------


@pytest.fixture
def preview(server: Server, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Call the command on a preview; give its exit code and what it wrote."""

    def called(given: Any, *arguments: str) -> tuple[int, str]:
        file, out = tmp_path / "preview.json", tmp_path / "out.md"
        given["config"] = {"omics:endpoint": server.url, "omics:region": REGION}
        file.write_text(json.dumps(given))
        code = command.main(["preview", str(file), "-o", str(out), *arguments])
        return code, out.read_text() if out.exists() else ""

    return called


def test_the_command_finds_the_place_in_the_preview(
    server: Server, preview: Callable[..., tuple[int, str]]
) -> None:
    live = server.run(100_000)
    server.settle(100)
    code, report = preview(digest(old("delete", live)))
    assert code == 0
    assert report.startswith("### 0 new runs start, 0 are replaced, 1 is removed, 1 cancelled\n")
    assert "GetRun" in server.calls()
    server.settle(1)
    code, report = preview(digest(old("delete", live)), "--offline", "--format", "json")
    assert json.loads(report)["figures"]["maybeCancelled"] == 1
    assert server.calls() == []


def test_the_command_s_exit_codes(
    server: Server,
    preview: Callable[..., tuple[int, str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    two = digest(*(step("create", name, new=inputs()) for name in ("a", "b")))
    for rules in (("--max-cost", "20"), ("--max-runs", "2"), ()):
        code, report = preview(two, *rules)
        assert code == 0
        assert ("The policy allows this" in report) == bool(rules)
    for rules in (("--max-cost", "19.99"), ("--max-runs", "1"), ("--max-runs", "0")):
        code, report = preview(two, *rules)
        assert code == 3
        assert "The policy does not allow this" in report
    policy = tmp_path / "policy.yaml"
    policy.write_text("max_cost: 19\n")
    assert preview(two, "--policy", str(policy))[0] == 3
    policy.write_text("max_costs: 19\n")
    assert preview(two, "--policy", str(policy))[0] == 2
    assert "max_costs is not a rule" in capsys.readouterr().err
    failed = {**two, "diagnostics": [{"severity": "error", "message": "error: no"}]}
    assert preview(failed, "--max-runs", "1")[0] == 1
    assert command.main(["preview", str(tmp_path / "nowhere.json")]) == 1
    assert "nowhere.json: No such file" in capsys.readouterr().err


def test_a_run_of_unknown_cost_breaks_the_budget_unless_it_may(
    server: Server, preview: Callable[..., tuple[int, str]]
) -> None:
    given = digest(new(server))
    assert preview(given, "--max-cost", "1000")[0] == 3
    assert preview(given, "--max-cost", "1000", "--allow-unknown-cost")[0] == 0
