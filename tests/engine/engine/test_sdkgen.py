"""sdkgen, built with Go as `make languages` does: Pulumi's own word on a schema, and its SDKs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEXT = {"type": "string"}


def schema(status: dict[str, Any]) -> dict[str, Any]:
    """Give a schema of one resource, whose output `status` is as told."""
    return {
        "name": "tiny",
        "version": "1.2.3",
        "resources": {
            "tiny:index:Thing": {
                "inputProperties": {"outputUri": TEXT},
                "requiredInputs": ["outputUri"],
                "properties": {"outputUri": TEXT, "status": status},
            }
        },
    }


@pytest.fixture(scope="module")
def sdkgen() -> Path:
    """The program: from the cache, or built now."""
    built = subprocess.run(
        [sys.executable, ROOT / "tools" / "languages", "build-generator"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=3600,
        check=True,
    )
    return Path(built.stdout.strip())


def ran(*command: str | Path, expect: int = 0) -> str:
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (TEXT, ""),
        ({"$ref": "#/types/tiny:index:Nope"}, "type tiny:index:Nope not found"),
        ({"$ref": "/other/v1.0.0/schema.json#/types/other:index:T"}, 'the package "other"'),
    ],
)
def test_a_schema_is_checked_by_pulumis_binder(
    tmp_path: Path, sdkgen: Path, status: dict[str, Any], said: str
) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(schema(status)))
    told = ran(sdkgen, "check", tmp_path / "schema.json", expect=1 if said else 0)
    assert said in told
    assert told or not said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "file", "line"),
    [
        ("nodejs", "thing.ts", "outputUri: pulumi.Input<string>;"),
        ("python", "pulumi_tiny/thing.py", "output_uri: pulumi.Input[_builtins.str]"),
        ("go", "tiny/thing.go", "OutputUri pulumi.StringInput"),
    ],
)
def test_an_sdk_is_written_by_pulumis_generator(
    tmp_path: Path, sdkgen: Path, language: str, file: str, line: str
) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(schema(TEXT)))
    ran(sdkgen, "generate", language, tmp_path / "schema.json", tmp_path / "sdk")
    assert line in (tmp_path / "sdk" / file).read_text()
