"""Previews of the native provider that look up what runs need before they are started."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from omics_provider.base.settings import Settings
from omics_provider.base.values import UNKNOWN
from omics_provider.native import values
from omics_provider.preflight import calls
from omics_provider.preflight.rules.answers import Answer, Found, Kind, Missing, Unseen
from omics_provider.service import account
from tests.provider.harness import REGION, ROLE, RUN_SECONDS, Emulator, Inputs

from .door import URN, Door, failure, struct

TEMPLATE = {"sample": {}, "cram": {}, "sex": {"optional": True}}
NOWHERE = Settings(region=REGION, endpoint="http://127.0.0.1:9")
GIVEN = {"sample": "HG002", "cram": "s3://b/HG002.cram"}


@pytest.fixture(autouse=True)
def _no_client_is_left() -> Iterator[None]:
    """Clients of a place are kept, with the credentials that they were made with."""
    account.sign_in_again(NOWHERE)
    yield
    account.sign_in_again(NOWHERE)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is not the matter, but where a test says so."""
    monkeypatch.setattr(calls, "SECONDS", 60.0)


@pytest.fixture
def local(door: Door, emulator: Emulator) -> Callable[..., Door]:
    """Give the door at the emulator, with a mode of preflight."""

    def _local(**mode: str) -> Door:
        door.configure(
            endpoint="local", region=REGION, localState=emulator.state,
            localRunSeconds=str(RUN_SECONDS), **mode,
        )  # fmt: skip
        return door

    return _local


@pytest.fixture(scope="module")
def _templated() -> dict[str, str]:
    return {}


@pytest.fixture
def run(declared: Inputs, emulator: Emulator, _templated: dict[str, str]) -> Inputs:
    """Declare a run of a workflow that has a template of its parameters, and fits it."""
    if "id" not in _templated:
        made = emulator.aws.create_workflow(
            name="t", engine="NEXTFLOW", definitionUri="s3://w/w.zip", parameterTemplate=TEMPLATE
        )
        _templated["id"] = made["id"]
    return {**declared, "workflowId": _templated["id"], "parameters": GIVEN}


