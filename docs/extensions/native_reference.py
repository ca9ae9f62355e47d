"""The reference of the native provider, from its schema: pages of resources, functions, types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Spec = Mapping[str, Any]

#: Programs in the order in which a page has them, and what they are called.
LANGUAGES = {"yaml": "YAML", "typescript": "TypeScript", "python": "Python", "go": "Go"}
_SPELLING = (
    "Names are those of YAML and TypeScript. Python has them in snake_case, Go in PascalCase.\n"
)
_PREFIX = "#/types/omics:index:"


def pages(schema: Spec) -> dict[str, str]:
    """Return the pages by their names."""
    found = {
        f"native-{_name(token)}": "\n".join(_resource(schema, token, spec))
        for token, spec in schema["resources"].items()
    }
    found["native-functions"] = "\n".join(_functions(schema))
    found["native-types"] = "\n".join(_types(schema))
    found["native-configuration"] = "\n".join(_configuration(schema))
    return found


def _name(token: str) -> str:
    return token.rpartition(":")[2]


def _resource(schema: Spec, token: str, spec: Spec) -> Iterator[str]:
    text, examples = _parts(spec["description"])
    given, told = spec["inputProperties"], spec["properties"]
    yield f"# omics:{_name(token)}\n"
    yield f"{text}\n"
    yield _SPELLING
    yield "## Inputs\n"
    yield from _properties(schema, given, spec["requiredInputs"])
    yield "## Outputs\n"
    own = {wire: each for wire, each in told.items() if not _is_told_again(given.get(wire), each)}
    if own.keys().isdisjoint(given) and len(own) < len(told):
        yield "Each input is an output, too: its value as declared.\n"
    if not spec.get("isComponent"):
        yield "`id` *string*\n: The id that the service gave it.\n"
    yield from _properties(schema, own, ())
    yield "## Examples\n"
    yield from _examples(examples, "###")


def _is_told_again(given: Spec | None, told: Spec) -> bool:
    apart = ("description", "default", "willReplaceOnChanges")
    same = [{k: v for k, v in (spec or {}).items() if k not in apart} for spec in (given, told)]
    return same[0] == same[1]


def _functions(schema: Spec) -> Iterator[str]:
    yield "# Functions of the native provider\n"
    yield _SPELLING
    for token, spec in schema["functions"].items():
        text, examples = _parts(spec["description"])
        inputs = spec["inputs"]
        yield f"## omics:{_name(token)}\n"
        yield f"{text}\n"
        yield "### Inputs\n"
        yield from _properties(schema, inputs["properties"], inputs.get("required", ()))
        yield "### Outputs\n"
        yield from _properties(schema, spec["outputs"]["properties"], ())
        yield "### Examples\n"
        yield from _examples(examples, "####")


def _types(schema: Spec) -> Iterator[str]:
    yield "# Objects of the native provider\n"
    yield "What inputs and outputs of the native provider refer to.\n"
    for token, spec in schema["types"].items():
        if spec["type"] == "object":
            yield f"## {_name(token)}\n"
            yield from _properties(schema, spec["properties"], spec.get("required", ()))


def _configuration(schema: Spec) -> Iterator[str]:
    yield "# Configuration of the native provider\n"
    yield (
        "Keys of the namespace `omics` in a stack's configuration, such as `omics:region`. An "
        "explicit provider takes the same as inputs.\n"
    )
    yield from _properties(schema, schema["config"]["variables"], ())


# Parts of a page ---------------------------------------------------------------------------------


def _parts(description: str) -> tuple[str, dict[str, str]]:
    """Return what is said, and the programs by language."""
    said, _, shown = description.partition("{{% examples %}}")
    blocks = shown.split("```")[1::2]
    programs = (block.partition("\n") for block in blocks)
    return said.strip(), {language: code for language, _, code in programs}


def _examples(examples: Mapping[str, str], heading: str) -> Iterator[str]:
    for language, title in LANGUAGES.items():
        yield f"{heading} {title}\n"
        yield f"```{language}\n{examples[language]}```\n"


def _properties(schema: Spec, properties: Spec, required: Any) -> Iterator[str]:
    for wire, spec in properties.items():
        marks = ", ".join(_marks(schema, spec, is_required=wire in required))
        yield f"`{wire}` *{marks}*\n: {spec['description']}\n"


def _marks(schema: Spec, spec: Spec, *, is_required: bool) -> Iterator[str]:
    yield _type(schema, spec)
    if is_required:
        yield "required"
    if "default" in spec:
        yield f"default `{_value(spec['default'])}`"
    if spec.get("secret"):
        yield "secret"
    if spec.get("willReplaceOnChanges"):
        yield "a change replaces it"


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(schema: Spec, spec: Spec) -> str:
    """Return a type in words: an enum is its values."""
    reference = spec.get("$ref", "")
    if reference.startswith(_PREFIX):
        name = reference.removeprefix(_PREFIX)
        found = schema["types"][f"omics:index:{name}"]
        if "enum" in found:
            values = [f"`{each['value']}`" for each in found["enum"]]
            return f"one of {', '.join(values)}" if len(values) > 1 else values[0]
        return f"[{name}](native-types.md#{name.lower()})"
    if reference:
        return "any value"
    if spec["type"] == "array":
        return f"list of {_type(schema, spec['items'])}"
    if spec["type"] == "object":
        return f"map of {_type(schema, spec['additionalProperties'])}"
    return str(spec["type"])
