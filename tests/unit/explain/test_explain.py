from __future__ import annotations

import re
from pathlib import Path

import pytest

from omics_provider.base.status import RunStatus
from omics_provider.base.words import plain
from omics_provider.explain.rules import reasons
from omics_provider.explain.rules.reasons import FailedTask, Failure, Log
from omics_provider.runs.rules import run_table

# Developer guide, page workflows-run-errors, in its order. Written out again on purpose: the table
# under test must not be its own judge.
CODES = [
    "ASSUME_ROLE_FAILED",
    "CANNOT_START_CONTAINER_ERROR",
    "CANNOT_START_CONTAINER_SIZE_ERROR",
    "ECR_PERMISSION_ERROR",
    "EXPORT_FAILED",
    "FILE_SYSTEM_OUT_OF_SPACE",
    "IMAGE_VERIFICATION_FAILURE",
    "IMPORT_FAILED",
    "INACTIVE_OMICS_STORAGE_RESOURCE",
    "INPUT_URI_NOT_FOUND",
    "INSTANCE_RESERVATION_FAILED",
    "INVALID_ECR_IMAGE_URI",
    "INVALID_TASK_RESOURCE_VALUE",
    "INVALID_URI_INPUT",
    "MODIFIED_INPUT_RESOURCE",
    "OUT_OF_MEMORY_ERROR",
    "RUN_TASK_FAILED",
    "RUN_TIMED_OUT",
    "SERVICE_ERROR",
    "TASK_TIMED_OUT",
    "UNSUPPORTED_INPUT_SIZE",
    "UNSUPPORTED_GPU_INSTANCE_TYPE",
    "WORKFLOW_RUN_FAILED",
    "WORKFLOW_VER_VALIDATION_FAILED",
]


def failed(id_: str, code: str | None = "RUN_TASK_FAILED", message: str = "", **more) -> Failure:
    return Failure(id=id_, status="FAILED", code=code, message=message or None, **more)


def test_the_table_has_every_documented_code() -> None:
    assert len(CODES) == 24
    assert set(reasons.REASONS) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_told_in_words_of_its_own(code: str) -> None:
    reason = reasons.reason_of("FAILED", code)
    assert all(text.endswith(".") and len(text) > 15 for text in reason)
    assert code not in reason.meaning
    others = [each for each in CODES if reasons.reason_of("FAILED", each) == reason]
    assert others == [code]


@pytest.mark.parametrize("code", CODES)
def test_only_what_is_worth_a_retry_as_it_is_gets_that_advice(code: str) -> None:
    advice = reasons.reason_of("FAILED", code).advice
    assert ("retry=" in advice) == (code in run_table.RETRYABLE)


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        ("FAILED", "BRAND_NEW_CODE", "does not know"),
        ("FAILED", None, "no failure code"),
        ("FAILED", "", "no failure code"),
        ("CANCELLED", None, "cancelled"),
        ("DELETED", None, "no record"),
        ("DELETED", "SERVICE_ERROR", "no record"),
    ],
)
def test_what_is_in_no_table_is_told_too(status: str, code: str | None, word: str) -> None:
    assert word in reasons.reason_of(status, code).meaning


@pytest.mark.parametrize("status", list(RunStatus))
def test_runs_without_a_result_need_words(status: RunStatus) -> None:
    assert reasons.needs_words(status) == (status in ("FAILED", "CANCELLED", "DELETED"))


def test_like_failures_are_one_group_the_largest_first() -> None:
    groups = reasons.grouped(
        [
            failed("1", "SERVICE_ERROR", "fault"),
            failed("2", "INPUT_URI_NOT_FOUND", "s3://b/x not found"),
            failed("3", "INPUT_URI_NOT_FOUND", "s3://b/x not found"),
            failed("4", "INPUT_URI_NOT_FOUND", "s3://b/y not found"),
        ]
    )
    assert [[each.id for each in group.failures] for group in groups] == [["2", "3", "4"], ["1"]]
    assert reasons.rendered(groups).startswith("3 runs: INPUT_URI_NOT_FOUND: … not found\n")


def test_own_ids_in_a_message_make_no_difference_but_other_numbers_do() -> None:
    def run(id_: str, message: str) -> Failure:
        task = FailedTask(f"9{id_}", "align", "OUT_OF_MEMORY_ERROR", f"task 9{id_} of {id_} failed")
        return failed(id_, "RUN_TASK_FAILED", message, uuid=f"u-{id_}", task=task)

    alike = reasons.grouped(
        [run("11", "run 11 (u-11) used 5 GiB"), run("12", "run 12 (u-12) used 5 GiB")]
    )
    assert len(alike) == 1
    unlike = reasons.grouped([run("11", "run 11 used 5 GiB"), run("12", "run 12 used 112 GiB")])
    assert len(unlike) == 2


def test_another_failed_task_is_another_group() -> None:
    runs = [failed("1", task=FailedTask("7", "align")), failed("2", task=FailedTask("8", "sort"))]
    assert len(reasons.grouped(runs)) == 2


def test_a_group_is_told_in_few_lines() -> None:
    runs = [failed(str(n), "INPUT_URI_NOT_FOUND", "s3://b/x is not there") for n in range(37)]
    text = reasons.rendered(reasons.grouped(runs))
    lines = text.splitlines()
    assert lines[0] == "37 runs: INPUT_URI_NOT_FOUND: s3://b/x is not there"
    assert lines[3] == "  Runs: 0, 1, 2, 3, 4 and 32 more"
    assert len(lines) == 4