class Looks:
    """A service that writes down what it is asked, and answers as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[Kind, tuple[str, ...]]] = []
        self.answers: dict[Kind, Answer] = {
            Kind.PLACE: Found({"account": "123456789012"}),
            Kind.WORKFLOW: Found({"parameterTemplate": TEMPLATE, "type": "PRIVATE"}),
            Kind.ROLE: Found({"trust": {}, "arn": ROLE}),
            Kind.BUCKET: Found({"region": REGION}),
            Kind.FILE: Found(),
        }
        for kind in self.answers:
            monkeypatch.setitem(calls._LOOKS, kind, partial(self._seen, kind))

    def _seen(self, kind: Kind, _: Any, key: tuple[str, ...]) -> Answer:
        self.asked.append((kind, key))
        return self.answers[kind]

    def counted(self) -> dict[Kind, int]:
        """Give how often each kind was looked up."""
        return Counter(kind for kind, _ in self.asked)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Looks(monkeypatch)


@pytest.fixture
def aws(door: Door, looks: Looks) -> Callable[..., Door]:
    """Give the door at a service whose answers are those of `looks`."""
    del looks

    def _aws(**mode: str) -> Door:
        door.configure(region=REGION, endpoint=str(NOWHERE.endpoint), **mode)
        return door

    return _aws


def preview(door: Door, inputs: Inputs, name: str = "x", *secrets: values.Path) -> Any:
    """Check and preview a run."""
    checked = door.check(name, struct(inputs, *secrets))
    assert list(checked.failures) == []
    return door.create(name, checked.inputs, preview=True)


def warning(door: Door) -> str:
    """Give the only warning."""
    ((_, text),) = door.told.messages
    return text


# What is told --------------------------------------------------------------------------------


def test_a_run_that_fits_is_looked_at_and_nothing_is_told(
    local: Callable[..., Door], run: Inputs, emulator: Emulator
) -> None:
    door = local()
    assert emulator.since(lambda: preview(door, run)) == ["GetWorkflow"]
    assert (door.told.messages, door.told.notes) == ([], [])


def test_a_workflow_that_is_not_there(local: Callable[..., Door], run: Inputs) -> None:
    door = local(preflight="warn")
    preview(door, {**run, "workflowId": "7777777"}, "NA12878")
    assert door.told.messages == [
        (
            "NA12878",
            "Preflight of this run:\n  workflowId: there is no PRIVATE workflow 7777777 in "
            "us-east-1: check the id, workflowType, the Region",
        )
    ]


def test_a_workflow_of_the_other_type(local: Callable[..., Door], run: Inputs) -> None:
    door = local()
    preview(door, {**run, "workflowId": "9500764"})
    assert 'workflowType: workflow 9500764 is READY2RUN: set workflowType to "READY2RUN"' in (
        warning(door)
    )


def test_parameters_that_are_misnamed_and_missing(local: Callable[..., Door], run: Inputs) -> None:
    door = local()
    preview(door, {**run, "parameters": {"sampl": "HG002", "cram": "s3://b/1.cram"}})
    lines = warning(door).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Preflight of this run", "  parameters", "  parameters"
    ]  # fmt: skip
    assert "requires sample as well" in lines[1]
    assert "has no parameter sampl: did you mean sample?" in lines[2]


def test_what_is_not_known_yet_is_left_alone(
    local: Callable[..., Door], run: Inputs, emulator: Emulator
) -> None:
    door = local()
    unknown = {**run, "workflowId": UNKNOWN, "roleArn": UNKNOWN, "parameters": {"any": UNKNOWN}}
    assert emulator.since(lambda: preview(door, unknown)) == []
    part = {**run, "parameters": {"sample": UNKNOWN, "cram": UNKNOWN}}
    assert emulator.since(lambda: preview(door, part)) == ["GetWorkflow"]
    preview(door, {**run, "parameters": UNKNOWN})
    assert door.told.messages == []


def test_what_aws_does_not_have(aws: Callable[..., Door], looks: Looks, run: Inputs) -> None:
    door = aws()
    looks.answers |= dict.fromkeys((Kind.ROLE, Kind.BUCKET, Kind.FILE), Missing())
    preview(door, run)
    text = warning(door)
    assert f"  roleArn: there is no role {ROLE}: create it, or correct the ARN" in text
    assert "  outputUri: there is no bucket results: create it, or correct the name" in text
    assert (
        "  parameters: there is no file at s3://b/HG002.cram (parameters.cram): correct the path, "
        "or put the file there"
    ) in text


def test_a_secret_is_neither_looked_up_nor_shown(
    aws: Callable[..., Door], looks: Looks, run: Inputs
) -> None:
    door = aws()
    looks.answers |= dict.fromkeys((Kind.ROLE, Kind.FILE), Missing())
    several = {**run, "parameters": {**GIVEN, "sample": ["s3://b/plain", "s3://b/SECRET"]}}
    preview(door, several, "x", ("roleArn",), ("parameters", "cram"), ("parameters", "sample", 1))
    assert [key for kind, key in looks.asked if kind is Kind.FILE] == [("s3://b/plain",)]
    assert looks.counted()[Kind.ROLE] == 0
    assert warning(door).count("\n") == 1
    assert "s3://b/plain" in warning(door)


def test_missing_credentials_are_a_warning_and_told_once(door: Door, run: Inputs) -> None:
    door.configure(region=REGION, endpoint=str(NOWHERE.endpoint))
    for name in ("a", "b", "c"):
        preview(door, run, name)
    assert "workflows" in warning(door)
    assert "could not be checked: Unable to locate credentials" in warning(door)
    assert door.told.messages[0][0] == ""
    assert door.told.notes == []


def test_a_missing_right_is_a_note_and_told_once_for_each_kind(
    aws: Callable[..., Door], looks: Looks, run: Inputs
) -> None:
    door = aws()
    looks.answers |= {Kind.ROLE: Unseen("no right"), Kind.FILE: Unseen("no right")}
    for name in ("a", "b"):
        preview(door, {**run, "parameters": {**GIVEN, "sample": name}}, name)
    preview(door, {**run, "roleArn": f"{ROLE}-2"}, "c")
    assert door.told.messages == []
    assert door.told.notes == ["Preflight: roles, input files could not be checked: no right."]


def test_without_a_region_one_warning_says_so(door: Door, run: Inputs) -> None:
    door.configure(profile="nobody")
    for name in ("a", "b"):
        preview(door, run, name)
    assert warning(door).startswith("Preflight: no check was possible. ")


# Many runs -----------------------------------------------------------------------------------


def together(ask: Callable[[int], object], many: int) -> None:
    """Ask so often, many at a time."""
    with ThreadPoolExecutor(max_workers=16) as threads:
        list(threads.map(ask, range(many)))


def test_many_runs_look_a_thing_up_once_and_are_told_of_it_once(
    local: Callable[..., Door], run: Inputs, emulator: Emulator
) -> None:
    door = local()
    wrong = {**run, "parameters": {**GIVEN, "sampel": 1}}

    made = emulator.since(lambda: together(lambda n: preview(door, wrong, f"run-{n}"), 50))

    assert made == ["GetWorkflow"]
    assert "has no parameter sampel" in warning(door)


def test_many_runs_at_aws_look_for_twenty_files(
    aws: Callable[..., Door], looks: Looks, run: Inputs
) -> None:
    door = aws()
    looks.answers[Kind.FILE] = Missing()

    def ask(number: int) -> None:
        own = {"sample": f"s3://b/{number}.txt", "cram": "s3://b/same.cram"}
        preview(door, {**run, "parameters": own}, f"run-{number}")

    together(ask, 50)

    assert looks.counted() == {
        Kind.PLACE: 1, Kind.WORKFLOW: 1, Kind.ROLE: 1, Kind.BUCKET: 1, Kind.FILE: 20
    }  # fmt: skip
    lines = [line for _, text in door.told.messages for line in text.splitlines()[1:]]
    files = [line for line in lines if "there is no file at" in line]
    assert len(files) == len(set(files)) == 20


def test_what_is_wrong_with_a_later_run_alone_is_told_there(
    local: Callable[..., Door], run: Inputs
) -> None:
    door = local()
    preview(door, {**run, "parameters": {**GIVEN, "sampel": 1}}, "first")
    preview(door, {**run, "parameters": {**GIVEN, "sampel": 1, "crma": 2}}, "second")
    assert [(name, text.count("\n")) for name, text in door.told.messages] == [
        ("first", 1), ("second", 1)
    ]  # fmt: skip
    assert "crma" in door.told.messages[1][1]


def test_all_runs_together_wait_no_longer_than_a_preview_may(
    aws: Callable[..., Door], looks: Looks, run: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(calls, "SECONDS", 0.5)
    monkeypatch.setitem(calls._LOOKS, Kind.ROLE, lambda *_: ended.wait(60) and Missing())
    door = aws()
    try:
        for number in range(4):
            preview(door, {**run, "roleArn": f"{ROLE}-{number}"}, f"run-{number}")
    finally:
        ended.set()
    assert door.servicer._preflight._seconds == 0
    assert len(door.told.notes) == len(set(door.told.notes))
    assert sum("roles" in note for note in door.told.notes) == 1
    assert all(
        note.endswith("could not be checked: no answer came in time.") for note in door.told.notes
    )
    assert looks.counted()[Kind.WORKFLOW] <= 1


# Modes ---------------------------------------------------------------------------------------


def test_fail_refuses_each_run_with_all_that_is_wrong(
    local: Callable[..., Door], run: Inputs
) -> None:
    door = local(preflight="fail")
    preview(door, run, "right")
    wrong = {**run, "parameters": {"sampl": "HG002", "cram": "s3://b/1.cram"}}
    for name in ("a", "b"):
        failed = failure(lambda name=name: preview(door, wrong, name))
        assert failed.code == grpc.StatusCode.UNKNOWN
        assert failed.recorded is None
        assert failed.message.splitlines()[0] == "Preflight of this run:"
        assert "requires sample as well" in failed.message
        assert "has no parameter sampl: did you mean sample?" in failed.message
        assert "`pulumi config set omics:preflight warn`" in failed.message
    assert door.told.messages == []


def test_fail_lets_pass_what_could_not_be_seen(
    aws: Callable[..., Door], looks: Looks, run: Inputs
) -> None:
    door = aws(preflight="fail")
    looks.answers |= dict.fromkeys(looks.answers, Unseen("no right"))
    preview(door, run)
    assert len(door.told.notes) == 1


@pytest.mark.parametrize("mode", ["off", "false"])
def test_off_calls_nothing(
    local: Callable[..., Door], run: Inputs, emulator: Emulator, mode: str
) -> None:
    door = local(preflight=mode)
    wrong = {**run, "workflowId": "7777777"}
    assert emulator.since(lambda: preview(door, wrong)) == []
    assert (door.told.messages, door.told.notes) == ([], [])


@pytest.mark.parametrize("mode", ["warn", "fail"])
def test_an_update_looks_nothing_up(
    local: Callable[..., Door], run: Inputs, emulator: Emulator, mode: str
) -> None:
    door = local(preflight=mode)
    # What a preview warns of, and the service takes.
    odd = {**run, "parameters": {**GIVEN, "sex": "String <REQUIRED>"}}
    inputs = door.check("x", struct(odd)).inputs
    assert emulator.since(lambda: door.create("x", inputs)) == ["StartRun"]
    assert (door.told.messages, door.told.notes) == ([], [])


def test_what_starts_no_run_of_its_own_is_not_looked_at(
    local: Callable[..., Door], run: Inputs, emulator: Emulator
) -> None:
    door = local(preflight="fail")
    wrong = struct({**run, "workflowId": "7777777"})
    group = URN.replace("Run::", "RunGroup::") + "g"
    create = provider_pb2.CreateRequest(urn=group, properties=wrong, preview=True)
    assert emulator.since(lambda: door.stub.Create(create)) == []
    # A run that stays.
    update = provider_pb2.UpdateRequest(id="1", urn=URN + "x", olds=wrong, news=wrong, preview=True)
    assert emulator.since(lambda: door.stub.Update(update)) == []


def versioned(door: Door, id_: str, *, template: Any = TEMPLATE, **more: Any) -> None:
    """Preview a workflow that is made, or changed where it has an id."""
    urn = "urn:pulumi:prod::omics-runs::omics:index:Workflow::align"
    given = {"name": "align", "definitionUri": "s3://w/w.zip", "versionName": "v2"}
    inputs = struct({**given, "parameterTemplate": template, **more})
    if id_:
        request: Any = provider_pb2.UpdateRequest(id=id_, urn=urn, news=inputs, preview=True)
        door.stub.Update(request)
    else:
        request = provider_pb2.CreateRequest(urn=urn, properties=inputs, preview=True)
        door.stub.Create(request)


@pytest.mark.parametrize("is_new", [True, False])
def test_a_version_that_the_update_makes_is_not_missed_and_its_template_counts(
    local: Callable[..., Door], run: Inputs, emulator: Emulator, is_new: bool
) -> None:
    door = local(preflight="fail")
    run["workflowVersionName"] = "v2"
    if is_new:
        versioned(door, "")
        run["workflowId"] = UNKNOWN
    else:
        versioned(door, run["workflowId"])
    asked = emulator.since(lambda: preview(door, run))
    assert asked == ([] if is_new else ["GetWorkflow"])
    run["parameters"] = {**GIVEN, "sampel": 1}
    failed = failure(lambda: preview(door, run))
    assert "the workflow of this stack has no parameter sampel" in failed.message


def test_a_duplicate_is_no_run_of_a_new_workflow_with_a_version_of_the_same_name(
    local: Callable[..., Door], run: Inputs
) -> None:
    door = local(preflight="fail")
    versioned(door, "")
    del run["workflowId"], run["parameters"]
    run |= {"runId": "8888888", "workflowVersionName": "v2"}
    problems = failure(lambda: preview(door, run)).message
    assert "there is no run 8888888" in problems
    assert "parameters:" not in problems


def test_a_version_without_a_known_template_is_left_alone(
    local: Callable[..., Door], run: Inputs
) -> None:
    door = local(preflight="fail")
    run |= {"workflowVersionName": "v2", "parameters": {"any": 1}}
    versioned(door, run["workflowId"], template={"sample": UNKNOWN})
    preview(door, run)
    # Of two new workflows with versions of one name, either may be the run's.
    versioned(door, "")
    versioned(door, "", template={"other": {}})
    preview(door, {**run, "workflowId": UNKNOWN})
    # One that another workflow gets is none of this.
    run["workflowVersionName"] = "v3"
    versioned(door, "7777777", versionName="v3")
    assert "there is no version v3 of workflow" in failure(lambda: preview(door, run)).message


def test_a_mode_that_is_none_is_refused(door: Door) -> None:

    urn = "urn:pulumi:prod::omics-runs::pulumi:providers:omics::default"
    news = struct({"region": REGION, "preflight": "never"})
    answer = door.stub.CheckConfig(provider_pb2.CheckRequest(urn=urn, news=news))
    assert "omics:preflight is none of off, warn, fail" in answer.failures[0].reason
