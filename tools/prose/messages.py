"""The messages of the package: the texts that its errors are made with.

A message is a string constant or an f-string of the code, with … for each value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "omics_provider"
VALUE = "…"
#: Classes of base/errors.py, and those by which a program stops.
ERRORS = {
    *(
        node.name
        for node in ast.parse((PACKAGE / "base" / "errors.py").read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    ),
    "SheetError",
}


def template(node: ast.AST) -> str | None:
    """Return the text of a string or f-string, with … for its values."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = (
            template(part) if isinstance(part, ast.Constant) else VALUE for part in node.values
        )
        return "".join(part or "" for part in parts)
    return None


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Give the modules of the package but the emulator's, with their names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] != "emulator":
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def texts() -> list[str]:
    """Return every text in the package."""
    found = (template(node) for _, tree in modules() for node in ast.walk(tree))
    return [text for text in found if text]


def messages() -> Iterator[tuple[str, str]]:
    """Give the messages that errors are made with by name, with the places."""
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                text = _of_error(node)
                if text and len(text.replace(VALUE, " ").split()) > 2:
                    yield f"{module}:{node.lineno}", text


def _of_error(call: ast.Call) -> str | None:
    """Return what an error says: OmicsError's second argument, the first one of others."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = getattr(getattr(function, "value", None), "id", "")
    place = 0 if name == "ValueError" or owner == "pulumi" else 1
    is_error = name in ERRORS or name == "ValueError"
    return template(call.args[place]) if is_error and len(call.args) > place else None
