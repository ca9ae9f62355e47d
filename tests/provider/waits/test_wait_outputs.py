"""The outputs of a run, read from where its workflow engine wrote them."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.resources import wait
from omics_provider.service import clients
from omics_provider.waits import outputs
from tests.provider.harness import REGION, ROLE, Service
from tests.provider.waits.test_wait import Place

PLACE = Settings(region=REGION)
URI = "s3://results/runs/1234567/0c4d"


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Clients of this test's own."""
    clients.forget(PLACE)
    yield
    clients.forget(PLACE)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, forgetful: None) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="results")
        yield lambda body, key="runs/1234567/0c4d": s3.put_object(
            Bucket="results", Key=f"{key}/logs/outputs.json", Body=body
        )


def test_outputs_by_name(bucket: Any) -> None:
    bucket(b'{"Germline.vcf": "s3://results/a.vcf", "Germline.count": 3}')
    assert outputs.read(PLACE, URI) == {
        "Germline.vcf": "s3://results/a.vcf",
        "Germline.count": 3,
    }
    assert outputs.read(PLACE, f"{URI}/") == outputs.read(PLACE, URI)


def test_a_place_may_have_characters_that_cut_a_url_short(bucket: Any) -> None:
    bucket(b'{"W.n": 1}', "trio #3/is it?/1234567")
    assert outputs.read(PLACE, "s3://results/trio #3/is it?/1234567") == {"W.n": 1}


def test_values_are_those_of_the_file(bucket: Any) -> None:
    odd = {
        "W.big": 2**60 + 1,
        "W.nothing": None,
        "W.nested": [None, {"pair": [True, 0.5, None, {}]}, "s3://results/a.vcf"],
    }
    bucket(json.dumps(odd).encode())
    assert outputs.read(PLACE, URI) == odd
    bucket(b"[1, null]")
    assert outputs.read(PLACE, URI) == {"": [1, None]}


def test_outputs_that_may_not_be_read(
    service: Service, monkeypatch: pytest.MonkeyPatch, forgetful: None
) -> None:
    service.answer = (403, "AccessDenied", "Access Denied")
    place = Settings(region=REGION, endpoint=service.url)
    with pytest.raises(errors.Denied) as caught:
        outputs.read(place, URI)
    assert f"{URI}/logs/outputs.json" in caught.value.detail
    assert "s3:ListBucket" in caught.value.advice


def test_outputs_that_can_not_be_read(bucket: Any) -> None:
    with pytest.raises(errors.NotFound, match=f"there is no {URI}/logs/outputs.json") as caught:
        outputs.read(PLACE, URI)
    assert "Nextflow workflows do not" in caught.value.advice
    with pytest.raises(errors.NotFound):
        outputs.read(PLACE, "s3://no-such-bucket/runs/1")
    bucket(b"not JSON")
    with pytest.raises(errors.OmicsError, match="not JSON"):
        outputs.read(PLACE, URI)


# At the endpoint `local` -------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "state.db"))


def started(place: Place, name: str, **more: Any) -> dict[str, Any]:
    """Start a run of a WDL workflow of one output, or of `more`; it is over at once."""
    workflow = place.aws.create_workflow(name=name, engine="WDL", definitionZip=definition(name))
    arguments = {"workflowId": workflow["id"], "workflowType": "PRIVATE", **more}
    made = place.aws.start_run(
        roleArn=ROLE, outputUri="s3://results/my runs", requestId=name, parameters={},
        tags={"emulator:seconds": "0"}, **arguments,
    )  # fmt: skip
    return dict(place.aws.get_run(id=made["id"]))


def definition(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "main.wdl",
            f"""\
version 1.0

workflow {name} {{
  output {{
    File vcf = "a.vcf"
  }}
}}
""",
        )
    return file.getvalue()


def test_the_emulator_in_the_process_has_them_as_its_server_has(place: Place) -> None:
    one, two = started(place, "One"), started(place, "Two")
    for run, name in ((one, "One"), (two, "Two")):
        uri = run["runOutputUri"]
        found = outputs.read(place.settings, uri)
        assert found == {f"{name}.vcf": f"{uri}/out/vcf/vcf.txt"}
        body = clients.aws(place.settings, "s3").get_object(
            Bucket="results", Key=found[f"{name}.vcf"].removeprefix("s3://results/")
        )["Body"]
        assert run["uuid"].encode() in body.read()


class EmptyStack(OwnStack):
    """A stack that records nothing, and that no CLI is asked for.

    The wait's look for replaced runs outlives the test: it would ask the CLI of a later one.
    """

    def current(self, stack: str, *, mark: str = "") -> StackState:
        return StackState()

    def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
        return StackState()


def test_a_wait_for_a_run_at_the_endpoint_local_gives_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "own_stack", lambda _: EmptyStack(Engine(("pulumi", "up"))))
    run = started(place, "One")
    recorded = {wire: run[wire] for wire in ("id", "uuid", "arn", "status", "runOutputUri")}
    wish = wait._Wish(None, "fail", outputs=True, tasks=False)
    there: Any = {"One": SimpleNamespace()}
    found = asyncio.run(
        wait._ended({"One": place.settings}, "organization/p/dev", there, {"One": recorded}, wish)
    )
    assert found["One"]["outputs"] == {"One.vcf": f"{run['runOutputUri']}/out/vcf/vcf.txt"}


def test_runs_that_write_to_one_place_overwrite_each_other(place: Place) -> None:
    for name in ("One", "Two"):
        run = started(place, name, outputUriPrefixMode="NONE_WITH_OVERWRITE")
    assert run["runOutputUri"] == "s3://results/my runs"
    assert outputs.read(place.settings, run["runOutputUri"]).keys() == {"Two.vcf"}


def test_a_run_that_goes_on_and_a_nextflow_run_have_none_there(place: Place) -> None:
    nextflow = place.aws.create_workflow(
        name="n", engine="NEXTFLOW", definitionUri="s3://results/w.zip"
    )["id"]
    over = started(place, "Nextflow", workflowId=nextflow)
    active = place.start("active")
    for uri in (over["runOutputUri"], active.recorded["runOutputUri"]):
        with pytest.raises(errors.NotFound, match="there is no s3://results"):
            outputs.read(place.settings, uri)
