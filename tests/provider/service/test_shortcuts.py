"""What a session leaves out changes no answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.session import Session, get_session
from botocore.utils import parse_timestamp

from omics_provider.base.settings import Settings
from omics_provider.runs.calls import Runs
from omics_provider.service import clients, shortcuts

#: A client's own folders, and those of what it reads beside its model.
_FEW = 60


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123Z",
        "2026-01-01T00:00:00.123456789Z",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01T00:00:00",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "20260101",
        "1767225600",
        1767225600,
        1767225600.5,
    ],
)
def test_a_time_is_the_one_that_botocore_takes_it_for(value: Any) -> None:
    assert shortcuts.time(value) == parse_timestamp(value)


@pytest.mark.parametrize("value", ["2026-13-01T00:00:00Z", "2026-01-01Tno-time-at-allZ", "", None])
def test_what_is_no_time_is_refused_as_botocore_does(value: Any) -> None:
    with pytest.raises((ValueError, RuntimeError)) as ours:
        shortcuts.time(value)
    with pytest.raises(type(ours.value)):
        parse_timestamp(value)


def test_the_times_of_answers_take_no_detour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []

    def detour(value: Any, **_: Any) -> datetime:
        taken.append(value)
        return datetime.now(UTC)

    # Which botocore takes for each time.
    monkeypatch.setattr("dateutil.parser.parse", detour)
    runs = Runs(Settings(endpoint="local", local_state=str(tmp_path / "omics.db")))
    started = runs.start(
        {
            "workflowId": "9500764",
            "workflowType": "READY2RUN",
            "roleArn": "arn:aws:iam::111122223333:role/omics-runs",
            "outputUri": "s3://amzn-s3-demo-bucket/results",
            "parameters": {"sample_name": "one", "fastq_pairs": []},
            "requestId": "one",
        }
    )
    assert runs.find(started["id"]) is not None
    assert list(runs.list())
    assert taken == []


def test_a_client_does_not_look_into_the_folders_of_all_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[Any] = []
    listdir = os.listdir

    def counted(path: Any = ".") -> list[Any]:
        looked.append(path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", counted)
    session = clients.session(Settings(region="us-east-1"))
    session.client("omics")
    session.client("sts")
    assert 0 < len(looked) < _FEW


def test_a_service_that_there_is_not_is_still_unknown() -> None:
    with pytest.raises(UnknownServiceError):
        _session().get_service_model("no-such-service")


def test_a_model_of_the_users_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "own-service/2026-01-01/service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text('{"metadata": {"serviceId": "Own"}, "operations": {}, "shapes": {}}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert _session().get_service_model("own-service").service_id == "Own"


def _session() -> Session:
    session = get_session()
    shortcuts.take(session)
    return session
