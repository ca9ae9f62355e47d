"""Explanations and reports of real runs: the emulator's server, with its logs and manifests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from omics_provider import __main__ as command
from omics_provider.base.errors import CredentialsError, NotFound, SettingsError, Unreachable
from omics_provider.base.settings import Settings
from omics_provider.commands.explain import command as explain_command
from omics_provider.commands.report import command as report_command
from omics_provider.commands.report.data import document
from omics_provider.commands.report.gather import Wanted, gather_runs
from omics_provider.commands.report.page import rendered
from omics_provider.emulator import control
from omics_provider.explain import gather
from omics_provider.explain.gather import Explanation, explain
from omics_provider.runs import details
from omics_provider.runs.calls import Runs
from omics_provider.service import clients
from omics_provider.service import logs as run_logs
from omics_provider.service.clients import omics
from tests.provider.commands import still
from tests.provider.commands.still import KEYS
from tests.provider.harness import REGION, ROLE, Emulator, Service
from tests.served import Served

NOW = datetime(2100, 1, 1, tzinfo=UTC)
SECRET = "hunter2-of-a-parameter"


class Server(still.Server):
    """A server with runs that fail."""

    def run(self, fails: str | None = None, **more: Any) -> str:
        """Start a run of 100 s; `fails` is the reason with which it will."""
        tags = {"emulator:seconds": "100", **({"emulator:fails": fails} if fails else {})}
        return self.start(**{"parameters": {"token": SECRET}, "tags": tags, **more})

    def ended(self, *failures: str | None, **more: Any) -> list[str]:
        """Start runs, let them end, and return their ids."""
        ids = [self.run(fails, **more) for fails in failures]
        self.settle(200)
        return ids


@pytest.fixture(scope="module")
def _server(server_anew: Served) -> Server:
    return still.still(server_anew, Server)


@pytest.fixture
def server(_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    control.plan_faults(_server.state, [])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    # A client keeps the Region that a variable gave it.
    clients.forget(Settings(endpoint=_server.url))
    return _server


def answers(server: Server, ids: Sequence[str]) -> list[dict[str, Any]]:
    found = [Runs(server.place).get(each) for each in ids]
    server.first = max(call["number"] for call in control.calls(server.state))
    return found


# explain -----------------------------------------------------------------------------------------


def explain_ids(place: Settings, ids: Iterable[str]) -> Explanation:
    """Explain runs as the command does where ids name them."""
    (found,), _ = explain_command.explained(place, [Wanted(each) for each in dict.fromkeys(ids)])
    return found


def explained_whole(place: Settings, ids: Iterable[str]) -> bool:
    return explain_command.explained(place, [Wanted(each) for each in ids])[1]


def test_a_failed_task_is_told_with_its_message_and_log(server: Server) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR", name="mem")
    explained = explain_ids(server.place, [run])
    ((failure,),) = [group.failures for group in explained.groups]
    assert failure.task is not None
    assert failure.task.code == "OUT_OF_MEMORY_ERROR"
    assert failure.log is not None
    assert failure.log.stream == f"run/{run}/task/{failure.task.id}"
    assert failure.log.lines[-1].endswith(": FAILED")
    assert explained.text.startswith(f"Run mem ({run}) FAILED: OUT_OF_MEMORY_ERROR: The workflow ")
    assert "Failed task: REPORT" in explained.text
    assert explained.gaps == ()
    assert server.calls() == ["GetRun", "ListRunTasks", "GetRunTask"]
    assert SECRET not in explained.text


def test_a_run_that_failed_before_its_tasks_is_told_with_the_engine_s_log(server: Server) -> None:
    (run,) = server.ended("IMPORT_FAILED")
    text = explain_ids(server.place, [run]).text
    assert f"End of run/{run}/engine:" in text
    assert "Cause: IMPORT_FAILED" in text


def test_like_failures_cost_one_log_and_are_told_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    log_end = details.log_end

    def noted(settings: Settings, stream: str, lines: int) -> tuple[str, ...] | None:
        read.append(stream)
        return log_end(settings, stream, lines)

    monkeypatch.setattr(details, "log_end", noted)
    ids = server.ended(*["RUN_TASK_FAILED"] * 4, "SERVICE_ERROR")
    explained = explain(server.place, answers(server, ids))
    assert [len(group.failures) for group in explained.groups] == [4, 1]
    assert len(read) == 2
    assert explained.text.count("A task failed, and the run with it.") == 1


def test_runs_with_nothing_to_explain_cost_no_call(server: Server) -> None:
    (done,) = server.ended(None)
    active = server.run()
    explained = explain(server.place, answers(server, [done, active]))
    assert server.calls() == []
    assert explained.groups == ()
    assert f"({done}) is COMPLETED" in explained.text
    assert f"({active}) is PENDING" in explained.text


def test_a_cancelled_run_is_told_without_its_tasks(server: Server) -> None:
    run = server.run()
    server.aws.cancel_run(id=run)
    server.settle(100)
    explained = explain(server.place, answers(server, [run]))
    assert "It was cancelled" in explained.text
    assert server.calls() == []


def test_a_run_that_is_not_there_is_told_beside_the_others(server: Server) -> None:
    (run,) = server.ended("SERVICE_ERROR")
    explained = explain_ids(server.place, ["999999999", run, run])
    assert not explained_whole(server.place, ["999999999"])
    assert explained_whole(server.place, [run])
    assert "Run 999999999: no record" in explained.text
    assert explained.text.count("HealthOmics itself had a temporary fault.") == 1


@pytest.mark.parametrize("operation", ["ListRunTasks", "GetRunTask"])
@pytest.mark.parametrize("fault", ["denied", "error-500", "throttle", "cut-before", "torn-answer"])
def test_what_can_not_be_read_is_said_once_and_not_asked_again(
    server: Server, operation: str, fault: str
) -> None:
    ids = server.ended(*["OUT_OF_MEMORY_ERROR"] * 3)
    found = answers(server, ids)
    control.plan_faults(server.state, [{"operation": operation, "fault": fault, "rate": 1.0}])
    explained = explain(server.place, found)
    assert [gap for gap in explained.gaps if operation in gap] == list(explained.gaps)
    assert len(explained.gaps) == 1
    assert explained.text.count("Not read: ") == 1
    assert "A task needed more memory" in explained.text
    tried = server.calls().count(operation)
    assert tried == {"denied": 1, "torn-answer": 1}.get(fault, 6)


def test_a_denied_log_names_the_right_that_is_missing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = boto3.client("logs", **KEYS)
    monkeypatch.setattr(details, "aws", lambda settings, name: logs)
    ids = server.ended("OUT_OF_MEMORY_ERROR", "SERVICE_ERROR")
    # One answer: a second call would raise.
    with Stubber(logs) as stub:
        stub.add_client_error("get_log_events", "AccessDeniedException", "not allowed", 403)
        explained = explain_ids(server.place, ids)
    (gap,) = explained.gaps
    assert gap.startswith("logs (GetLogEvents failed: AccessDeniedException: not allowed).")
    assert "logs:GetLogEvents" in gap
    assert "Failed task: " in explained.text


def test_a_run_without_logs_has_no_gap(server: Server) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR", logLevel="OFF")
    explained = explain_ids(server.place, [run])
    assert explained.gaps == ()
    assert "Failed task: " in explained.text
    assert "End of " not in explained.text


def test_a_refused_run_is_told_and_the_rest_explained(server: Server) -> None:
    refused, run = server.ended(None, "SERVICE_ERROR")
    control.plan_faults(server.state, [{"operation": "GetRun", "fault": "denied", "count": 1}])
    explained = explain_ids(server.place, [refused, run])
    assert f"GetRun for run {refused} failed: AccessDeniedException" in explained.gaps[0]
    assert "transient error" in explained.text


def test_of_very_many_failures_each_kind_is_looked_at(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "TASKS_OF", 3)
    ids = server.ended(*["RUN_TASK_FAILED"] * 4, "OUT_OF_MEMORY_ERROR")
    explained = explain(server.place, answers(server, ids))
    assert server.calls().count("ListRunTasks") == 3
    assert explained.gaps == ("the tasks of 2 runs: too many failed runs.",)
    with_task = {g.first.code for g in explained.groups if g.first.task}
    assert with_task == {"RUN_TASK_FAILED", "OUT_OF_MEMORY_ERROR"}


def test_a_run_whose_record_is_gone_is_never_looked_up_by_its_id(server: Server) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR")
    (live,) = answers(server, [run])
    explain(server.place, [{**live, "recordGone": True}])
    assert server.calls() == []


def test_the_endpoint_local_has_no_logs_of_simulated_runs(emulator: Emulator) -> None:
    started = emulator.aws.start_run(
        workflowId=emulator.workflow,
        roleArn=ROLE,
        outputUri="s3://b/o",
        tags={"emulator:fails": "OUT_OF_MEMORY_ERROR"},
    )
    emulator.advance(1000)
    place = Settings(region=REGION, endpoint="local", local_state=emulator.state)
    explained = explain_ids(place, [started["id"]])
    assert explained.gaps == ("logs: the endpoint `local` has none.",)
    assert explained.region is None
    report = gather_runs(place, [Wanted(started["id"])], "t", NOW)
    assert report.runs[0].tasks
    assert "manifests" in report.gaps[0]


def test_without_credentials_or_settings_the_command_can_not_help(
    server: Server, service: Service
) -> None:
    service.answer = (403, "ExpiredTokenException", "expired")
    with pytest.raises(CredentialsError):
        explain_ids(Settings(region=REGION, endpoint=service.url), ["1"])
    with pytest.raises(SettingsError):
        explain_ids(Settings(region=REGION, profile="none", endpoint=server.url), ["1"])


def test_links_are_for_aws_and_not_for_an_emulator(server: Server) -> None:
    assert gather.region_to_link(server.place) is None
    assert gather.region_to_link(Settings(region="eu-west-1")) == "eu-west-1"
    private = Settings(region="eu-west-1", endpoint="https://omics.example.com")
    assert gather.region_to_link(private) == "eu-west-1"


# Logs --------------------------------------------------------------------------------------------


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Answers GetLogEvents, page by page."""
    client = boto3.client("logs", **KEYS)
    for module in (details, run_logs):
        monkeypatch.setattr(module, "aws", lambda settings, name: client)
    with Stubber(client) as stub:

        def page(token: str | None, back: str, *messages: str, **asked: Any) -> None:
            stub.add_response(
                "get_log_events",
                {
                    "events": [{"message": m, "timestamp": 1} for m in messages],
                    "nextBackwardToken": back,
                    "nextForwardToken": back,
                },
                {
                    "logGroupName": "/aws/omics/WorkflowLog",
                    **asked,
                    **({"nextToken": token} if token else {}),
                },
            )

        yield page
        stub.assert_no_pending_responses()