def test_a_code_is_told_once() -> None:
    task = FailedTask("7", "align", "SERVICE_ERROR", "Task failed: SERVICE_ERROR")
    run = failed("1", "INPUT_URI_NOT_FOUND", "Run failed: INPUT_URI_NOT_FOUND", task=task)
    lines = reasons.rendered(reasons.grouped([run])).splitlines()
    assert lines[0] == "Run 1 FAILED: INPUT_URI_NOT_FOUND"
    assert lines[3] == "  Failed task: align (7): SERVICE_ERROR"


def test_words_that_run_and_task_share_are_told_once() -> None:
    said = "The workflow task 7 ran out of memory."
    task = FailedTask("7", "align", "OUT_OF_MEMORY_ERROR", said)
    run = failed("1", "OUT_OF_MEMORY_ERROR", said, task=task)
    lines = reasons.rendered(reasons.grouped([run])).splitlines()
    assert lines[0] == f"Run 1 FAILED: OUT_OF_MEMORY_ERROR: {said}"
    assert lines[3] == "  Failed task: align (7): OUT_OF_MEMORY_ERROR"


def test_one_failure_names_task_log_and_links() -> None:
    run = failed(
        "1234567",
        "RUN_TASK_FAILED",
        "a task failed",
        name="HG002",
        task=FailedTask("7", "align", "OUT_OF_MEMORY_ERROR", "exit 137", "run/1234567/task/7"),
        failed_tasks=3,
        log=Log("run/1234567/task/7", ("one", "two")),
    )
    assert reasons.rendered(reasons.grouped([run]), region="eu-west-1").splitlines() == [
        "Run HG002 (1234567) FAILED: RUN_TASK_FAILED: a task failed",
        "  A task failed, and the run with it.",
        "  Next: Read the end of the task's log: the cause is the task's own command.",
        "  Failed task: align (7) (and 2 more failed): OUT_OF_MEMORY_ERROR: exit 137",
        "  End of run/1234567/task/7:",
        "    | one",
        "    | two",
        "  Console: https://eu-west-1.console.aws.amazon.com/omics/home?region=eu-west-1"
        "#/runs/1234567",
        "  Log: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#logsV2:log-groups/log-group/$252Faws$252Fomics$252FWorkflowLog"
        "/log-events/run$252F1234567$252Ftask$252F7",
    ]


def test_a_run_without_a_record_gets_no_link_to_it() -> None:
    gone = [
        Failure(id="1", status="DELETED"),
        failed("2", "SERVICE_ERROR", record_gone=True),
    ]
    text = reasons.rendered(reasons.grouped(gone), region="eu-west-1")
    assert "Run 1: no record" in text
    assert "#/runs/" not in text


def test_gaps_come_last_and_once() -> None:
    text = reasons.rendered(reasons.grouped([failed("1")]), gaps=("logs (denied).",))
    assert text.splitlines()[-2:] == ["", "Not read: logs (denied)."]
    assert reasons.rendered([], ("logs.",)) == "Not read: logs."
    assert reasons.rendered([]) == ""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[31mred\x1b[0m and\tplain", "red and plain"),
        ("\x1b]0;title\x07text", "text"),
        ("a\r\nb", "a  b"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 600, "x" * 499 + "…"),
        ("größe 5 µm", "größe 5 µm"),
    ],
)
def test_text_from_outside_can_not_steer_a_terminal(said: str, shown: str) -> None:
    assert plain(said) == shown


def test_no_control_character_of_a_run_reaches_the_text() -> None:
    evil = "\x1b[2J\x07evil"
    task = FailedTask("7", evil, evil, evil, "s")
    run = failed("1", evil, evil, name=evil, task=task, log=Log("s", (evil,)))
    text = reasons.rendered(reasons.grouped([run, run]))
    assert re.findall(r"[^\n -~…]", text) == []
    assert "evil" in text


@pytest.mark.parametrize(
    ("location", "name"),
    [
        (
            "arn:aws:logs:r:1:log-group:/aws/omics/WorkflowLog:log-stream:run/1/engine",
            "run/1/engine",
        ),
        ("run/1/engine", "run/1/engine"),
        ("", None),
        (None, None),
    ],
)
def test_a_log_stream_is_known_by_arn_or_name(location: str | None, name: str | None) -> None:
    assert reasons.stream_name(location) == name


def test_the_failed_task_s_log_says_more_than_the_engine_s() -> None:
    run = failed("1", engine_stream="run/1/engine")
    assert run.stream == "run/1/engine"
    with_task = reasons.with_task(run, [{}, {}], {"taskId": "7", "logStream": "run/1/task/7"})
    assert (with_task.stream, with_task.failed_tasks) == ("run/1/task/7", 2)
    without_log = reasons.with_task(run, [{}], {"taskId": "7"})
    assert without_log.stream == "run/1/engine"


@pytest.mark.parametrize(
    ("status", "words"),
    [("COMPLETED", "no failure to explain"), ("RUNNING", "has not ended"), ("NEW", "no failure")],
)
def test_other_runs_get_one_line(status: str, words: str) -> None:
    line = reasons.of_other({"id": "1", "name": "HG002", "status": status})
    assert line.startswith(f"Run HG002 (1) is {status}: ")
    assert words in line


def test_the_page_of_docs_has_every_code() -> None:
    page = Path(__file__).parents[3] / "docs" / "explain-and-report.md"
    assert [code for code in CODES if f"`{code}`" not in page.read_text("utf-8")] == []
