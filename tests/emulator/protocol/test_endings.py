"""Every operation that cancels or deletes, carried out where it is allowed: answer and effect."""

import base64

import pytest

from omics_provider.emulator import control
from tests.emulator.conftest import ROLE
from tests.emulator.protocol.test_conformance import MODEL, Caller
from tests.emulator.workflows.test_workflows import GOOD, zipped

SHARED = {"roleArn": ROLE, "outputUri": "s3://bucket"}


class There(Caller):
    """One thing of each kind; its answers are held to the model."""

    def __init__(self):
        super().__init__()
        control.change_settings(self.store, {"speed": 0})
        self.content = base64.b64encode(zipped(main_wdl=GOOD)).decode()
        self.workflow = self.made("CreateWorkflow", definitionZip=self.content)
        self.shared = {**SHARED, "workflowId": self.workflow}

    def made(self, operation, **params):
        answer = self.send(operation, {"requestId": operation, **params})
        assert answer.status_code < 300, answer.content
        return answer.json().get("id")

    def group(self):
        return {"id": self.made("CreateRunGroup")}

    def cache(self):
        return {"id": self.made("CreateRunCache", cacheS3Location="s3://bucket/cache")}

    def configuration(self):
        self.made("CreateConfiguration", name="net", runConfigurations={})
        return {"name": "net"}

    def workflow_alone(self):
        return {"id": self.workflow}

    def version(self):
        named = {"workflowId": self.workflow, "versionName": "v1"}
        self.made("CreateWorkflowVersion", definitionZip=self.content, **named)
        return named

    def run(self, seconds=0):
        run = self.made("StartRun", parameters={"reads": "x"}, **self.shared)
        control.advance(self.store, seconds)
        return {"id": run}

    def batch(self, seconds):
        entry = {"runSettingId": "one", "parameters": {"reads": "x"}}
        batch = self.made(
            "StartRunBatch",
            defaultRunSetting=self.shared,
            batchRunSettings={"inlineSettings": [entry]},
        )
        control.advance(self.store, seconds)
        return {"batchId": batch}


#: By operation: what it is called with once it is allowed, and a look at what is then there.
ENDINGS = {
    "CancelRun": (lambda there: there.run(1), "GetRun", "CANCELLED"),
    "DeleteRun": (lambda there: there.run(60), "GetRun", None),
    "CancelRunBatch": (lambda there: there.batch(3), "GetBatch", "CANCELLED"),
    "DeleteRunBatch": (lambda there: there.batch(60), "GetBatch", "RUNS_DELETED"),
    "DeleteBatch": (lambda there: there.batch(60), "GetBatch", None),
    "DeleteRunGroup": (There.group, "GetRunGroup", None),
    "DeleteRunCache": (There.cache, "GetRunCache", None),
    "DeleteConfiguration": (There.configuration, "GetConfiguration", None),
    "DeleteWorkflow": (There.workflow_alone, "GetWorkflow", None),
    "DeleteWorkflowVersion": (There.version, "GetWorkflowVersion", None),
}


@pytest.mark.parametrize("operation", ENDINGS)
def test_what_is_allowed_is_done(operation):
    prepare, look, then = ENDINGS[operation]
    there = There()
    params = prepare(there)
    answer = there.send(operation, params)
    assert answer.status_code == MODEL.operation_model(operation).http["responseCode"]
    control.advance(there.store, 60)
    found = there.send(look, params)
    if then is None:
        assert found.status_code == 404
        assert there.send(operation, params).status_code == 404
    else:
        assert found.json()["status"] == then
