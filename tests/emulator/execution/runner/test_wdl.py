import json
from pathlib import Path

import pytest

from .jobs import make, needs_containers

pytestmark = needs_containers

COUNTED = """
version 1.0
workflow count {
  input { Array[File] texts  String word = "reads" }
  scatter (text in texts) { call lines { input: text = text, word = word } }
  call total { input: counts = lines.counted }
  output { Array[File] each = lines.counted  File sum = total.sum  Int number = total.number }
}
task lines {
  input { File text  String word }
  command <<< grep -c ~{word} ~{text} > counted.txt; echo seen ~{word} >&2; echo told >>>
  output { File counted = "counted.txt" }
  runtime { docker: "lab/grep:1" cpu: 64 memory: "1000 GiB" }
}
task total {
  input { Array[File] counts }
  command <<< cat ~{sep=" " counts} | awk '{ s += $1 } END { print s }' > sum.txt >>>
  output { File sum = "sum.txt"  Int number = read_int("sum.txt") }
}
"""


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counted")
    texts = []
    for number in (1, 2, 3):
        path = folder / f"in{number}.txt"
        path.write_text("reads\n" * number)
        texts.append(str(path))
    job = make(folder / "job", COUNTED, {"count.texts": texts})
    job.run()
    return job


def test_a_scatter_and_a_gather_give_their_outputs(counted):
    outputs = counted.result["outputs"]
    assert counted.result["status"] == "COMPLETED"
    assert outputs["count.number"] == 6
    assert outputs["count.sum"] == "out/sum/sum.txt"
    assert outputs["count.each"] == [f"out/each/{n}/counted.txt" for n in range(3)]
    each = [(counted.folder / path).read_text() for path in outputs["count.each"]]
    assert each == ["1\n", "2\n", "3\n"]
    assert json.loads((counted.folder / "logs/outputs.json").read_text()) == outputs


def test_tasks_are_named_as_miniwdl_names_them(counted):
    assert set(counted.ended()) == {"lines-0-in1", "lines-1-in2", "lines-2-in3", "total"}
    assert len({event["id"] for event in counted.events}) == 4


def test_each_task_tells_its_life(counted):
    for name in counted.ended():
        statuses = [event["status"] for event in counted.of(name)]
        assert statuses == ["PENDING", "STARTING", "RUNNING", "COMPLETED"]
        times = [event["time"] for event in counted.of(name)]
        assert times == sorted(times)


def test_a_task_says_what_it_asked_for_though_the_machine_has_less(counted):
    ended = counted.ended()
    assert ended["lines-0-in1"]["cpus"] == 64
    assert ended["lines-0-in1"]["memoryGiB"] == 1000
    assert ended["lines-0-in1"]["image"] == "lab/grep:1"
    assert (ended["total"]["cpus"], ended["total"]["memoryGiB"]) == (1, 1)


def test_a_task_leaves_its_log_and_its_figures(counted):
    ended = counted.ended()["lines-0-in1"]
    assert Path(ended["log"]).read_text() == "told\nseen reads\n"
    assert ended["exitCode"] == 0
    metrics = ended["metrics"]
    assert metrics["runningSeconds"] > 0
    assert 0 < metrics["memoryAverageGiB"] <= metrics["memoryMaximumGiB"] < 1
    assert 0 < metrics["cpusAverage"] <= metrics["cpusMaximum"]


def test_the_engine_log_is_miniwdls(counted):
    log = (counted.folder / "logs/engine.log").read_text()
    assert "NOTICE wdl.w:count workflow start" in log
    assert "NOTICE wdl.w:count done" in log
    assert "Traceback" not in log


BUSY = """
version 1.0
workflow busy { call burn }
task burn {
  # A child that is ended once it has used one second of cpu.
  command <<< (ulimit -t 1; while :; do :; done); true >>>
  runtime { docker: "x" }
}
"""


def test_a_busy_task_has_the_cpu_that_it_used(tmp_path):
    job = make(tmp_path / "job", BUSY)
    assert job.run()["status"] == "COMPLETED"
    metrics = job.ended()["burn"]["metrics"]
    assert 0.9 < metrics["cpusAverage"] * metrics["runningSeconds"] < 2
    assert metrics["cpusMaximum"] >= metrics["cpusAverage"]


FAILS = """
version 1.0
workflow fails { call good  call bad }
task good { command { sleep 600 } runtime { docker: "x" } }
task bad {
  command <<< sleep 2; echo "no such sample: HG002" >&2; exit 3 >>>
  runtime { docker: "x" }
}
"""


