"""Writes the shapes of nested arguments from botocore's model, where they are out of date.

    python tools/shapes.py           writes omics_provider/workflows/rules/shapes.py
    python tools/shapes.py --check   tells whether it is out of date

A preview checks nested values without botocore, which takes a quarter of a second to import.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import botocore.session

from omics_provider.base.shapes import Shape

FILE: Final = Path(__file__).parents[1] / "omics_provider" / "workflows" / "rules" / "shapes.py"
OPERATION: Final = "CreateWorkflow"
MEMBERS: Final = ("containerRegistryMap", "definitionRepository", "parameterTemplate")
#: What the model writes for printable text.
PRINTABLE: Final = r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"

HEADER: Final = '''\
"""The shapes of a workflow's nested arguments.

Written by tools/shapes.py from botocore's model: change that, then run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from omics_provider.base.shapes import Shape

SHAPES: Final[Mapping[str, Shape]] = '''


def shape(model: Any) -> Shape:
    """Return a shape of botocore's as ours. Fails for a kind that no argument has had so far."""
    limits = model.metadata
    low, high = limits.get("min"), limits.get("max")
    match model.type_name:
        case "string":
            return _text(model, low, high)
        case "boolean":
            return Shape("boolean")
        case "list":
            return Shape("list", low, high, item=shape(model.member))
        case "map":
            return Shape("map", low, high, key=shape(model.key), item=shape(model.value))
        case "structure":
            members = {name: shape(each) for name, each in model.members.items()}
            return Shape("structure", members=members, required=tuple(model.required_members))
    raise ValueError(f"a {model.type_name} is no shape yet")


def _text(model: Any, low: int | None, high: int | None) -> Shape:
    pattern, enum = model.metadata.get("pattern"), tuple(model.metadata.get("enum", ()))
    if enum:
        return Shape("text", enum=enum)
    if pattern == PRINTABLE:
        # The pattern asks for one character where the length may not.
        return Shape("text", low or 1, high)
    return Shape("text", low, high, pattern, free=pattern is None)


def source(value: Any) -> str:
    """Return the expression of a value, without what is as it is by default."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name!r}: {source(each)}' for name, each in value.items())}}}"
    if not isinstance(value, Shape):
        return f"r{value!r}".replace("\\\\", "\\") if "\\" in str(value) else repr(value)
    default = Shape(value.kind)
    told = [f"{value.kind!r}"]
    for name in Shape.__slots__[1:]:
        each = getattr(value, name)
        if each != getattr(default, name):
            told.append(f"{name}={source(each)}")
    return f"Shape({', '.join(told)})"


def text() -> str:
    """Return what the file has to hold."""
    model = botocore.session.get_session().get_service_model("omics")
    members: Any = model.operation_model(OPERATION).input_shape
    shapes = {name: shape(members.members[name]) for name in MEMBERS}
    command = ["ruff", "format", "--stdin-filename", str(FILE), "-"]
    written = HEADER + source(shapes) + "\n"
    return subprocess.run(command, input=written, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Write the file, or tell whether it is out of date."""
    wanted = text()
    if FILE.exists() and FILE.read_text("utf-8") == wanted:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{FILE.name} is out of date: run python tools/shapes.py")
        return 1
    FILE.write_text(wanted, "utf-8")
    print(f"{FILE.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
