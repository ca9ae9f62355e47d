"""Stacks whose resources the native provider has, declared in a file by type, name and inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.engine.harness import ROLE, Stack

PROGRAM: Final = """\
import json

import pulumi

OUTPUTS = dict.fromkeys(("arn", "uuid", "status"))


class Declared(pulumi.CustomResource):
    def __init__(self, token, name, inputs, opts):
        super().__init__(token, name, {**OUTPUTS, **inputs}, opts)


with open("resources.json") as file:
    declared = json.load(file)
for name, each in declared.items():
    opts = pulumi.ResourceOptions(**each.get("opts", {}))
    resource = Declared(each["type"], name, each.get("properties", {}), opts)
    pulumi.export(name, resource.id)
"""
RUN: Final = "omics:index:Run"
GROUP: Final = "omics:index:RunGroup"
CACHE: Final = "omics:index:RunCache"
WORKFLOW: Final = "omics:index:Workflow"


def run(**more: Any) -> dict[str, Any]:
    """Give StartRun's arguments for a run, or the inputs of one."""
    whole = {
        "workflowId": "9500764",
        "workflowType": "READY2RUN",
        "roleArn": ROLE,
        "outputUri": "s3://results/runs",
        "parameters": {"sample_name": "NA12878", "depth": 30},
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}


def declare(stack: Stack, resources: Mapping[str, Mapping[str, Any]]) -> None:
    """Declare resources by name, each with its type, properties and opts."""
    (stack.home / "resources.json").write_text(json.dumps(resources))


def declared_as_recorded(stack: Stack, *kinds: str) -> dict[str, dict[str, Any]]:
    """Give the declarations that the state has, as `pulumi import` writes them into a program."""
    found = {}
    for kind in kinds:
        for each in stack.resources(kind):
            inputs = {k: v for k, v in each["inputs"].items() if not k.startswith("__")}
            name = each["urn"].rpartition("::")[2]
            found[name] = {"type": kind, "properties": inputs}
    return found


def import_file(stack: Stack, resources: Mapping[str, tuple[str, str]]) -> str:
    """Write what `pulumi import --file` takes: type and id by name."""
    listed = [{"type": kind, "name": name, "id": id_} for name, (kind, id_) in resources.items()]
    (stack.home / "import.json").write_text(json.dumps({"resources": listed}))
    return "import.json"


#: What starts, ends or deletes a run, or what runs share.
COSTLY: Final = frozenset(
    {
        "StartRun", "CancelRun", "DeleteRun", "StartRunBatch", "CancelRunBatch", "DeleteRunBatch",
        "CreateRunGroup", "DeleteRunGroup", "CreateRunCache", "DeleteRunCache", "CreateWorkflow",
        "CreateWorkflowVersion", "DeleteWorkflow", "DeleteWorkflowVersion", "UpdateRunGroup",
        "UpdateRunCache", "UpdateWorkflow", "TagResource", "UntagResource",
    }
)  # fmt: skip
