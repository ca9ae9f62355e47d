"""Nothing here runs unless it is asked for: the tests are then told to pytest as deselected."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from pulumi.dynamic import Config, ConfigureRequest

from omics_provider.providers.run import OmicsRunProvider

ASKED: Final = "OMICS_LIVE_TESTS"
NEEDED: Final = ("OMICS_LIVE_ROLE_ARN", "OMICS_LIVE_OUTPUT_URI", "OMICS_LIVE_WORKFLOW_ID")
HERE: Final = Path(__file__).parent
#: What CancelRun answers for a run that has ended or is gone: nothing is left to pay for.
ENDED: Final = ("ConflictException", "ResourceNotFoundException", "ValidationException")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    live = [item for item in items if HERE in item.path.parents]
    if os.environ.get(ASKED) != "1":
        items[:] = [item for item in items if item not in live]
        config.hook.pytest_deselected(items=live)
        return
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if live and missing:
        raise pytest.UsageError(
            f"{ASKED}=1 needs {', '.join(missing)}: see tests/live/test_live.py"
        )


@pytest.fixture(scope="session")
def client() -> Any:
    """A client that looks on, beside the code under test."""
    return boto3.client("omics")


@pytest.fixture
def provider(client: Any) -> OmicsRunProvider:
    made = OmicsRunProvider()
    config = {"omics:region": client.meta.region_name}
    made.configure(ConfigureRequest(Config(config, "omics-live-tests")))
    return made


@pytest.fixture
def declared(client: Any) -> Iterator[dict[str, Any]]:
    """A declaration with a name of its own; whatever runs it has started are ended and deleted."""
    name = f"omics-provider live test {uuid.uuid4()}"
    inputs: dict[str, Any] = {
        "roleArn": os.environ["OMICS_LIVE_ROLE_ARN"],
        "outputUri": os.environ["OMICS_LIVE_OUTPUT_URI"],
        "workflowId": os.environ["OMICS_LIVE_WORKFLOW_ID"],
        "name": name,
        "parameters": json.loads(os.environ.get("OMICS_LIVE_PARAMETERS", "{}")),
        "tags": {"purpose": "omics-provider live test"},
        "logLevel": "OFF",
    }
    if os.environ.get("OMICS_LIVE_WORKFLOW_TYPE"):
        inputs["workflowType"] = os.environ["OMICS_LIVE_WORKFLOW_TYPE"]
    yield inputs
    for run in client.list_runs(name=name)["items"]:
        try:
            client.cancel_run(id=run["id"])
        except ClientError as error:
            if error.response["Error"]["Code"] not in ENDED:
                raise
