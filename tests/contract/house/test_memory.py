"""What a process remembers lives in its Update; only one module walks the frames of its callers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "omics_provider"
SLICES = ("runs", "batches", "workflows", "shared", "waits", "preflight", "explain", "engine")
#: Calls that make something to change later.
MAKERS = {
    "bytearray", "Counter", "defaultdict", "deque", "dict", "Event", "list", "Lock", "OrderedDict",
    "RLock", "set", "ThreadPoolExecutor",
}  # fmt: skip
CACHES = {"cache", "lru_cache"}


def name_of(node: ast.expr) -> str:
    """The last part of a name or an attribute, through a call."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    return isinstance(value, ast.Call) and name_of(value) in MAKERS


def is_final(node: ast.AnnAssign | ast.Assign) -> bool:
    return isinstance(node, ast.AnnAssign) and name_of(node.annotation) == "Final"


def memories(source: str) -> Iterator[str]:
    """What of a module's text outlives a call: variables, `global`, cached functions."""
    tree = ast.parse(source)
    for node in tree.body:
        match node:
            case ast.Assign() | ast.AnnAssign() if is_mutable(node.value) and not is_final(node):
                yield f"line {node.lineno}: a module's variable that can change"
            case ast.FunctionDef() if any(name_of(d) in CACHES for d in node.decorator_list):
                yield f"line {node.lineno}: {node.name} remembers its answers"
    for each in ast.walk(tree):
        if isinstance(each, ast.Global):
            yield f"line {each.lineno}: global {', '.join(each.names)}"


def modules() -> list[Path]:
    return [path for each in SLICES for path in sorted((PACKAGE / each).rglob("*.py"))]


@pytest.mark.parametrize("module", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_of_a_slice_remembers_anything(module: Path) -> None:
    assert list(memories(module.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "_made = set()",
        "_made: set[str] = set()",
        "_lists = []",
        "_lock = threading.Lock()",
        "def f():\n    global _done",
        "@functools.cache\ndef f(): ...",
        "_d = collections.defaultdict(list)",
    ],
)
def test_a_memory_is_found(source: str) -> None:
    assert list(memories(source)) != []


@pytest.mark.parametrize("source", ['NAMES: Final = {"a": 1}', "LIMIT: Final = 3", "def f(): ..."])
def test_a_constant_is_none(source: str) -> None:
    assert list(memories(source)) == []


def test_one_module_walks_frames() -> None:
    walking = ("_getframe", "currentframe", "f_back", "inspect.stack")
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in walking)
    }
    assert found == {"providers/_host.py"}
