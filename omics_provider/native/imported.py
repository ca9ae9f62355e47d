"""A resource of which only the id was known: what `pulumi import` or a function `get` has read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.base.checks import CONCEALED
from omics_provider.base.keys import STACK
from omics_provider.engine.call import Call, Recorded
from omics_provider.engine.handler import Handler

#: What the service tells of a duplicate beside what it runs: the workflow alone is declared.
_SOURCE: Final = ("runId", "workflowId")


def with_inputs(handler: Handler, call: Call, now: Recorded, known: Mapping[str, Any]) -> Recorded:
    """Return what was read with its inputs: a program that declares them changes nothing.

    `known` has the stack's name. A run that is imported is the stack's own: it ends as `onDelete`
    says, which is among them.
    """
    stack = {STACK: known[STACK]}
    told = {wire: now.outputs[wire] for wire in handler.table.by_wire if wire in now.outputs}
    inputs = _declarable(handler, call, told)
    outputs = {wire: value for wire, value in now.outputs.items() if wire not in told}
    return now._replace(outputs={**outputs, **inputs, **stack}, inputs={**inputs, **stack})


def _declarable(handler: Handler, call: Call, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs without what the service tells and a declaration may not say.

    Such is the storage of a run whose workflow brings its own. Defaults are added.
    """
    inputs = dict(told)
    if all(wire in inputs for wire in _SOURCE):
        del inputs[_SOURCE[0]]
    while True:
        # What is checked against itself is no new start.
        found = handler.check(call, inputs, {**inputs, CONCEALED: []})
        wrong = {problem.property for problem in found.failures} & inputs.keys()
        if not wrong:
            return {wire: value for wire, value in found.inputs.items() if wire != CONCEALED}
        inputs = {wire: value for wire, value in inputs.items() if wire not in wrong}
