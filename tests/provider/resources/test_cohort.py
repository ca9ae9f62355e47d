"""RunCohort under Pulumi's mocks: what each sample's run is declared with, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from omics_provider import Column, EachRow, OmicsRun, RunCohort
from omics_provider.preflight.rules.answers import Found, Kind, Look, Missing, Unseen
from omics_provider.resources import cohort
from tests.programs import mocked

RUN = "pulumi-python:dynamic/omics:Run"
TEMPLATE = {
    "workflow_id": "1234567",
    "role_arn": "arn:aws:iam::111122223333:role/omics-runs",
    "output_uri": "s3://amzn-s3-demo-bucket/results",
    "parameters": {"reference": "s3://b/{hg38}.fa"},
    "tags": {"project": "p"},
}
SHEET = b"sample,cram,depth\nNA1,s3://b/1,30\nNA2,s3://b/2,15\n"


class Engine(pulumi.runtime.Mocks):
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.resources: list[tuple[str, str, dict[str, Any]]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append((args.typ, args.name, args.inputs))
        return f"{args.name}-id", {**args.inputs, "arn": "made"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(args.token)

    @property
    def runs(self) -> dict[str, dict[str, Any]]:
        return {
            name: {k: v for k, v in inputs.items() if v is not None and not k.startswith("__")}
            for kind, name, inputs in self.resources
            if kind == RUN
        }


class Monitor(pulumi.runtime.mocks.MockMonitor):
    """The door to the engine: keeps what a resource is registered with beside its inputs."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.requests: list[Any] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        self.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def up(program: Callable[[], Any], monitors: list[Monitor] | None = None) -> tuple[Engine, Any]:
    """Run a program as an update would; return what was declared, and what its Output is."""
    engine = Engine()
    monitor = Monitor(engine)
    if monitors is not None:
        monitors.append(monitor)
    mocked(engine, monitor=monitor)
    known: list[Any] = []

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def update() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(program()).apply(known.append)

    update()
    return engine, known[0]


def declared(samples: Any = SHEET, **arguments: Any) -> dict[str, dict[str, Any]]:
    """Declare a cohort and return the inputs of its runs by resource name."""
    arguments = {"template": TEMPLATE, "parameters": ["cram"], **arguments}

    def program() -> None:
        RunCohort("trio", samples=samples, **arguments)

    return up(program)[0].runs


def refused(samples: Any = SHEET, **arguments: Any) -> str:
    """Declare a cohort that can't be, and return the error; nothing is declared then."""
    engine = Engine()
    mocked(engine)
    with pytest.raises(pulumi.RunError) as error:
        RunCohort("trio", samples=samples, **{"template": TEMPLATE, **arguments})
    assert engine.resources == []
    assert error.value.__suppress_context__
    head, _, rest = str(error.value).partition("\n")
    assert head == "Cohort trio can't be created, and none of its runs starts or changes:"
    return rest


def test_a_run_for_each_sample_named_by_its_id() -> None:
    runs = declared()
    assert sorted(runs) == ["trio-NA1", "trio-NA2"]
    assert runs["trio-NA2"] == {
        "workflowId": "1234567",
        "roleArn": TEMPLATE["role_arn"],
        "outputUri": TEMPLATE["output_uri"],
        "name": "NA2",
        # The template is taken as it is, braces and all.
        "parameters": {"reference": "s3://b/{hg38}.fa", "cram": "s3://b/2"},
        "tags": {"project": "p"},
    }


def test_runs_are_children_of_the_cohort_and_found_by_sample() -> None:
    monitors: list[Monitor] = []

    def program() -> Any:
        made = RunCohort("trio", samples=SHEET, template=TEMPLATE, parameters=[])
        assert list(made.runs) == ["NA1", "NA2"]
        assert all(isinstance(run, OmicsRun) for run in made.runs.values())
        return pulumi.Output.all(made.urn, made.runs["NA1"].urn)

    _, (parent, child) = up(program, monitors)
    assert parent.endswith("omics:index:RunCohort::trio")
    assert child.endswith("::trio-NA1")
    assert [r.parent == parent for r in monitors[0].requests if r.type == RUN] == [True, True]


def test_a_sheet_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "trio.csv").write_bytes(SHEET)
    monkeypatch.chdir(tmp_path)
    assert declared("sheets/trio.csv") == declared()
    assert declared(tmp_path / "sheets" / "trio.csv") == declared()
    assert "none.csv can't be read: No such file" in refused("none.csv")
    assert "can't be read: Is a directory" in refused(tmp_path)
    (tmp_path / "trio.csv").write_bytes(SHEET + b"NA1,x,1\n")
    assert refused("trio.csv") == "trio.csv: line 4: the sample NA1 is in line 2 already."