def test_a_task_that_fails_fails_the_run_and_ends_the_others(tmp_path):
    job = make(tmp_path / "job", FAILS, cpus=2)
    result = job.run()
    assert (result["status"], result["failureReason"]) == ("FAILED", "RUN_TASK_FAILED")
    assert result["statusMessage"].startswith("The run failed because the task failed.")
    bad = job.ended()["bad"]
    assert (bad["status"], bad["failureReason"], bad["exitCode"]) == (
        "FAILED",
        "RUN_TASK_FAILED",
        3,
    )
    assert "exit status 3" in bad["message"]
    assert "no such sample: HG002" in bad["message"]
    assert Path(bad["log"]).read_text() == "no such sample: HG002\n"
    assert job.ended()["good"]["status"] == "CANCELLED"
    assert "Traceback" not in (job.folder / "logs/engine.log").read_text()


AGAIN = """
version 1.0
workflow again { call flaky }
task flaky { command { exit 5 } runtime { docker: "x" maxRetries: 1 } }
"""


def test_each_attempt_is_a_task_of_its_own(tmp_path):
    job = make(tmp_path / "job", AGAIN)
    job.run()
    ends = [event for event in job.of("flaky") if event["status"] == "FAILED"]
    assert [event["attempt"] for event in ends] == [1, 2]
    assert len({event["id"] for event in ends}) == 2


LACKS = """
version 1.0
workflow lacks { call nothing }
task nothing { command { true } output { File made = "made.txt" } runtime { docker: "x" } }
"""


def test_an_output_that_is_not_there_fails_the_task(tmp_path):
    job = make(tmp_path / "job", LACKS)
    result = job.run()
    assert result["failureReason"] == "WORKFLOW_RUN_FAILED"
    assert "made.txt" in result["statusMessage"]
    statuses = [event["status"] for event in job.of("nothing")]
    assert statuses == ["PENDING", "STARTING", "RUNNING", "FAILED"]


SERIAL = """
version 1.0
workflow serial {
  scatter (n in range(3)) { call wait { input: n = n } }
  output { Array[Array[Float]] times = wait.times }
}
task wait {
  input { Int n }
  command { date +%s.%N; sleep 0.3; date +%s.%N }
  output { Array[Float] times = read_lines(stdout()) }
  runtime { docker: "x" }
}
"""


def test_a_job_keeps_to_its_cpus(tmp_path):
    job = make(tmp_path / "job", SERIAL, cpus=1)
    turns = sorted(job.run()["outputs"]["serial.times"])
    assert len(turns) == 3
    times = [moment for turn in turns for moment in turn]
    assert times == sorted(times)  # each began when the one before had ended


@pytest.mark.parametrize(
    ("inputs", "told"),
    [({}, "missing required"), ({"serial.m": 1}, "unknown input/output: serial.m")],
)
def test_wrong_inputs_fail_the_run(tmp_path, inputs, told):
    asks = SERIAL.replace("workflow serial {", "workflow serial { input { Int n0 }")
    job = make(tmp_path / "job", asks, inputs)
    result = job.run()
    assert (result["status"], result["failureReason"]) == ("FAILED", "WORKFLOW_RUN_FAILED")
    assert told in result["statusMessage"]
    assert told in (job.folder / "logs/engine.log").read_text()


KINDS = """
version development
struct Sample { String name  File? reads }
workflow kinds {
  call make
  output {
    Directory all = make.all
    Map[String, File] named = make.named
    Sample sample = object { name: "out/not/a/file", reads: make.one }
    File? none = make.none
  }
}
task make {
  command <<<
    mkdir -p all/below
    echo 1 | tee one.txt > all/one.txt
    echo 2 > all/below/two.txt
  >>>
  output {
    Directory all = "all"
    Map[String, File] named = {"first": "all/one.txt"}
    File one = "one.txt"
    File? none = "none.txt"
  }
  runtime { docker: "x" }
}
"""


def test_outputs_of_every_kind(tmp_path):
    job = make(tmp_path / "job", KINDS)
    outputs = job.run()["outputs"]
    assert outputs == {
        "kinds.all": "out/all/all",
        "kinds.named": {"first": "out/named/first/one.txt"},
        "kinds.sample": {"name": "out/not/a/file", "reads": "out/sample/reads/one.txt"},
        "kinds.none": None,
    }
    files = {str(p.relative_to(job.folder)) for p in (job.folder / "out").rglob("*") if p.is_file()}
    assert files == {
        "out/all/all/one.txt",
        "out/all/all/below/two.txt",
        "out/named/first/one.txt",
        "out/sample/reads/one.txt",
    }
    assert (job.folder / "out/all/all/below/two.txt").read_text() == "2\n"