END = {"logStreamName": "run/1", "limit": 2, "startFromHead": False}
MANIFEST = {"logStreamName": "manifest/run/1/u", "startFromHead": True}


def test_the_end_of_a_log_is_looked_for_behind_empty_pages(logs: Callable[..., None]) -> None:
    logs(None, "b1", **END)
    logs("b1", "b2", "one", "two", **END)
    assert details.log_end(Settings(region=REGION), "run/1", 2) == ("one", "two")


def test_an_empty_log_ends(logs: Callable[..., None]) -> None:
    logs(None, "b1", **END)
    logs("b1", "b1", **END)
    assert details.log_end(Settings(region=REGION), "run/1", 2) == ()


def test_a_manifest_of_several_pages_is_read_whole(logs: Callable[..., None]) -> None:
    logs(None, "f1", '{"uuid": "u"}', "no json", "[1]", **MANIFEST)
    logs("f1", "f2", '{"uuid": "t"}', **MANIFEST)
    logs("f2", "f2", **MANIFEST)
    found = details.manifest(Settings(region=REGION), "1", "u")
    assert found == [{"uuid": "u"}, {"uuid": "t"}]


def test_a_run_is_found_on_whichever_page_of_its_manifest(logs: Callable[..., None]) -> None:
    # The first page may be empty although others are not (GetLogEvents, API reference).
    logs(None, "f1", **MANIFEST)
    logs("f1", "f2", '{"uuid": "t"}', **MANIFEST)
    logs("f2", "f3", '{"uuid": "u", "stopTime": "2026-11-23T12:00:00"}', **MANIFEST)
    found = Runs(Settings(region=REGION)).manifest("1", "u")
    # Times of the service are in UTC, whatever the zone of this machine.
    assert found == {"uuid": "u", "stopTime": "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize("fault", ["torn-answer", "cut-before"])
def test_an_answer_cut_off_is_not_an_empty_list(server: Server, fault: str) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR")
    control.plan_faults(server.state, [{"operation": "ListRunTasks", "fault": fault, "rate": 1.0}])
    with pytest.raises(Unreachable):
        details.tasks(server.place, run)


def test_tasks_of_no_run_are_an_error(server: Server) -> None:
    with pytest.raises(NotFound):
        details.tasks(server.place, "999999999")


# report ------------------------------------------------------------------------------------------


def test_a_report_of_ended_runs_comes_from_their_manifests(server: Server) -> None:
    done, failed = server.ended(None, "OUT_OF_MEMORY_ERROR")
    report = gather_runs(server.place, [Wanted(done), Wanted(failed)], "two", NOW)
    assert server.calls().count("GetRun") == 2
    assert server.calls().count("ListRunTasks") == 1  # for the explanation
    by_id = {run.id: run for run in report.runs}
    assert [len(run.tasks) for run in report.runs] == [5, 5]
    assert by_id[done].use.cpu_average == pytest.approx(0.5)
    assert by_id[done].seconds == pytest.approx(80)
    assert by_id[failed].tasks[-1].code == "OUT_OF_MEMORY_ERROR"
    assert report.groups[0].first.id == failed
    assert report.gaps == ()


def test_a_report_looks_at_each_run_where_it_is(server: Server, tmp_path: Path) -> None:
    (here,) = server.ended("OUT_OF_MEMORY_ERROR")
    there = Settings("eu-west-1", endpoint="local", local_state=str(tmp_path / "there.db"))
    service: Any = omics(there)
    control.change_settings(there.local_state, {"parameterCheck": "off"})
    started = service.start_run(
        workflowId="9500764", workflowType="READY2RUN", roleArn=ROLE, outputUri="s3://b/out",
        requestId="there", tags={"emulator:seconds": "0", "emulator:fails": "RUN_TIMED_OUT"},
    )  # fmt: skip
    wanted = [Wanted(here, "HG002"), Wanted(started["id"], "HG003", started["uuid"], place=there)]
    report = gather_runs(server.place, wanted, "two places", NOW)
    assert {run.id for run in report.runs} == {here, started["id"]}
    assert {group.first.id for group in report.groups} == {here, started["id"]}
    # Links would lead to one of the two.
    assert report.region is None


def test_neither_page_nor_json_shows_a_parameter(server: Server) -> None:
    ids = server.ended(None, "OUT_OF_MEMORY_ERROR")
    report = gather_runs(server.place, [Wanted(each) for each in ids], "t", NOW)
    assert SECRET not in json.dumps(document(report))
    page = rendered(report)
    assert SECRET not in page
    assert all(each in page for each in ids)


def test_a_failure_is_told_by_the_name_of_its_resource(server: Server) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR", name="run-7")
    report = gather_runs(server.place, [Wanted(run, "HG003")], "t", NOW)
    assert report.groups[0].first.label == f"HG003 ({run})"
    assert (report.runs[0].label, report.runs[0].name) == ("HG003", "run-7")


def test_a_run_at_work_is_reported_from_its_tasks(server: Server) -> None:
    run = server.run()
    server.settle(50)
    report = gather_runs(server.place, [Wanted(run)], "t", NOW)
    assert (report.runs[0].status, report.gaps) == ("RUNNING", ())
    assert report.runs[0].tasks
    assert report.runs[0].use.cpu_average is None


def test_a_run_whose_record_is_gone_is_reported_from_state_and_manifest(server: Server) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR")
    (live,) = answers(server, [run])
    server.aws.delete_run(id=run)
    wanted = Wanted(run, "HG002", live["uuid"], {"uuid": live["uuid"], "status": "FAILED"})
    report = gather_runs(server.place, [wanted], "t", NOW)
    assert report.runs[0].status == "FAILED"
    assert report.groups[0].first.label == f"HG002 ({run})"
    assert len(report.runs[0].tasks) == 5
    assert "ListRunTasks" not in server.calls()


def test_another_run_of_the_same_id_is_not_the_one_of_the_state(server: Server) -> None:
    (run,) = server.ended(None)
    report = gather_runs(server.place, [Wanted(run, "HG002", "another-uuid")], "t", NOW)
    assert report.runs[0].status == "DELETED"
    assert report.runs[0].tasks == ()


def test_a_run_that_may_not_be_read_is_reported_as_unknown(server: Server) -> None:
    (run,) = server.ended(None)
    control.plan_faults(server.state, [{"operation": "GetRun", "fault": "denied", "rate": 1.0}])
    report = gather_runs(server.place, [Wanted(run)], "t", NOW)
    assert report.runs[0].status == "UNKNOWN"
    assert "AccessDeniedException" in report.gaps[0]
    assert report.groups == ()


# The commands ------------------------------------------------------------------------------------


def test_explain_prints_and_ends_with_0(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR")
    assert command.main(["explain", run, "--endpoint", server.url, "--region", REGION]) == 0
    assert "Raise the task's memory" in capsys.readouterr().out


def test_explain_takes_the_environment_and_ends_with_1_for_a_missing_run(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    assert command.main(["explain", "999999999"]) == 1
    assert "no record" in capsys.readouterr().out


def test_a_region_that_is_missing_is_an_error_with_advice(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["explain", "1", "--endpoint", server.url]) == 1
    assert "region" in capsys.readouterr().err
    assert command.main(["explain", "1", "--endpoint", "nowhere"]) == 1
    assert "Give --endpoint URL" in capsys.readouterr().err


def test_report_writes_a_page_and_json(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = server.ended(None, "OUT_OF_MEMORY_ERROR")
    where = ["--endpoint", server.url, "--region", REGION]
    page = tmp_path / "page.html"
    assert command.main(["report", "--runs", *ids, *where, "-o", str(page)]) == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    capsys.readouterr()
    assert command.main(["report", "--runs", *ids, ids[0], *where, "-o", "-", "--json"]) == 0
    assert {run["id"] for run in json.loads(capsys.readouterr().out)["runs"]} == set(ids)


def test_report_says_where_it_can_not_write(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run,) = server.ended(None)
    target = str(tmp_path / "none" / "page.html")
    arguments = ["report", "--runs", run, "--endpoint", server.url, "--region", REGION]
    assert command.main([*arguments, "-o", target]) == 1
    assert capsys.readouterr().err == f"{target}: No such file or directory\n"


def test_without_jinja_the_page_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report_command, "find_spec", lambda name: None)
    assert command.main(["report", "--runs", "1", "-o", "-"]) == 1
    assert "omics-provider[report]" in capsys.readouterr().err


def test_a_stack_s_configuration_says_where_its_runs_are(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (run,) = server.ended("OUT_OF_MEMORY_ERROR")
    (live,) = answers(server, [run])
    config = {"omics:endpoint": {"value": server.url}, "omics:region": {"value": REGION}}
    resource = {
        "type": "pulumi-python:dynamic/omics:Run",
        "urn": "urn:pulumi:dev::omics-runs::pulumi-python:dynamic/omics:Run::HG002",
        "id": run,
        "outputs": {"uuid": live["uuid"], "status": "PENDING"},
    }
    (tmp_path / "config").write_text(json.dumps(config))
    (tmp_path / "stack").write_text(json.dumps({"deployment": {"resources": [resource]}}))
    cli = tmp_path / "pulumi"
    cli.write_text(f'#!/bin/sh\ncat "{tmp_path}/$1"\n')
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert command.main(["report", "--stack", "dev", "-o", "-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["title"] == "Stack dev"
    assert [(each["resource"], each["status"]) for each in found["runs"]] == [("HG002", "FAILED")]