@pytest.mark.parametrize(
    "samples",
    [
        "\ufeffdepth,sample,cram,note\r\n15,NA2,s3://b/2,\"a, b\"\r\n30,NA1,s3://b/1,\r\n".encode(),
        {"NA1": {"cram": "s3://b/1"}, "NA2": {"cram": "s3://b/2"}},
        [{"sample": "NA2", "cram": "s3://b/2"}, {"sample": "NA1", "cram": "s3://b/1"}],
        ({"sample": f"NA{n}", "cram": f"s3://b/{n}"} for n in (1, 2)),
        b'{"NA1": {"cram": "s3://b/1"}, "NA2": {"cram": "s3://b/2"}}',
    ],
)  # fmt: skip
def test_the_same_samples_are_the_same_runs(samples: Any) -> None:
    assert declared(samples) == declared()


class Workflows:
    """Stands for the look at workflows: answers by the look's key, and counts."""

    def __init__(self, answers: Mapping[tuple[str, ...], Any]) -> None:
        self.answers = answers
        self.looks: list[Look] = []

    def __call__(self, place: Any, looks: list[Look]) -> dict[Look, Any]:
        self.looks += looks
        return {look: self.answers[look.key] for look in looks}


def looked_up(monkeypatch: pytest.MonkeyPatch, answers: Mapping[tuple[str, ...], Any]) -> Workflows:
    workflows = Workflows(answers)
    monkeypatch.setattr("omics_provider.preflight.calls.look_up", workflows)
    return workflows


def template_of(*names: str) -> Found:
    return Found({"parameterTemplate": {name: {"optional": False} for name in names}})


ONE = ("1234567", "PRIVATE", "")


def test_columns_become_the_workflows_parameters_by_their_headers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workflows = looked_up(monkeypatch, {ONE: template_of("sample", "cram", "reference")})
    runs = declared(parameters=None)
    assert runs["trio-NA1"]["parameters"] == {
        "reference": "s3://b/{hg38}.fa", "sample": "NA1", "cram": "s3://b/1",
    }  # fmt: skip
    assert workflows.looks == [Look(Kind.WORKFLOW, ONE)]
    # A further column, which the workflow does not know.
    assert declared(SHEET.replace(b"depth", b"note"), parameters=None) == runs


def test_a_sample_with_a_workflow_of_its_own_has_its_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = ("7654321", "PRIVATE", "", "v2")
    workflows = looked_up(monkeypatch, {ONE: template_of("cram"), other: template_of("depth")})
    runs = declared(
        parameters=None,
        overrides={"NA2": {"workflow_id": "7654321", "workflow_version_name": "v2"}},
    )
    assert runs["trio-NA1"]["parameters"].keys() == {"reference", "cram"}
    assert runs["trio-NA2"]["parameters"].keys() == {"reference", "depth"}
    assert sorted(look.kind.name for look in workflows.looks) == ["VERSION", "WORKFLOW"]


@pytest.mark.parametrize("answer", [Found({}), Missing()])
def test_all_columns_are_parameters_of_a_workflow_without_a_template(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    looked_up(monkeypatch, {ONE: answer})
    assert declared(parameters=None)["trio-NA1"]["parameters"] == {
        "reference": "s3://b/{hg38}.fa", "sample": "NA1", "cram": "s3://b/1", "depth": "30",
    }  # fmt: skip


def test_no_call_is_made_for_a_run_that_names_no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    workflows = looked_up(monkeypatch, {})
    template = {name: value for name, value in TEMPLATE.items() if name != "workflow_id"}
    runs = declared(template={**template, "run_id": "7"}, parameters=None)
    assert runs["trio-NA1"]["parameters"]["depth"] == "30"
    assert workflows.looks == []


def test_a_workflow_that_can_not_be_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, {ONE: Unseen("the caller is not allowed omics:GetWorkflow")})
    with pytest.raises(pulumi.RunError, match="Name them in the program") as error:
        declared(parameters=None)
    assert "workflow 1234567, which can't be looked up: the caller is not allowed" in str(
        error.value
    )


def test_parameters_of_types_and_of_several_rows() -> None:
    lanes = b"sample,r1,depth\nA,s3://b/1,30\nA,s3://b/2,30\n"
    runs = declared(lanes, parameters={"reads": EachRow("{r1}"), "x": Column("depth", int)})
    assert runs["trio-A"]["parameters"] == {
        "reference": "s3://b/{hg38}.fa", "reads": ["s3://b/1", "s3://b/2"], "x": 30,
    }  # fmt: skip


