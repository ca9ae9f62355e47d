"""OmicsWorkflow's provider against the emulator."""

from __future__ import annotations

import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from omics_provider.engine.call import Call, Unfinished
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.providers import _host
from omics_provider.providers._host import ProviderError
from omics_provider.providers.workflow import OmicsWorkflowProvider
from omics_provider.resources.workflow import OmicsWorkflow, _identified
from omics_provider.workflows import files
from omics_provider.workflows.calls import Workflows
from omics_provider.workflows.handler import WorkflowHandler
from omics_provider.workflows.rules import definition, workflow_table
from tests.provider import lasting
from tests.provider.harness import ROLE, Clock, Emulator, Recorded, bag, unknown
from tests.provider.lasting import again, reasons, up

# Never to be changed: a state made by an earlier release has this one.
PINNED = (
    "gASVQgAAAAAAAACMIW9taWNzX3Byb3ZpZGVyLnByb3ZpZGVycy53b3JrZmxvd5SMFU9taWNzV29ya2Zsb3dQcm92aWRl"
    "cpSTlCmBlC4="
)
GOOD = """\
version 1.0
workflow Align {
  input { File reads  Int threads = 4 }
  call map { input: reads = reads }
}
task map { input { File reads } command { touch a.bam } }
"""
OTHER = GOOD.replace("touch", "bwa mem >")
BAD = GOOD.replace("call map", "call mop")


@pytest.fixture
def provider(config: dict[str, str]) -> OmicsWorkflowProvider:
    made: OmicsWorkflowProvider = lasting.configured(OmicsWorkflowProvider, config)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A definition in the program's working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wf").mkdir()
    (tmp_path / "wf" / "main.wdl").write_text(GOOD)
    return tmp_path / "wf"


def declared(**more: Any) -> dict[str, Any]:
    """Inputs as the program sends them, once it has read the definition."""
    given = {"name": "align", **({} if "definitionUri" in more else {"definition": "wf"}), **more}
    made = {key: value for key, value in _identified(given).items() if value is not None}
    return {**given, **made}


def versions(emulator: Emulator, id_: str) -> dict[str, str]:
    listed = emulator.aws.list_workflow_versions(workflowId=id_)["items"]
    return {item["versionName"]: item["status"] for item in listed}


def named(emulator: Emulator, name: str) -> list[str]:
    return [item["id"] for item in emulator.aws.list_workflows(name=name)["items"]]


def test_the_bytes_in_every_state_are_pinned() -> None:
    assert serialize_provider(OmicsWorkflowProvider()) == PINNED
    assert serialize_provider(OmicsWorkflow._host) == PINNED
    assert OmicsWorkflowProvider.serialize_as_secret_always is False


def test_create_makes_a_workflow_and_a_version_and_waits_for_both(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path, clock: Clock
) -> None:
    emulator.settings(creationSeconds=30)
    inputs = declared(description="of reads", storageType="DYNAMIC", tags={"team": "rare"})
    made = up(provider, inputs)
    assert sum(clock.slept) >= 60
    live = emulator.aws.get_workflow(id=made.id)
    version = emulator.aws.get_workflow_version(
        workflowId=made.id, versionName=inputs["versionName"]
    )
    assert (live["status"], version["status"]) == ("ACTIVE", "ACTIVE")
    assert (live["name"], live["description"], version["description"]) == (
        "align", "of reads", "of reads",
    )  # fmt: skip
    assert version["storageType"] == "DYNAMIC"
    assert (live["tags"]["team"], version["tags"]["team"]) == ("rare", "rare")
    assert set(version["parameterTemplate"]) == {"reads", "threads"}
    outs = made.outs
    assert (outs["arn"], outs["uuid"]) == (live["arn"], live["uuid"])
    assert (outs["versionArn"], outs["versionUuid"]) == (version["arn"], version["uuid"])
    assert outs["status"] == "ACTIVE"
    assert "definitionZip" not in outs


