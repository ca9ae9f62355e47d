"""The provider's executable, started by a person in place of an engine."""

from __future__ import annotations

from importlib import metadata

import pytest

from omics_provider.native.server import main

VERSION = metadata.version("omics-provider")


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["help"], 2), (["--help"], 0)])
def test_it_says_what_it_is_in_two_lines_and_ends(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    said = capsys.readouterr()
    first, second = (said.err if code else said.out).splitlines()
    assert f"pulumi-resource-omics {VERSION}" in first
    assert "pulumi preview" in second


def test_it_tells_its_version_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"
