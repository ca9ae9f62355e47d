"""Runs one Pulumi program under mocks whose dynamic resources are carried out for real.

    python readme_program.py PROGRAM STATE CONFIG

The engine is a mock; each OmicsRun goes through its own provider, against the emulator on the file
STATE. CONFIG is a stack's configuration as JSON. A private workflow's id is taken for one that the
emulator has. Prints what was made and exported, as JSON.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import boto3
import dill  # type: ignore[import-untyped]  # pulumi's own pickler
import pulumi
from pulumi.dynamic import Config, ConfigureRequest

from omics_provider.emulator.doors import local
from omics_provider.engine import own_stack
from omics_provider.engine.state import StackState
from omics_provider.resources import _facts

PROJECT, STACK = "omics-runs", "local"


class Engine(pulumi.runtime.Mocks):
    """Checks and creates what is declared, reads what is got, makes up what is not ours."""

    def __init__(self, config: dict[str, str]) -> None:
        self.made: list[dict[str, Any]] = []
        self._config = config
        self._workflow = private_workflow(config["omics:localState"])

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = dict(args.inputs)
        if "__provider" not in inputs:
            arn = f"arn:aws:iam::123456789012:role/{args.name}"
            return f"{args.name}-id", {"arn": arn, "bucket": args.name, **inputs}
        provider = dill.loads(base64.b64decode(inputs["__provider"]))
        provider.configure(ConfigureRequest(Config(self._config, PROJECT)))
        if args.resource_id:
            read = provider.read(args.resource_id, inputs)
            return read.id, dict(read.outs or {})
        if "workflowId" in inputs and inputs.get("workflowType") != "READY2RUN":
            inputs["workflowId"] = self._workflow
        checked = provider.check({}, inputs)
        if checked.failures:
            raise SystemExit(f"{args.name}: {[(f.property, f.reason) for f in checked.failures]}")
        created = provider.create(checked.inputs)
        self.made.append({"name": args.name, "type": args.typ, "id": created.id})
        return created.id, dict(created.outs or {})

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {"accountId": "123456789012", "region": "us-east-1", "name": "us-east-1"}


def private_workflow(state: str) -> str:
    """Make a workflow that takes any parameters."""
    client = boto3.client("omics", region_name="us-east-1")
    local.attach(client, state)
    made = client.create_workflow(name="w", engine="WDL", definitionUri="s3://workflows/w.zip")
    return str(made["id"])


def main(program: str, state: str, config: dict[str, str]) -> None:
    config = {
        **config,
        "omics:endpoint": "local",
        "omics:region": "us-east-1",
        "omics:localState": state,
        "omics:localRunSeconds": "0.2",
    }
    # No stack of this name is in anybody's backend: the CLI would be asked in vain for a while.
    own_stack.OwnStack.state = lambda self, stack, **_: StackState()  # type: ignore[method-assign]
    # These mocks carry everything out: what is waited for is there.
    _facts.are_mocked = lambda: False
    engine = Engine(config)
    pulumi.runtime.set_mocks(engine, project=PROJECT, stack=STACK, preview=False)
    pulumi.runtime.set_all_config(config)
    source = Path(program).read_text("utf-8")
    exported: dict[str, Any] = {}
    pulumi.export = exported.__setitem__  # type: ignore[assignment]

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def update() -> pulumi.Output[Any]:
        exec(compile(source, program, "exec"), {"__name__": "__main__", "__file__": program})
        return pulumi.Output.from_input(exported).apply(exported.update)

    update()
    print(json.dumps({"made": engine.made, "exported": exported}, default=str))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