def test_a_column_goes_over_a_fixed_parameter_where_it_has_something() -> None:
    sheet = b"sample,reference\nA,s3://b/own.fa\nB,\n"
    runs = declared(sheet, parameters=[Column("reference", optional=True)])
    assert {name: run["parameters"]["reference"] for name, run in runs.items()} == {
        "trio-A": "s3://b/own.fa",
        "trio-B": "s3://b/{hg38}.fa",
    }


def test_arguments_of_a_run_may_stand_beside_the_template() -> None:
    shared = {**TEMPLATE, "name": None}
    role = shared.pop("role_arn")
    runs = declared(template=shared, role_arn=role, priority=7)
    assert runs["trio-NA1"]["priority"] == 7
    assert "name" not in runs["trio-NA1"]


def test_a_keyword_that_only_omicsrun_knows_goes_straight_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, Any]] = []

    class Run:
        def __init__(self, resource_name: str, **arguments: Any) -> None:
            seen.append({"resource": resource_name, **arguments})

    monkeypatch.setattr(cohort, "OmicsRun", Run)
    declared(template={**TEMPLATE, "preflight": "warn"})
    assert [each["preflight"] for each in seen] == ["warn", "warn"]


def test_single_samples_may_differ_in_anything() -> None:
    overrides: Mapping[str, Any] = {
        "NA2": {
            "name": "second",
            "retention_mode": "REMOVE",
            "output_uri": "s3://other/results",
            "parameters": {"cram": "s3://b/2.redone", "reference": None},
            "tags": {"redone": "yes"},
        }
    }
    first, second = (declared(overrides=overrides)[f"trio-{id_}"] for id_ in ("NA1", "NA2"))
    assert first == declared()["trio-NA1"]
    assert second["name"] == "second"
    assert second["retentionMode"] == "REMOVE"
    assert second["outputUri"] == "s3://other/results"
    assert second["parameters"] == {"cram": "s3://b/2.redone"}
    assert second["tags"] == {"project": "p", "redone": "yes"}


def test_overrides_by_row() -> None:
    runs = declared(
        overrides=lambda row: {"priority": int(row["depth"])} if row.id == "NA2" else None
    )
    assert [run.get("priority") for run in runs.values()] == [None, 15]


def test_outputs_as_arguments() -> None:
    def program() -> None:
        reference = pulumi.Output.from_input({"reference": "s3://b/made.fa"})
        RunCohort(
            "trio",
            samples=[{"sample": "NA1", "cram": pulumi.Output.from_input("s3://b/made.cram")}],
            template={**TEMPLATE, "parameters": reference},
            parameters=["cram"],
        )

    runs = up(program)[0].runs
    assert runs["trio-NA1"]["parameters"] == {
        "reference": "s3://b/made.fa", "cram": "s3://b/made.cram",
    }  # fmt: skip


def test_options_of_the_cohort_and_of_its_runs() -> None:
    monitors: list[Monitor] = []

    def program() -> None:
        first = OmicsRun("first", **{**TEMPLATE, "parameters": None})
        kept = pulumi.ResourceOptions(retain_on_delete=True)
        RunCohort(
            "trio",
            samples=SHEET,
            template={**TEMPLATE, "opts": kept},
            parameters=["cram"],
            overrides={"NA2": {"opts": pulumi.ResourceOptions(retain_on_delete=False)}},
            opts=pulumi.ResourceOptions(depends_on=[first]),
        )

    up(program, monitors)
    runs = {r.name: r for r in monitors[0].requests if r.type == RUN}
    assert [urn.rpartition("::")[2] for urn in runs["trio-NA1"].dependencies] == ["first"]
    assert {name: run.retainOnDelete for name, run in runs.items()} == {
        "first": False, "trio-NA1": True, "trio-NA2": False,
    }  # fmt: skip


def test_everything_that_is_wrong_comes_in_one_list() -> None:
    told = refused(
        b"sample,cram\nNA1,\nNA 2,s3://b/2\nNA1,s3://b/3\n",
        parameters={"cram": str, "depth": int},
        overrides={"NA7": {}},
    )
    assert [line.partition(": ")[2][:30] for line in told.splitlines()] == [
        "no sample 'NA7', for which the",
        "line 1: the sheet has no colum",
        "line 2: nothing in cram.",
        "line 3: sample 'NA 2' can't be",
        "line 4: the sample NA1 is in l",
    ]


