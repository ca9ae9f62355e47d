"""Against AWS HealthOmics itself, for who has an account.

What to have: a service role that HealthOmics may assume, an S3 prefix in the same Region, and a
private workflow that is small (one task that echoes a line is best). Then:

    export OMICS_LIVE_TESTS=1
    export OMICS_LIVE_ROLE_ARN=arn:aws:iam::<account>:role/<role>
    export OMICS_LIVE_OUTPUT_URI=s3://<bucket>/<prefix>
    export OMICS_LIVE_WORKFLOW_ID=<id>
    export OMICS_LIVE_PARAMETERS='{"message": "hello"}'     # if the workflow takes any
    export AWS_PROFILE=<profile> AWS_REGION=<Region>
    pytest tests/live

The caller needs omics:StartRun, GetRun, ListRuns, CancelRun, DeleteRun, TagResource, UntagResource
and iam:PassRole on the role.

What it costs: each test starts at most one run and cancels it within seconds, while it is PENDING
or STARTING. Only RUNNING is billed (developer guide, monitoring-runs), so the cost is nothing, or
a few seconds of the workflow's smallest instance where a run is quick to start. Nothing is written
to S3: a cancelled run exports nothing. Each test takes as long as a cancellation does: minutes.

What is found out about a repeated requestId is printed: `pytest -s tests/live`.
"""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.status import ACTIVE, RunStatus
from omics_provider.providers._host import ProviderError
from omics_provider.providers.run import OmicsRunProvider

# Longer than a delete's own limit of 20 minutes.
pytestmark = pytest.mark.timeout(1500)

NO_RUN = "999999999999999999"


def test_a_whole_life(client: Any, provider: OmicsRunProvider, declared: dict[str, Any]) -> None:
    checked = provider.check({}, declared)
    assert checked.failures == []
    made = provider.create(checked.inputs)
    outs = dict(made.outs or {})
    assert outs["status"] in set(ACTIVE)
    assert made.id in outs["arn"]

    read = provider.read(made.id, outs)
    assert read.outs is not None
    assert read.outs["uuid"] == outs["uuid"]
    assert read.outs["creationTime"].endswith("Z")
    assert read.inputs is None
    again = provider.check(read.outs, declared).inputs
    assert provider.diff(made.id, read.outs, again).changes is False

    retagged = provider.check(read.outs, {**declared, "tags": {"changed": "yes"}}).inputs
    updated = provider.update(made.id, read.outs, retagged).outs
    assert updated is not None
    live = client.get_run(id=made.id)
    assert live["tags"]["changed"] == "yes"
    assert "purpose" not in live["tags"]

    provider.delete(made.id, updated)
    gone = provider.read(made.id, updated).outs
    assert gone is not None
    assert gone["recordGone"] is True
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_run(id=made.id)


def test_a_repeated_request_id_starts_one_run(client: Any, declared: dict[str, Any]) -> None:
    request_id = declared["name"].rpartition(" ")[2]
    first = client.start_run(**declared, requestId=request_id)
    try:
        second = client.start_run(**declared, requestId=request_id)
    except client.exceptions.ConflictException as error:
        outcome = f"ConflictException: {error}"
    else:
        outcome = "the first answer again"
        assert second["uuid"] == first["uuid"]
    print(f"A repeated requestId gives {outcome}.")  # noqa: T201
    assert [run["id"] for run in client.list_runs(name=declared["name"])["items"]] == [first["id"]]


def test_a_request_id_with_other_inputs_starts_no_second_run(
    client: Any, declared: dict[str, Any]
) -> None:
    request_id = declared["name"].rpartition(" ")[2]
    first = client.start_run(**declared, requestId=request_id)
    refusals = (client.exceptions.ConflictException, client.exceptions.ValidationException)
    try:
        second = client.start_run(**{**declared, "priority": 1}, requestId=request_id)
    except refusals as error:
        outcome = str(error)
    else:
        outcome = "the first answer again"
        assert second["uuid"] == first["uuid"]
    print(f"A requestId with other inputs gives {outcome}.")  # noqa: T201


def test_a_cancelled_run_ends(
    client: Any, provider: OmicsRunProvider, declared: dict[str, Any]
) -> None:
    made = provider.create(provider.check({}, {**declared, "onDelete": "cancel"}).inputs)
    outs = dict(made.outs or {})
    provider.delete(made.id, outs)
    assert client.get_run(id=made.id)["status"] in {RunStatus.STOPPING, RunStatus.CANCELLED}


def test_a_run_that_does_not_exist(provider: OmicsRunProvider) -> None:
    # Under IAM conditions on tags the service answers AccessDenied instead.
    with pytest.raises(ProviderError, match=f"no run {NO_RUN}|AccessDeniedException"):
        provider.read(NO_RUN, {})


def test_a_workflow_that_does_not_exist(
    provider: OmicsRunProvider, declared: dict[str, Any]
) -> None:
    inputs = provider.check({}, {**declared, "workflowId": NO_RUN}).inputs
    with pytest.raises(ProviderError, match=r"StartRun failed: (ResourceNotFound|Validation)"):
        provider.create(inputs)
