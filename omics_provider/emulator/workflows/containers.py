"""Which images the tasks of a WDL take, as far as its text says it.

An image is kept as the parts of its name: text, and inputs of the workflow with their defaults. So
a run's parameters make it whole. What is worked out while the workflow runs is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Parts = list[Any]
#: Gives the parts of what a name stands for, None where they are not known.
_Scope = Callable[[str], Parts | None]

_SUM: Final = frozenset({"_add", "_interpolation_add"})
#: How deep calls of workflows and values of values are followed.
_DEEPEST: Final = 20


def read(workflow: Any) -> dict[str, list[Parts]]:
    """Give the images of each call of a workflow of miniwdl."""
    inputs = {each.name: each for each in workflow.inputs or []}
    values = {each.name: each for each in _declared(workflow.body)}

    def scope(name: str) -> Parts | None:
        if name in inputs:
            default = _parts(inputs[name].expr, scope)
            return [{"input": name, "default": default}]
        return _parts(values[name].expr, scope) if name in values else None

    found = {call.name: _of_call(call, scope, 0) for call in calls(workflow.body)}
    return {name: images for name, images in found.items() if images}


def names(images: list[Parts], parameters: Mapping[str, Any]) -> list[str]:
    """Give the names of images under a run's parameters, without those that are not known."""
    told = (_whole(parts, parameters) for parts in images)
    return [name for name in told if name is not None]


def _whole(parts: Parts, parameters: Mapping[str, Any]) -> str | None:
    text = ""
    for part in parts:
        found: Any = part
        if isinstance(part, dict):
            found = parameters.get(part["input"])
            if found is None and part["default"] is not None:
                found = _whole(part["default"], parameters)
        if not isinstance(found, str):
            return None
        text += found
    return text


def _of_call(call: Any, outer: _Scope, depth: int) -> list[Parts]:
    """Give the images of a call: one of a task, or all of the tasks that a workflow calls."""
    callee = call.callee
    inputs = {each.name: each for each in callee.inputs or []}
    is_task = hasattr(callee, "runtime")
    body = callee.postinputs if is_task else callee.body
    values = {each.name: each for each in _declared(body)}

    def scope(name: str) -> Parts | None:
        if name in call.inputs:
            return _parts(call.inputs[name], outer)
        found = inputs.get(name) or values.get(name)
        return None if found is None else _parts(found.expr, scope)

    if is_task:
        asked = callee.runtime.get("container") or callee.runtime.get("docker")
        parts = _parts(asked, scope)
        return [] if parts is None else [parts]
    if depth >= _DEEPEST:
        return []
    return [parts for each in calls(body) for parts in _of_call(each, scope, depth + 1)]


def _parts(expression: Any, scope: _Scope, depth: int = 0) -> Parts | None:
    """Give the parts of a text's expression: literals, names, and what is put together of them."""
    if expression is None or depth >= _DEEPEST:
        return None
    if getattr(expression, "function_name", None) in _SUM:
        return _joined([_parts(each, scope, depth + 1) for each in expression.arguments])
    if hasattr(expression, "parts"):
        return _joined([_piece(each, scope, depth) for each in _within_quotes(expression.parts)])
    identifier: Any = getattr(expression, "expr", None)
    if getattr(expression, "member", None) is None and hasattr(identifier, "referee"):
        return scope(identifier.name)
    return None


def _piece(part: Any, scope: _Scope, depth: int) -> Parts | None:
    if isinstance(part, str):
        return [part]
    return None if part.options else _parts(part.expr, scope, depth + 1)


def _within_quotes(parts: list[Any]) -> list[Any]:
    """Take the quotes off: they are the first and the last part."""
    return parts[1:-1]


def _joined(pieces: list[Parts | None]) -> Parts | None:
    joined: Parts = []
    for piece in pieces:
        if piece is None:
            return None
        joined += piece
    return joined


def calls(nodes: list[Any]) -> Iterator[Any]:
    """Give the calls of a workflow of miniwdl, those inside scatters and conditions too."""
    for node in nodes:
        if hasattr(node, "callee_id"):
            yield node
        yield from calls(getattr(node, "body", []))


def _declared(nodes: list[Any]) -> Iterator[Any]:
    for node in nodes:
        if hasattr(node, "decor"):
            yield node
        yield from _declared(getattr(node, "body", []))
