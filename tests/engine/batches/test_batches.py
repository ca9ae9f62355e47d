"""A cohort as one resource, through the real engine: its life, its changes, and kills."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import psutil
import pytest

from tests.engine.chaos.processes import Command
from tests.engine.harness import ROLE, Outcome, Stack, name_of, until
from tests.served import REGION, Served, serving

KIND: Final = "pulumi-python:dynamic/omics:RunBatch"
PROGRAM: Final = """\
import json

import pulumi
from omics_provider import OmicsRunBatch

with open("batch.json") as file:
    declared = json.load(file)
wanted = declared.pop("$ids", None)
names = declared.pop("$names", ["cohort"])
cohorts = []
for name in names:
    opts = pulumi.ResourceOptions(depends_on=cohorts[-1:])
    cohorts.append(OmicsRunBatch(name, **declared, opts=opts))
pulumi.export("batches", cohorts[0].batches.apply(len))
if wanted is not None:
    pulumi.export("ids", cohorts[0].run_ids(wanted))
    pulumi.export("ended", cohorts[0].wait(60)["runs"])
"""
BARE: Final = """\
import pulumi

pulumi.export("nothing", 1)
"""


def rows(count: int, **changed: Any) -> dict[str, dict[str, Any]]:
    """Give samples by id, each with parameters of its own."""
    own = {f"S{number}": {"reads": f"s3://reads/{number}"} for number in range(count)}
    return {**own, **{name: {"reads": value} for name, value in changed.items()}}


@pytest.fixture
def cohort(stack: Stack) -> Stack:
    """A stack with one OmicsRunBatch, and an emulator whose batches start their runs at once."""
    stack.program(PROGRAM)
    stack.settings(batchSeconds=0)
    return stack


def declare(stack: Stack, samples: Any, **arguments: Any) -> None:
    known = stack.home / "workflow"
    if not known.exists():
        made = stack.service.create_workflow(
            name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
        )
        known.write_text(made["id"])
    template = {
        "output_uri": "s3://results/runs",
        "parameters": {"reference": "s3://reads/reference.fa"},
        "tags": {"emulator:seconds": "0"},
    }
    declared = {
        "samples": samples,
        "template": template,
        "role_arn": ROLE,
        "workflow_id": known.read_text(),
        **arguments,
    }
    (stack.home / "batch.json").write_text(json.dumps(declared))


def recorded(stack: Stack, name: str = "cohort") -> dict[str, Any]:
    (found,) = (each for each in stack.resources(KIND) if name_of(each["urn"]) == name)
    return found


def kept(stack: Stack, name: str = "cohort") -> list[dict[str, Any]]:
    batches: list[dict[str, Any]] = recorded(stack, name)["outputs"]["batches"]
    return batches


def live(stack: Stack) -> list[dict[str, Any]]:
    """Give the batches that the service has, oldest first."""
    ids = [item["id"] for item in stack.service.list_batch()["items"]]
    return [dict(stack.service.get_batch(batchId=each)) for each in ids]


def members(stack: Stack, batch_id: str) -> set[str]:
    listed = stack.service.list_runs_in_batch(batchId=batch_id)["runs"]
    return {entry["runSettingId"] for entry in listed}


def warned(outcome: Outcome) -> str:
    return " ".join(outcome.warnings.get("cohort", "").split()).removeprefix("warning: ")


@pytest.mark.timeout(600)
def test_the_life_of_a_cohort(cohort: Stack) -> None:
    cohort.configure(preflight="fail")
    workflow = templated(cohort)
    mine = {"workflow_id": workflow, "tags": {"of": "me"}}

    # All that is wrong is told at once, and nothing starts.
    samples = [
        {"sample": "A", "x": "1"},
        {"sample": "A", "x": "2"},
        {"sample": "", "x": "3"},
    ]
    declare(cohort, samples, priority=-1, workflow_type="READY2RUN", ouput_uri="s3://x")
    told = cohort.preview(expect=None).message
    for words in (
        "must be 0 to 100,000",
        "Ready2Run workflows can't run in a batch",
        "did you mean output_uri?",
        "entry 2",
        "entry 3: nothing in sample",
    ):
        assert words in told, words

    # What a batch needs is looked at once, before it starts.
    declare(cohort, ODD, **mine, run_group_id="1234567")
    outcome, calls = cohort.calls(lambda: cohort.pulumi("up", "--yes", expect=None))
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}
    for words in (
        "Preflight of 1 run (cohort, such as S3):",
        f"parameters: workflow {workflow} requires reads as well: give a value",
        f"parameters: workflow {workflow} has no parameter read: did you mean reads?",
        "Preflight of 4 runs (cohort):",
        "run_group_id: there is no run group 1234567",
    ):
        assert words in outcome.text, words
    assert live(cohort) == []

    declare(cohort, rows(3), **mine)
    made, calls = cohort.calls(lambda: cohort.pulumi("up", "--yes"))
    assert calls == {"GetWorkflow": 1, "StartRunBatch": 1}
    assert "3 samples to start, in one batch." in made.message
    assert "s3://reads/0" not in cohort.checkpoint
    provider = recorded(cohort)["inputs"]["__provider"]

    # The same samples in another order are the same: nothing is looked at.
    declare(cohort, dict(reversed(rows(3).items())), **mine)
    _, calls = cohort.calls(lambda: cohort.preview("--expect-no-changes"))
    assert calls == {}

    # A further batch is a start, too; a cohort says for itself what is looked at.
    declare(cohort, ODD, **mine)
    assert "has no parameter read: did you mean reads?" in cohort.preview(expect=None).text

    # One added, one changed, one removed: the preview says so, and up does it.
    mine["preflight"] = "off"
    changed = {k: v for k, v in rows(4, S1="other").items() if k != "S0"}
    declare(cohort, changed, **mine)
    preview, calls = cohort.calls(cohort.preview)
    assert calls == {}
    assert preview.summary == {"same": 1, "update": 1}
    assert warned(preview) == (
        "2 samples to start in a further batch: 1 new (S3), 1 changed (S1). 1 unchanged: no run "
        "starts again. No longer declared: 1 (S0); what was started for it stays as it is."
    )
    _, calls = cohort.calls(cohort.up)
    assert calls == {"ListBatch": 1, "StartRunBatch": 1}
    first, second = kept(cohort)
    assert members(cohort, first["id"]) == {"S0", "S1", "S2"}
    assert members(cohort, second["id"]) == {"S1", "S3"}

    cohort.refresh()
    outputs = recorded(cohort)["outputs"]
    assert (outputs["status"], outputs["runs"]) == ("PROCESSED", {"completed": 5})

    # What is over is not refreshed again. Tags change in place, after a look at each batch.
    mine["tags"] = {"of": "you"}
    declare(cohort, changed, **mine)
    _, calls = cohort.calls(lambda: cohort.up("--refresh"))
    assert calls == {"GetBatch": 2, "TagResource": 2}
    declare(cohort, changed, **mine, **{"$ids": ["S1", "S2"]})
    cohort.up()
    shown = json.loads(cohort.pulumi("stack", "output", "--json").stdout)
    assert (shown["batches"], shown["ended"]) == (2, {"completed": 5})
    of = {k: cohort.service.get_run(id=run)["batchId"] for k, run in shown["ids"].items()}
    assert of == {"S1": second["id"], "S2": first["id"]}
    assert recorded(cohort)["inputs"]["__provider"] == provider

    run = cohort.service.get_run(id=shown["ids"]["S1"])
    assert run["parameters"] == {
        "sample": "S1",
        "reads": "other",
        "reference": "s3://reads/reference.fa",
    }
    assert (run["name"], run["tags"]["emulator:seconds"]) == ("S1", "0")

    # All again is a replacement.
    declare(cohort, rows(3), **mine, on_change="all")
    outcome = cohort.pulumi("up", "--yes")
    assert "all 3 samples run again" in outcome.message
    (found,) = live(cohort)
    assert (found["totalRuns"], found["uuid"]) == (3, kept(cohort)[0]["uuid"])

    cohort.destroy()
    assert cohort.resources(KIND) == []
    assert live(cohort) == []
    assert cohort.statuses() == {}


#: A sheet whose last sample has a typo in the name of a parameter.
ODD: Final = {**rows(3), "S3": {"read": "s3://reads/3"}}


def templated(stack: Stack) -> str:
    """Make a workflow that says which parameters it has, and give its id."""
    made = stack.service.create_workflow(
        name="templated",
        engine="NEXTFLOW",
        definitionUri="s3://workflows/w.zip",
        parameterTemplate={"reads": {}, "reference": {}, "sample": {"optional": True}},
    )
    return made["id"]


VICTIMS: Final[dict[str, Callable[[Command], object]]] = {
    "all": Command.kill_all,
    "plugin": Command.kill_plugin,
    "engine": Command.kill_engine,
}


#: Seconds until a plugin that goes on has its answer.
LATE: Final = 3.0


def kill(stack: Stack, victim: str) -> None:
    """Kill an `up` while the answer of its StartRunBatch is under way."""
    before = len(stack.log)
    seconds = LATE if victim == "engine" else 30.0
    stack.plan_faults({"operation": "StartRunBatch", "fault": "slow", "seconds": seconds})
    command = Command(stack, "up", "--yes", "--skip-preview")
    until(
        lambda: [call["operation"] for call in stack.log[before:]],
        lambda calls: "StartRunBatch" in calls,
        60,
    )
    VICTIMS[victim](command)
    command.wait()
    stack.plan_faults()
    # Where the engine lives on, there is no lock to take away.
    stack.finish(stack.begin("cancel", "--yes"))


def test_killed_in_create_or_update_no_sample_runs_twice(cohort: Stack) -> None:
    # Each update takes up what the killed one before it has started, and is killed in its turn.
    names: list[str] = []
    for victim in VICTIMS:
        names.append(victim)
        declare(cohort, rows(2), **{"$names": names})
        kill(cohort, victim)
        assert len(live(cohort)) == len(names), victim
        known = {name_of(each["urn"]) for each in cohort.resources(KIND)}
        assert known == set(names[:-1]), victim
    cohort.up()
    # The plugin that has lost its engine has its answer by now, and has started nothing more.
    time.sleep(LATE)
    assert len(live(cohort)) == len(names)
    uuids = [kept(cohort, name)[0]["uuid"] for name in names]
    assert uuids == [each["uuid"] for each in live(cohort)]

    # In an update. Meanwhile the sheet has grown.
    name = names[0]
    declare(cohort, rows(4), **{"$names": [name]})
    kill(cohort, "all")
    assert len(kept(cohort, name)) == 1
    declare(cohort, rows(5), **{"$names": [name]})
    cohort.up()
    started = [members(cohort, each["id"]) for each in live(cohort)]
    assert started == [{"S0", "S1"}, {"S2", "S3"}, {"S4"}]
    assert [each["uuid"] for each in kept(cohort, name)] == [each["uuid"] for each in live(cohort)]
    cohort.preview("--expect-no-changes")
    cohort.destroy()
    assert live(cohort) == []


# A hundred thousand ------------------------------------------------------------------------------

MANY: Final = 100_000


def large_sheet(stack: Stack, more: int = 0) -> None:
    lines = ["sample,fastq_1,fastq_2,depth"]
    lines += [
        f"S{n:06},s3://reads/run/S{n:06}_R1.fastq.gz,s3://reads/run/S{n:06}_R2.fastq.gz,30"
        for n in range(MANY - 10 + more)
    ]
    (stack.home / "sheet.csv").write_text("\n".join(lines) + "\n")


def served_cohort(stack: Stack, served: Served, monkeypatch: Mapping[str, str]) -> None:
    stack.configure(endpoint=served.url, region=REGION, localState=None)
    stack.environment.update(monkeypatch)
    stack.program(PROGRAM)


def measured(stack: Stack, *arguments: str) -> tuple[Outcome, float]:
    """Run a command; give the most memory that it and all that it started had at once, in MiB."""
    command = stack.begin(*arguments)
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, resident(command.pid))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        outcome = stack.finish(command)
    finally:
        ended.set()
        watching.join()
    assert outcome.code == 0, outcome.text
    return outcome, peak / 2**20


def resident(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


UP: Final = ("up", "--yes", "--skip-preview")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_samples(
    make: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = make("large")
    stack.program(BARE)
    stack.up()
    bare, bare_memory = measured(stack, *UP)
    bare_preview = stack.preview()
    with serving(stack.home / "served.db") as served:
        stack.emulator_state = stack.home / "served.db"
        # No run of it starts: what is measured is the cohort, not the emulator.
        stack.settings(speed=0)
        served_cohort(stack, served, served.keys_of("123456789012"))
        bucket = "settings-of-batches"
        served.client("s3").create_bucket(Bucket=bucket)
        workflow = served.omics.create_workflow(
            name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
        )["id"]
        (stack.home / "workflow").write_text(workflow)
        large_sheet(stack)
        declare(stack, "sheet.csv", settings_uri=f"s3://{bucket}/cohort")
        s3 = served.client("s3")

        first_preview = stack.preview()
        (up, memory), calls = stack.calls(lambda: measured(stack, *UP))
        state = len(json.dumps(recorded(stack)))
        files = s3.list_objects_v2(Bucket=bucket)["Contents"]
        again = stack.preview("--expect-no-changes")
        large_sheet(stack, 7)
        changed = stack.preview()
        further, further_calls = stack.calls(stack.up)

    with capsys.disabled():
        sys.stdout.write(
            f"\nbare up {bare.seconds:.1f} s, {bare_memory:.0f} MiB, preview "
            f"{bare_preview.seconds:.1f} s; {MANY - 10:,} samples, {memory:.0f} MiB: "
            f"first preview {first_preview.seconds:.1f} s, up {up.seconds:.1f} s {calls}, "
            f"files {len(files)}, state {state:,} bytes; preview {again.seconds:.1f} s, "
            f"after a change {changed.seconds:.1f} s, up {further.seconds:.1f} s {further_calls}\n"
        )
    assert calls == {"StartRunBatch": 1}
    assert len(files) == 2
    assert state <= 20_000
    assert up.seconds <= bare.seconds + 15
    assert memory <= bare_memory + 1024
    for preview in (first_preview, again, changed):
        assert preview.seconds <= 10
    assert warned(changed).startswith("7 samples to start in a further batch: 7 new")
    assert further_calls == {"ListBatch": 1, "StartRunBatch": 1}
    assert [each["count"] for each in kept(stack)] == [MANY - 10, 7]
