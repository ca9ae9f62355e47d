"""What the scatters of a WDL go over, as far as its text says it.

An array is kept as JSON: a value, an input of the workflow with its default, the element of a
scatter around it, and what is made of those. So a run's parameters tell how many tasks there are
(`runs.shards`). What is worked out while the workflow runs is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

Source = dict[str, Any] | None

#: Functions whose result has as many elements as their first argument.
_AS_LONG: Final = frozenset({"zip", "as_pairs", "keys", "prefix", "suffix", "quote", "squote"})
#: How deep values of values are followed.
_DEEPEST: Final = 20


def of_calls(workflow: Any) -> dict[str, list[Source]]:
    """Give the scatters around each call that lies in one, outermost first."""
    inputs = {each.name for each in workflow.inputs or []}
    found = {call.name: _sources(around, inputs) for call, around in _calls(workflow.body, ())}
    return {name: sources for name, sources in found.items() if sources}


def of_outputs(workflow: Any) -> dict[str, list[Source]]:
    """Give the arrays of each output whose length the text tells, outermost first."""
    inputs = {each.name for each in workflow.inputs or []}
    found = {
        f"{workflow.name}.{each.name}": _lengths(each.expr, inputs)
        for each in workflow.outputs or []
    }
    return {name: sources for name, sources in found.items() if sources}


def _lengths(expression: Any, inputs: set[str]) -> list[Source]:
    gather = _referee(expression)
    if type(gather).__name__ == "Gather":
        return _sources(_sections(gather), inputs)
    source = _source(expression, inputs, ())
    return [] if source is None else [source]


def _calls(nodes: Sequence[Any], around: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Give each call with the sections that it lies in."""
    for node in nodes:
        if hasattr(node, "callee_id"):
            yield node, around
        yield from _calls(getattr(node, "body", []), (*around, node))


def _sections(gather: Any) -> list[Any]:
    found = []
    while hasattr(gather, "section"):
        found.append(gather.section)
        gather = gather.referee
    return found


def _sources(sections: Sequence[Any], inputs: set[str]) -> list[Source]:
    """Give what the scatters among sections go over; the rest of them are conditions."""
    scatters = [each for each in sections if hasattr(each, "variable")]
    return [_source(each.expr, inputs, scatters[:n]) for n, each in enumerate(scatters)]


def _source(expression: Any, inputs: set[str], around: Sequence[Any], depth: int = 0) -> Source:
    if expression is None or depth >= _DEEPEST:
        return None
    literal = getattr(expression, "literal", None)
    if literal is not None:
        return {"value": literal.json}
    if type(expression).__name__ == "Array":
        return {"value": [None] * len(expression.items)}
    function = getattr(expression, "function_name", None)
    if function is not None:
        arguments = [_source(each, inputs, around, depth + 1) for each in expression.arguments]
        return _applied(function, arguments[0] if arguments else None)
    if getattr(expression, "member", None) is not None:
        inner = _source(expression.expr, inputs, around, depth + 1)
        return None if inner is None else {"member": expression.member, "of": inner}
    referee = _referee(expression)
    kind = type(referee).__name__
    if kind == "Gather":
        outermost = _sources(_sections(referee), inputs)[:1]
        return {"gather": outermost[0]} if outermost else None
    if referee in around:
        return {"element": list(around).index(referee)}
    if kind != "Decl":
        return None
    default = _source(referee.expr, inputs, around, depth + 1)
    return {"input": referee.name, "default": default} if referee.name in inputs else default


def _applied(function: str, first: Source) -> Source:
    if first is None:
        return None
    if function in ("range", "length"):
        return {function: first}
    return {"gather": first} if function in _AS_LONG else None


def _referee(expression: Any) -> Any:
    """Give what a plain name stands for, None for all other expressions."""
    is_plain = getattr(expression, "member", None) is None
    return getattr(getattr(expression, "expr", None), "referee", None) if is_plain else None
