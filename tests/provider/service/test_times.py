"""A time that is read at once is the one that botocore reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from omics_provider.base.settings import Settings
from omics_provider.runs.calls import Runs
from omics_provider.service import times


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
    assert times.time(value) == parse_timestamp(value)


@pytest.mark.parametrize("value", ["2026-13-01T00:00:00Z", "2026-01-01Tno-time-at-allZ", "", None])
def test_what_is_no_time_is_refused_as_botocore_does(value: Any) -> None:
    with pytest.raises((ValueError, RuntimeError)) as ours:
        times.time(value)
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
