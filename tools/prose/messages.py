"""The messages of the package: what its errors are made with, and every text that it says.

A message is a string constant or an f-string of the code, with … for each value.
"""

from __future__ import annotations

import ast
import inspect
import re
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
#: A text of prose has this many words at least; SQL, patterns and names are left out.
_FEWEST = 3
_WORD = re.compile(r"\b[A-Za-z]+\b")
_SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|ROLLBACK|PRAGMA|FROM) ")
#: A text that begins a paragraph of its own in a docstring: an item, or an argument.
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:- |\w+: ))")
#: Where the docstrings are read by those who write programs.
_DOCUMENTED = "omics_provider/resources/"


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


def modules(*, emulator: bool = False) -> Iterator[tuple[str, ast.Module]]:
    """Give the modules of the package with their names, the emulator's only where asked for."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if emulator or path.relative_to(PACKAGE).parts[0] != "emulator":
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


def words() -> Iterator[tuple[str, str]]:
    """Give every text of the package that people read, the emulator's too, with the places."""
    for module, tree in modules(emulator=True):
        unread = {id(each) for node in ast.walk(tree) for each in _unread(node)}
        for node in ast.walk(tree):
            text = template(node)
            if text and id(node) not in unread and _is_prose(text):
                yield f"{module}:{getattr(node, 'lineno', 0)}", text
        if module.startswith(_DOCUMENTED):
            yield from _docstrings(module, tree)


def _unread(node: ast.AST) -> list[ast.expr]:
    """Return a docstring, and the parts of an f-string, which is read as a whole."""
    if isinstance(node, ast.Expr):
        return [node.value]
    return node.values if isinstance(node, ast.JoinedStr) else []


def _docstrings(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Give the paragraphs of the docstrings of public names."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and not node.name.startswith("_"):
            text = inspect.cleandoc(ast.get_docstring(node) or "")
            for paragraph in _PARAGRAPH.split(text):
                yield f"{module}:{node.lineno}", " ".join(paragraph.split())


def _is_prose(text: str) -> bool:
    """Tell whether a text is of words, not SQL or a pattern."""
    found = _WORD.findall(text.replace(VALUE, " "))
    return len(found) >= _FEWEST and " " in text.strip() and not _SQL.match(text)


def _of_error(call: ast.Call) -> str | None:
    """Return what an error says: OmicsError's second argument, the first one of others."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = getattr(getattr(function, "value", None), "id", "")
    place = 0 if name == "ValueError" or owner == "pulumi" else 1
    is_error = name in ERRORS or name == "ValueError"
    return template(call.args[place]) if is_error and len(call.args) > place else None
