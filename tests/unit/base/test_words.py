"""Short texts: what is told of a failure by its code and its message."""

from __future__ import annotations

import pytest

from omics_provider.base.words import alike, cause


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        ("INPUT_URI_NOT_FOUND", "Run failed: INPUT_URI_NOT_FOUND", "INPUT_URI_NOT_FOUND"),
        ("RUN_TASK_FAILED", "RUN_TASK_FAILED", "RUN_TASK_FAILED"),
        ("RUN_TASK_FAILED", "Run failed.", "RUN_TASK_FAILED"),
        ("RUN_TASK_FAILED", "RUN_TASK_FAILED: task align", "RUN_TASK_FAILED: task align"),
        ("RUN_TASK_FAILED", "task align failed", "RUN_TASK_FAILED: task align failed"),
        ("RUN_TASK_FAILED", None, "RUN_TASK_FAILED"),
        (None, "Run failed", "Run failed"),
        (None, None, ""),
    ],
)
def test_a_message_that_repeats_its_code_is_left_out(
    code: str | None, message: str | None, told: str
) -> None:
    assert cause(code, message) == told


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("does not exist: s3://b/reads/a.bam. Check", "does not exist: …. Check"),
        ("is not there: omics://1.storage/2", "is not there: …"),
        ("stream: run/4457193/engine to debug", "stream: run/…/engine to debug"),
        ("run 12 (u-12) used 112 GiB", "run … (…) used 112 GiB"),
        ("nothing of its own", "nothing of its own"),
        (None, ""),
    ],
)
def test_what_differs_between_failures_that_are_alike(message: str | None, told: str) -> None:
    assert alike(message, "12", "u-12", None) == told