def test_all_that_is_wrong_with_the_runs_is_told_in_the_order_of_the_sheet() -> None:
    sheet = b"sample,cram\n" + b"".join(b"NA%d,s3://bucket/1\n" % n for n in (3, 1, 2, 7, 5, 6, 4))
    overrides: Mapping[str, Any] = {
        "NA1": {"priority": -1, "prority": 2},
        "NA2": {"output_uri": "results", "tags": {"aws:x": "1"}},
        "NA3": {"parameters": {"depth": float("nan"), 1: "a"}},
        "NA4": ["priority"],
        "NA7": {"output_uri": pulumi.Output.from_input("s3://x"), "priority": -1},
    }
    assert refused(sheet, overrides=overrides, parameters=["cram"]).splitlines() == [
        "NA3: parameters: the name 1 must be a string, it is a int",
        "NA1: prority: is not an argument of OmicsRun: did you mean priority?",
        "NA1, NA7: priority: -1: must be 0 to 100,000",
        'NA2: output_uri: "results": must be an S3 URI, s3://bucket or s3://bucket/prefix',
        "NA2: tags: tag 'aws:x': names that begin with aws: belong to AWS",
        "NA4: the overrides are a list: give arguments of OmicsRun by name.",
    ]


def test_what_is_wrong_with_all_runs_is_told_once() -> None:
    told = refused(template={**TEMPLATE, "role_arn": "role"}, parameters=["cram"])
    assert told.splitlines() == ['NA1, NA2: role_arn: "role": must match arn:.+']


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"samples": 7}, "samples is a int: give the path"),
        ({"template": ["x"]}, "template is a list"),
        ({"role_arn": "x"}, "role_arn: given in the template, and beside it."),
        ({"resource_name": "x"}, "resource_name comes from"),
        ({"overrides": {"NA1": 7}}, "NA1: the overrides are a int"),
        ({"max_failures": -1}, "max_failures must be a whole number from 0, not -1"),
        ({"max_failures": True}, "max_failures must be a whole number from 0, not True"),
        ({"format": "xlsx"}, "format is one of csv, tsv, json, not 'xlsx'"),
    ],
)
def test_a_bad_argument(arguments: dict[str, Any], reason: str) -> None:
    assert reason in refused(**arguments)


def test_samples_that_are_not_known_yet() -> None:
    assert "samples is an Output" in refused(pulumi.Output.from_input(os.fspath("x")))


class Waits:
    """Stands for wait_all: tells of runs that ended in these states."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = statuses
        self.asked: list[tuple[Any, ...]] = []

    def __call__(
        self, runs: Mapping[str, Any], timeout: Any, on_failure: str, *, outputs: bool
    ) -> pulumi.Output[dict[str, Any]]:
        self.asked.append((list(runs), timeout, on_failure, outputs))
        ended = {
            name: {"status": status, "outputs": {"of": name} if status == "COMPLETED" else None}
            for name, status in zip(runs, self.statuses, strict=True)
        }
        return pulumi.Output.from_input(ended)


def waited(
    monkeypatch: pytest.MonkeyPatch,
    waits: Waits,
    use: Callable[[RunCohort], Any],
    **arguments: Any,
) -> Any:
    monkeypatch.setattr(cohort, "wait_all", waits)
    return up(
        lambda: use(RunCohort("c", samples=SHEET, template=TEMPLATE, parameters=[], **arguments))
    )[1]


def test_waiting_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits("COMPLETED", "COMPLETED")
    told = waited(monkeypatch, waits, lambda made: made.wait(timeout=60))
    assert told["NA2"]["status"] == "COMPLETED"
    assert waits.asked == [(["NA1", "NA2"], 60, "fail", False)]


def test_some_failures_are_borne(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits("COMPLETED", "FAILED")
    told = waited(monkeypatch, waits, lambda made: made.wait(), max_failures=1)
    assert told["NA2"]["status"] == "FAILED"
    assert [asked[2] for asked in waits.asked] == ["warn"]


def test_more_failures_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits("DELETED", "FAILED")
    with pytest.raises(pulumi.RunError, match="2 of 2 samples of the cohort c failed, 1 may: NA1"):
        waited(monkeypatch, waits, lambda made: made.wait(), max_failures=1)


def test_only_warned_of_when_asked_so(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits("FAILED", "FAILED")
    waited(monkeypatch, waits, lambda made: made.wait(on_failure="warn"), max_failures=1)
    assert [asked[2] for asked in waits.asked] == ["warn"]


def test_outputs_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits("COMPLETED", "FAILED")
    told = waited(
        monkeypatch, waits, lambda made: made.outputs or made.outputs, max_failures=1
    )  # fmt: skip
    assert told == {"NA1": {"of": "NA1"}, "NA2": None}
    assert [asked[3] for asked in waits.asked] == [True]
