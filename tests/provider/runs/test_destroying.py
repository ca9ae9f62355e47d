"""Which command lines destroy a whole stack: then every active run is cancelled first."""

from __future__ import annotations

import pytest

from omics_provider.engine.process import Engine

WHOLE = [
    "destroy",
    "down --yes",
    "dn -f",
    "destroy --yes --skip-preview --stack dev",
    "--color never destroy --yes",
    "--color=never destroy",
    "--non-interactive --color never destroy --yes",
    "-C infra destroy",
    "--cwd infra --non-interactive -v 9 destroy",
    "-e --logtostderr --tracing file:t destroy",
    "--stack dev destroy",
]
NOT_WHOLE = [
    "",
    "up",
    "up --stack destroy",
    "--stack destroy up",
    "-C destroy up --yes",
    "--color never up",
    "--cwd destroy refresh",
    "stack rm destroy",
    "--non-interactive",
    "--cwd destroy",
    "destroy --target urn:x",
    "destroy --target=urn:x",
    "destroy -t urn:x",
    "destroy --target-dependents --target urn:x",
    "destroy --exclude urn:x",
    "destroy --exclude-protected",
    "destroy -x urn:x",
    "--color never destroy -t urn:x",
]


@pytest.mark.parametrize(
    ("words", "whole"),
    [(words, True) for words in WHOLE] + [(words, False) for words in NOT_WHOLE],
)
def test_what_destroys_a_whole_stack(words: str, whole: bool) -> None:
    assert Engine(("/bin/pulumi", *words.split())).is_whole_destroy is whole


def test_where_no_engine_is_found_nothing_is_cancelled_ahead() -> None:
    assert Engine().is_whole_destroy is False