def test_nothing_differs_after_a_read(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    inputs = declared(engine="WDL", tags={"a": "b"})
    made = up(provider, inputs)
    seen = provider.read(made.id, made.bag())
    assert (seen.id, seen.inputs) == (made.id, None)
    assert provider.diff(made.id, bag(seen.outs or {}), bag(inputs)).changes is False


def test_another_definition_is_another_version_of_the_same_workflow(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    first = declared()
    made = up(provider, first)
    (folder / "main.wdl").write_text(OTHER)
    second = declared()
    assert second["versionName"] != first["versionName"]
    later: list[Recorded] = []
    calls = emulator.since(lambda: later.append(again(provider, made, second)))
    assert calls == ["GetWorkflow", "CreateWorkflowVersion", "GetWorkflowVersion"]
    assert versions(emulator, made.id) == dict.fromkeys(
        (first["versionName"], second["versionName"]), "ACTIVE"
    )
    assert later[0].outs["versionName"] == second["versionName"]
    assert later[0].outs["uuid"] == made.outs["uuid"]
    # And back: the version is there, and is taken.
    (folder / "main.wdl").write_text(GOOD)
    back = again(provider, later[0], first)
    assert back.outs["versionArn"] == made.outs["versionArn"]
    assert len(versions(emulator, made.id)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"main": "main.wdl"},
        {"engine": "WDL"},
        {"accelerators": "GPU"},
        {"parameterTemplate": {"reads": {"optional": True}}},
        {"containerRegistryMapUri": "s3://b/map.json"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_fixed_with_a_version_makes_another(
    provider: OmicsWorkflowProvider, folder: Path, change: dict[str, Any]
) -> None:
    made = up(provider, declared())
    later = again(provider, made, declared(**change))
    assert later.outs["versionName"] != made.outs["versionName"]


def test_name_description_storage_readme_and_tags_change_in_place(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    made = up(provider, declared(tags={"team": "rare", "old": "x"}))
    emulator.aws.tag_resource(resourceArn=made.outs["arn"], tags={"by": "hand"})
    wanted = declared(
        name="renamed", description="d", storageType="STATIC", storageCapacity=2400,
        readmeMarkdown="# Align\n", tags={"team": "cancer"},
    )  # fmt: skip
    calls = emulator.since(lambda: again(provider, made, wanted))
    assert calls == [
        "GetWorkflow", "GetWorkflowVersion", "UpdateWorkflow", "UpdateWorkflowVersion",
        "TagResource", "UntagResource", "TagResource", "UntagResource",
    ]  # fmt: skip
    live = emulator.aws.get_workflow(id=made.id)
    version = emulator.aws.get_workflow_version(
        workflowId=made.id, versionName=wanted["versionName"]
    )
    assert (live["name"], live["description"], version["description"]) == ("renamed", "d", "d")
    assert (live["storageCapacity"], version["storageCapacity"]) == (2400, 2400)
    assert (live["tags"]["team"], version["tags"]["team"]) == ("cancer", "cancer")
    assert "old" not in {**live["tags"], **version["tags"]}
    assert live["tags"]["by"] == "hand"


# Definitions that are refused -------------------------------------------------------------------


def test_an_error_in_the_first_definition_leaves_nothing(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    (folder / "main.wdl").write_text(BAD)
    with pytest.raises(ProviderError) as refused:
        up(provider, declared(name="refused"))
    assert "(main.wdl Ln 4 Col 3) No such task/workflow: mop" in str(refused.value)
    assert "Correct the definition" in str(refused.value)
    assert named(emulator, "refused") == []


def test_an_error_in_a_later_definition_leaves_the_old_version(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    first = declared(name="later")
    made = up(provider, first)
    (folder / "main.wdl").write_text(BAD)
    for _ in range(2):
        with pytest.raises(ProviderError, match=r"main\.wdl Ln 4"):
            again(provider, made, declared(name="later"))
        assert versions(emulator, made.id) == {first["versionName"]: "ACTIVE"}


def test_a_refused_workflow_that_can_not_be_deleted_is_in_the_state_and_replaced(
    emulator: Emulator,
    provider: OmicsWorkflowProvider,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = unfinished(monkeypatch)
    emulator.fault("DeleteWorkflow", "denied", rate=1)
    (folder / "main.wdl").write_text(BAD)
    with pytest.raises(ProviderError, match="could not be deleted"):
        up(provider, declared(name="stuck"))
    (id_,) = named(emulator, "stuck")
    assert kept[0].id == id_
    assert "versionName" not in kept[0].outs
    (folder / "main.wdl").write_text(GOOD)
    found = provider.diff(id_, kept[0].bag(), bag(declared(name="stuck")))
    assert (found.changes, found.replaces) == (True, ["status"])
    emulator.fault("DeleteWorkflow", "denied", count=0)
    provider.delete(id_, kept[0].bag())
    assert named(emulator, "stuck") == []


def test_what_goes_wrong_after_the_workflow_is_made_is_gone_on_with(
    emulator: Emulator,
    provider: OmicsWorkflowProvider,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = unfinished(monkeypatch)
    emulator.fault("CreateWorkflowVersion", "denied", rate=1)
    inputs = declared(name="half")
    with pytest.raises(ProviderError, match="Allow the caller omics:CreateWorkflowVersion"):
        up(provider, inputs)
    (id_,) = named(emulator, "half")
    assert kept[0].id == id_
    emulator.fault("CreateWorkflowVersion", "denied", count=0)
    done = again(provider, kept[0], inputs)
    assert versions(emulator, id_) == {inputs["versionName"]: "ACTIVE"}
    assert done.outs["versionArn"].endswith(inputs["versionName"])


def test_a_creation_that_takes_too_long_is_gone_on_with(
    emulator: Emulator,
    provider: OmicsWorkflowProvider,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> None:
    kept = unfinished(monkeypatch)
    emulator.settings(creationSeconds=1000)
    inputs = declared(name="slow")
    with pytest.raises(ProviderError, match=r"still CREATING after 900 s.*\n.*pulumi up"):
        up(provider, inputs)
    emulator.advance(1000)
    emulator.settings(creationSeconds=0)
    again(provider, kept[0], inputs)
    assert versions(emulator, kept[0].id) == {inputs["versionName"]: "ACTIVE"}


def test_findings_of_a_linter_that_block_nothing_are_a_warning(
    provider: OmicsWorkflowProvider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(_host, "warn", warnings.append)
    find = Workflows.find_version
    monkeypatch.setattr(
        Workflows,
        "find_version",
        lambda *a: {**(find(*a) or {}), "statusMessage": "main.nf: params.x is unused"},
    )
    made = up(provider, declared(name="linted"))
    assert "main.nf: params.x is unused" in warnings[0]
    assert made.outs["statusMessage"] == "main.nf: params.x is unused"


# Files ------------------------------------------------------------------------------------------


def test_files_that_change_between_program_and_plugin_are_refused(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    for more in ({}, {"versionName": "1.0"}):
        (folder / "main.wdl").write_text(GOOD)
        inputs = declared(name="raced", **more)
        (folder / "main.wdl").write_text(OTHER)
        with pytest.raises(ProviderError, match="have changed since the program read them"):
            up(provider, inputs)
    assert named(emulator, "raced") == []


def test_the_zip_that_is_sent_holds_the_files_and_nothing_of_this_machine(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "tool.sh").write_text("#!/bin/sh\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("x")
    os.utime(folder / "main.wdl", (1, 1))
    (folder / "main.wdl").chmod(stat.S_IRUSR)
    content = WorkflowHandler().arguments(Call(Update()), declared(), "token")["definitionZip"]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entries = {e.filename: (e.date_time, oct(e.external_attr >> 16)) for e in archive.filelist}
        assert archive.read("main.wdl").decode() == GOOD
    fixed = (1980, 1, 1, 0, 0, 0)
    assert entries == {"main.wdl": (fixed, "0o100644"), "sub/tool.sh": (fixed, "0o100755")}


# Line ends --------------------------------------------------------------------------------------


def crlf(folder: Path, text: str = GOOD) -> None:
    """Have the definition as a checkout on Windows has it."""
    (folder / "main.wdl").write_bytes(text.replace("\n", "\r\n").encode())


def of_an_earlier_release(**more: Any) -> dict[str, Any]:
    """Inputs as the program sent them when line ends counted."""
    inputs = declared(**more)
    raw = inputs.pop(workflow_table.AS_WRITTEN)
    if "versionName" in more:
        return {**inputs, workflow_table.DIGEST: raw}
    name = definition.version_name(workflow_table.identity({**inputs, workflow_table.DIGEST: raw}))
    return {**inputs, "versionName": name}


def test_a_checkout_with_other_line_ends_is_the_same_version(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    unix = declared()
    assert workflow_table.AS_WRITTEN not in unix
    made = up(provider, unix)
    crlf(folder)
    checked = provider.check(bag(unix), bag(declared())).inputs
    assert checked == unix
    assert provider.diff(made.id, made.bag(), bag(checked)).changes is False


@pytest.mark.parametrize("more", [{}, {"versionName": "1.0"}], ids=["made name", "own name"])
def test_a_version_that_counts_line_ends_stays_until_the_definition_changes(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path, more: dict[str, str]
) -> None:
    crlf(folder)
    old = of_an_earlier_release(**more)
    made = up(provider, old)

    result = provider.check(bag(old), bag(declared(**more)))
    assert result.failures == []
    assert result.inputs == old
    assert provider.diff(made.id, made.bag(), bag(result.inputs)).changes is False
    # Its version is made again as it was where it is gone.
    emulator.aws.delete_workflow_version(workflowId=made.id, versionName=old["versionName"])
    provider.update(made.id, made.bag(), bag(result.inputs))
    assert list(versions(emulator, made.id)) == [old["versionName"]]

    crlf(folder, OTHER)
    other = provider.check(bag(old), bag(declared(**more)))
    if more:
        assert "A version can't change" in other.failures[0].reason
    else:
        (folder / "main.wdl").write_text(OTHER)
        assert other.inputs["versionName"] == declared()["versionName"] != old["versionName"]


def test_what_is_sent_has_the_line_ends_that_git_has(folder: Path) -> None:
    crlf(folder)
    (folder / "data.bin").write_bytes(b"\0\r\n")
    content = WorkflowHandler().arguments(Call(Update()), declared(), "token")["definitionZip"]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.read("main.wdl").decode() == GOOD
        assert archive.read("data.bin") == b"\0\r\n"


def test_one_file_is_a_definition_too(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    made = up(provider, declared(definition="wf/main.wdl"))
    assert emulator.aws.get_workflow(id=made.id)["main"] == "main.wdl"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere", "there is no folder or file nowhere"),
        ("wf/notes.txt", "notes.txt is not a folder, nor a .wdl, .nf, .cwl file"),
        ("linked", "is a link to a folder: put the files themselves there"),
        ("broken", "gone.wdl: No such file or directory"),
        ("odd", "is neither a file nor a folder"),
    ],
)
def test_what_can_not_be_read_is_told(folder: Path, place: str, why: str) -> None:
    (folder / "notes.txt").write_text("x")
    for name in ("linked", "broken", "odd"):
        Path(name).mkdir()
    Path("linked", "more").symlink_to(folder)
    Path("broken", "gone.wdl").symlink_to("elsewhere")
    os.mkfifo("odd/pipe")
    (problem,) = _identified({"definition": place})[workflow_table.DEFINITION_PROBLEMS]
    assert problem[0] == "definition"
    assert why in problem[1]


def test_a_folder_of_data_is_no_definition(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definition, "MAX_READ_BYTES", 10)
    with pytest.raises(files.Unreadable, match="has more than 10 bytes"):
        files.read(folder)


# The declaration --------------------------------------------------------------------------------


def test_all_problems_come_at_once(provider: OmicsWorkflowProvider) -> None:
    inputs = {
        "definition": "wf",
        "definitionUri": "https://x/y.zip",
        "engine": "WLD",
        "storageType": "DYNAMIC",
        "storageCapacity": 1200,
        "readmeMarkdown": 3,
        "parameterTemplate": {"a": {"optional": "yes"}, "b": []},
        "parameterTemplatePath": "t.json",
        workflow_table.DEFINITION_PROBLEMS: [["definition", "wf has no WDL file"]],
    }
    found = reasons(provider, inputs)
    assert found == [
        'definition_uri: "https://x/y.zip": must be an S3 URI, s3://bucket or s3://bucket/prefix',
        'engine: "WLD": must be one of WDL, NEXTFLOW, CWL, WDL_LENIENT: did you mean WDL?',
        'parameter_template: a.optional: "yes": must be true or false',
        "parameter_template: b: must be names and values",
        "definition: exactly one of definition, definition_uri and definition_repository must be "
        "given; got definition and definition_uri",
        "definition: wf has no WDL file",
        "readme_markdown: must be a string of Markdown",
        "storage_capacity: DYNAMIC storage ignores a capacity: leave it out, or set storage_type "
        "to STATIC",
        "parameter_template_path: give it or parameter_template, not both",
    ]
    assert "got none" in reasons(provider, {"name": "x"})[0]


def test_what_a_preview_does_not_know_is_no_problem(provider: OmicsWorkflowProvider) -> None:
    inputs = {"definition": "wf", "versionName": unknown(), "parameterTemplate": unknown()}
    assert provider.check({}, inputs).failures == []
    assert provider.check({**inputs, "versionName": "1.0"}, inputs).failures == []


def test_a_name_of_ones_own_stands_for_one_definition(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    first = declared(name="own", versionName="1.0")
    made = up(provider, first)
    (folder / "main.wdl").write_text(OTHER)
    (failure,) = provider.check(made.bag(), bag(declared(name="own", versionName="1.0"))).failures
    assert "version 1.0 already exists with other content" in failure.reason
    second = again(provider, made, declared(name="own", versionName="1.1"))
    assert sorted(versions(emulator, made.id)) == ["1.0", "1.1"]
    # A name that an earlier definition had can't be taken for this one either.
    with pytest.raises(ProviderError, match=r"already has a version 1\.0, with other content"):
        again(provider, second, declared(name="own", versionName="1.0"))
    (folder / "main.wdl").write_text(GOOD)
    again(provider, second, first)
    provider.delete(made.id, made.bag())
    assert named(emulator, "own") == []


def test_a_definition_in_s3_is_named_by_its_uri(
    emulator: Emulator, provider: OmicsWorkflowProvider
) -> None:
    first = declared(definitionUri="s3://bucket/one.zip", engine="CWL")
    second = declared(definitionUri="s3://bucket/two.zip", engine="CWL")
    assert first["versionName"] != second["versionName"]
    made = up(provider, first)
    again(provider, made, second)
    assert len(versions(emulator, made.id)) == 2


# Drift, deletion, exactly once ------------------------------------------------------------------


def test_drift_and_a_version_that_is_gone(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    inputs = declared(description="mine")
    made = up(provider, inputs)
    emulator.aws.update_workflow(id=made.id, description="theirs")
    seen = provider.read(made.id, made.bag())
    assert (seen.inputs or {})["description"] == "theirs"
    emulator.aws.delete_workflow_version(workflowId=made.id, versionName=inputs["versionName"])
    seen = provider.read(made.id, made.bag())
    assert "versionName" not in (seen.inputs or {"versionName": 1})
    again(provider, Recorded(made.id, dict(seen.outs or {})), inputs)
    assert versions(emulator, made.id) == {inputs["versionName"]: "ACTIVE"}
    assert emulator.aws.get_workflow(id=made.id)["description"] == "mine"


def test_a_workflow_that_is_gone(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    inputs = declared()
    made = up(provider, inputs)
    other = made.bag(uuid="of-another-workflow")
    provider.delete(made.id, other)
    assert versions(emulator, made.id)
    provider.delete(made.id, made.bag())
    assert provider.read(made.id, made.bag()).id == ""
    provider.delete(made.id, made.bag())
    with pytest.raises(ProviderError, match="pulumi refresh"):
        provider.update(made.id, made.bag(), bag({**inputs, "name": "n"}))


def test_delete_takes_the_versions_first_and_leaves_runs(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    inputs = declared()
    made = up(provider, inputs)
    run = emulator.aws.start_run(
        workflowId=made.id, workflowVersionName=inputs["versionName"], roleArn=ROLE,
        outputUri="s3://results", parameters={"reads": "s3://a/b"},
    )["id"]  # fmt: skip
    calls = emulator.since(lambda: provider.delete(made.id, made.bag()))
    assert calls == [
        "GetWorkflow", "ListWorkflowVersions", "DeleteWorkflowVersion", "DeleteWorkflow",
    ]  # fmt: skip
    assert (emulator.run(run) or {})["workflowId"] == made.id


def test_versions_of_others_are_not_deleted(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    made = up(provider, declared())
    theirs = {"workflowId": made.id, "versionName": "theirs"}
    emulator.aws.create_workflow_version(**theirs, definitionUri="s3://b/w.zip")
    with pytest.raises(ProviderError, match="versions that this stack did not create: theirs"):
        provider.delete(made.id, made.bag())
    assert len(versions(emulator, made.id)) == 2
    emulator.aws.delete_workflow_version(**theirs)
    provider.delete(made.id, made.bag())


@pytest.mark.parametrize("setting", ["replay", "conflict"])
@pytest.mark.parametrize("operation", ["CreateWorkflow", "CreateWorkflowVersion"])
def test_an_answer_that_is_lost_makes_nothing_twice(
    emulator: Emulator,
    provider: OmicsWorkflowProvider,
    folder: Path,
    operation: str,
    setting: str,
) -> None:
    emulator.settings(requestId=setting)
    emulator.fault(operation, "lost-answer", count=1)
    name = f"{operation}-{setting}"
    inputs = declared(name=name)
    made = up(provider, inputs)
    assert named(emulator, name) == [made.id]
    assert versions(emulator, made.id) == {inputs["versionName"]: "ACTIVE"}


def test_a_failed_version_of_an_interrupted_update_is_made_again(
    emulator: Emulator, provider: OmicsWorkflowProvider, folder: Path
) -> None:
    made = up(provider, declared())
    (folder / "main.wdl").write_text(OTHER)
    wanted = declared()
    emulator.aws.create_workflow_version(
        workflowId=made.id, versionName=wanted["versionName"], definitionZip=b"no zip"
    )
    again(provider, made, wanted)
    assert set(versions(emulator, made.id).values()) == {"ACTIVE"}


def test_what_an_interrupted_create_made_is_completed(
    emulator: Emulator,
    provider: OmicsWorkflowProvider,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = lasting.engine("Workflow", monkeypatch)
    first = engine.begins(declared(name="interrupted"))
    # The update died between the two calls.
    lost = emulator.aws.create_workflow(
        **workflow_table.create_arguments(first, engine.urn, engine.token(first), None),
        definitionUri="s3://b/w.zip",
    )
    engine.interrupted(first)
    second = engine.begins(declared(name="interrupted", description="new"))
    made = provider.create(bag(second))
    assert made.id == lost["id"]
    assert emulator.aws.get_workflow(id=made.id)["description"] == "new"
    assert versions(emulator, str(made.id)) == {second["versionName"]: "ACTIVE"}


def test_a_workflow_of_a_failed_update_is_found(
    emulator: Emulator,
    provider: OmicsWorkflowProvider,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = lasting.engine("Workflow", monkeypatch)
    lost = provider.create(bag(engine.begins(declared(name="failed"))))
    engine.state = StackState(failing_since="2020-01-01T00:00:00.000Z")
    assert provider.create(bag(engine.begins(declared(name="failed")))).id == lost.id
    assert named(emulator, "failed") == [lost.id]


def test_an_existing_workflow_is_looked_up(
    emulator: Emulator, provider: OmicsWorkflowProvider
) -> None:
    found = provider.read(emulator.workflow, bag({}))
    assert (found.outs or {})["name"] == "w"
    assert (found.outs or {})["engine"] == "NEXTFLOW"


def unfinished(monkeypatch: pytest.MonkeyPatch) -> list[Recorded]:
    """Keep what the engine would record of a create that fails after it has made something."""
    kept: list[Recorded] = []

    def record(unfinished: Unfinished) -> None:
        kept.append(Recorded(unfinished.id, unfinished.properties))
        raise ProviderError(str(unfinished))

    monkeypatch.setattr(_host, "_record", record)
    return kept
