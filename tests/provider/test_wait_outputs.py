"""The outputs of a run, read from where its workflow engine wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from omics_provider.aws import clients, run_outputs
from omics_provider.core import errors
from omics_provider.core.settings import Settings

from .harness import REGION

PLACE = Settings(region=REGION)
URI = "s3://results/runs/1234567/0c4d"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with mock_aws():
        clients.neighbour.cache_clear()
        clients._session.cache_clear()
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="results")
        yield lambda body: s3.put_object(
            Bucket="results", Key="runs/1234567/0c4d/logs/outputs.json", Body=body
        )
    clients.neighbour.cache_clear()
    clients._session.cache_clear()


def test_outputs_by_name(bucket: Any) -> None:
    bucket(b'{"Germline.vcf": "s3://results/a.vcf", "Germline.count": 3}')
    assert run_outputs.read(PLACE, URI) == {
        "Germline.vcf": "s3://results/a.vcf",
        "Germline.count": 3,
    }
    assert run_outputs.read(PLACE, f"{URI}/") == run_outputs.read(PLACE, URI)


def test_outputs_that_can_not_be_read(bucket: Any) -> None:
    with pytest.raises(errors.OmicsError, match="GetObject"):
        run_outputs.read(PLACE, URI)
    bucket(b"not JSON")
    with pytest.raises(errors.OmicsError, match="not JSON"):
        run_outputs.read(PLACE, URI)


def test_the_emulator_in_the_process_has_none() -> None:
    assert run_outputs.read(Settings(endpoint="local"), URI) is None
