"""Writes what type checkers and readers see of the tables of arguments, where it is out of date.

    python tools/arguments.py           writes it
    python tools/arguments.py --check   tells which files are out of date

A table's row is the one place of an argument. From it come `resources/_arguments.py`, with a
TypedDict for each signature and the types of each class's attributes, and in each class's docstring
all from "Args:" on.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from omics_provider.base.table import Argument, Field, Kind, Table
from omics_provider.batches.rules import batch_table
from omics_provider.runs.rules import run_table
from omics_provider.shared.rules.tables import CACHE, GROUP
from omics_provider.workflows.rules.workflow_table import TABLE as WORKFLOW

ROOT = Path(__file__).parents[1]
RESOURCES = ROOT / "omics_provider" / "resources"
TYPES = RESOURCES / "_arguments.py"
WIDTH = 100

HEADER = '''\
"""What each class takes and tells, for type checkers.

Written by tools/arguments.py from the tables of arguments: change those, then run it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from pulumi import Input, Output, ResourceOptions

from omics_provider.base.settings import Mode
from omics_provider.sheets.parameters import Parameters
from omics_provider.sheets.sheet import Row

from ._samples import Samples

PathInput = Input[str] | Input[os.PathLike[str]]
'''


class Class(NamedTuple):
    """A class of the program: its file, its table, and the words on its name."""

    file: str
    table: Table
    name: str = "resource_name: Pulumi's name of the resource, unique in the stack."
    #: Whether its docstring describes the fields.
    describes: bool = True


CLASSES = (
    Class("run.py", run_table.TABLE),
    Class("run_batch.py", batch_table.TABLE),
    Class("shared.py", GROUP),
    Class("shared.py", CACHE),
    Class("workflow.py", WORKFLOW),
    Class(
        "cohort.py",
        run_table.COHORT,
        "name: Pulumi's name of the cohort, and the beginning of the names of its runs.",
        describes=False,
    ),
)


# Types -------------------------------------------------------------------------------------------

_GIVEN = {
    Kind.INTEGER: "int",
    Kind.DOCUMENT: "Mapping[str, Any]",
    Kind.TAGS: "Mapping[str, Input[str]]",
    Kind.RETRY: "Retry",
}
_TOLD = {
    Kind.INTEGER: "int",
    Kind.DOCUMENT: "Mapping[str, Any]",
    Kind.TAGS: "Mapping[str, str]",
    Kind.JSON: "Any",
    Kind.CHOICES: "Sequence[str]",
    Kind.RETRY: "Mapping[str, Any]",
}


def given(field: Field) -> str:
    """Return the type of a field's argument, without None."""
    if field.type or field.kind is Kind.JSON:
        return field.type or "Any"
    one = f"Literal[{', '.join(map(_quoted, field.enum))}]" if field.enum else "str"
    if field.kind is Kind.CHOICES:
        return f"Input[Sequence[Input[{one}]]]"
    return f"Input[{_GIVEN.get(field.kind, one)}]"


def told(field: Field) -> str:
    """Return the type of a field's attribute, inside of Output."""
    kind = _TOLD.get(field.kind, "str")
    if field.kind is Kind.JSON and field.type:
        kind = (
            field.type.removeprefix("Input[").removesuffix("]")
            if "Input" in field.type
            else field.type
        )
    return kind if field.required or field.filled or kind == "Any" else f"{kind} | None"


def _quoted(text: str) -> str:
    return f'"{text}"'


class Entry(NamedTuple):
    """A key of a TypedDict."""

    name: str
    type: str


def entry(each: Field | Argument, *, required: bool = False, none_inside: bool = False) -> Entry:
    """Return the key of an argument; `none_inside` lets a tag be None, which takes it away."""
    if isinstance(each, Argument):
        return Entry(each.name, f"Required[{each.type}]" if each.required else each.type)
    kind = given(each)
    if none_inside:
        kind = kind.replace("Input[str]]", "Input[str] | None]")
    if required:
        return Entry(each.name, f"Required[{kind}]")
    return Entry(each.name, kind if kind == "Any" else f"{kind} | None")


def typed_dict(name: str, base: str, doc: str, entries: Iterable[Entry]) -> str:
    """Return the source of a TypedDict."""
    lines = "\n".join(f"    {each.name}: {each.type}" for each in entries)
    return f'class {name}({base}, total=False):\n    """{doc}"""\n\n{lines}\n'


def attributes(name: str, doc: str, told_of: Iterable[tuple[str, str]]) -> str:
    """Return the source of a class with the types of attributes."""
    lines = "\n".join(f"    {name}: Output[{kind}]" for name, kind in told_of)
    return f'class {name}:\n    """{doc}"""\n\n{lines}\n'


def told_by(table: Table) -> dict[str, str]:
    """Return the types of a resource's attributes, by name."""
    told_of = {fact.name: fact.type for fact in table.facts}
    return {**told_of, **{field.name: told(field) for field in table.fields}}


def types() -> str:
    """Return the text of `_arguments.py`."""
    source = "\n\n".join([HEADER, *_typed_dicts(), *_attributes()])
    command = ["ruff", "format", "--stdin-filename", str(TYPES), "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def _typed_dicts() -> Iterator[str]:
    of_run, of_batch = run_table.TABLE.by_name, batch_table.TABLE.by_name
    retry = of_run["retry"]
    choices = ", ".join(map(_quoted, retry.enum))
    yield typed_dict(
        "Retry",
        "TypedDict",
        "How often a run that fails for no fault of its inputs is started, and for which codes.",
        [
            Entry("attempts", "Required[Input[int]]"),
            Entry("on", f"Input[Sequence[Input[Literal[{choices}]]]]"),
        ],
    )
    differing = {"role_arn", "output_uri", "name", "parameters", "tags"}
    both = [name for name in of_run if name in of_batch and name not in differing | {"rerun"}]
    both = [name for name in both if given(of_run[name]) == given(of_batch[name])]
    preflight = entry(run_table.TABLE.arguments[0])
    yield typed_dict(
        "_Shared",
        "TypedDict",
        "What runs and batches take alike.",
        [*(entry(of_run[name]) for name in both), preflight],
    )
    rest = [entry(field) for name, field in of_run.items() if name not in {*both, *differing}]
    yield typed_dict("_Run", "_Shared", "What runs and cohorts take alike.", rest)
    own = [of_run[name] for name in of_run if name in differing]
    yield typed_dict(
        "RunArguments", "_Run", "Arguments of OmicsRun.",
        [entry(field, required=field.required) for field in own],
    )  # fmt: skip
    yield typed_dict(
        "RunTemplate", "_Run", "Arguments of OmicsRun as a cohort shares or overrides them.",
        [*(entry(each, none_inside=True) for each in own), Entry("opts", "ResourceOptions | None")],
    )  # fmt: skip
    taken = {argument.name for argument in run_table.COHORT.arguments}
    passed_on = [entry(f) for f in own if f.name not in taken and f.name != "name"]
    yield typed_dict(
        "CohortArguments", "_Run", "Arguments of RunCohort.",
        [*map(entry, run_table.COHORT.arguments), *passed_on],
    )  # fmt: skip
    yield from _of_batches(both)


def _of_batches(both: Sequence[str]) -> Iterator[str]:
    of_batch, own = batch_table.TABLE.by_name, batch_table.TABLE.arguments
    apart = {argument.name for argument in own} | set(both)
    yield typed_dict(
        "_RunBatch", "_Shared", "What a batch and its template take alike.",
        [entry(field) for name, field in of_batch.items() if name not in apart],
    )  # fmt: skip
    yield typed_dict(
        "RunBatchArguments", "_RunBatch", "Arguments of OmicsRunBatch.",
        [entry(each) for each in own if each.name != "preflight"],
    )  # fmt: skip
    yield typed_dict(
        "RunBatchTemplate", "_RunBatch", "Arguments that all runs of a batch share.",
        [entry(of_batch["parameters"])],
    )  # fmt: skip
    yield typed_dict(
        "RunBatchOverride", "TypedDict", "What one sample of a batch may have of its own.",
        [entry(field, none_inside=True) for field in batch_table.OWN],
    )  # fmt: skip
    for name, table in (("RunGroup", GROUP), ("RunCache", CACHE), ("Workflow", WORKFLOW)):
        keys = [entry(field, required=field.required) for field in table.fields]
        yield typed_dict(f"{name}Arguments", "TypedDict", f"Arguments of {table.resource}.", keys)


def _attributes() -> Iterator[str]:
    shared = told_by(run_table.TABLE).items() & told_by(batch_table.TABLE).items()
    alike = [each for each in told_by(run_table.TABLE).items() if each in shared]
    yield attributes("_SharedAttributes", "What runs and batches tell alike.", alike)
    for table in (each.table for each in CLASSES if each.table.fields):
        has_shared = table in (run_table.TABLE, batch_table.TABLE)
        own = [each for each in told_by(table).items() if not has_shared or each not in shared]
        name = f"{table.resource.removeprefix('Omics')}Attributes"
        base = "(_SharedAttributes)" if has_shared else ""
        yield attributes(f"{name}{base}", f"Attributes of {table.resource}.", own)


# Docstrings --------------------------------------------------------------------------------------


def described(each: Class) -> str:
    """Return the end of a class's docstring: all from "Args:" on."""
    table = each.table
    own = [(argument.name, argument.doc) for argument in table.arguments]
    taken = {name for name, _ in own}
    fields = [(f.name, f.doc) for f in table.fields if f.name not in taken] * each.describes
    opts = (
        "opts",
        "Pulumi's resource options. It may also be the second argument, without a name.",
    )
    facts = [(fact.name, fact.doc) for fact in table.facts]
    facts += [(f.name, f.doc) for f in table.fields if f.name in taken]
    # What a class can't do without comes first.
    both = [*own, *fields] if any(each.required for each in table.arguments) else [*fields, *own]
    lines = ["Args:", *_items([tuple(each.name.split(": ", 1)), *both, opts])]
    lines += ["", "Attributes:", *_items(facts)]
    if fields:
        lines += ["", "Each argument is an attribute, too: its value as declared."]
    return textwrap.indent("\n".join(lines), "    ") + "\n    "


def _items(pairs: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for name, text in pairs:
        yield textwrap.fill(
            f"{name}: {text}",
            WIDTH - 4,
            initial_indent=" " * 4,
            subsequent_indent=" " * 8,
            break_long_words=False,
            break_on_hyphens=False,
        )


def documented(source: str, each: Class) -> str:
    """Return a file's text with the class's docstring brought up to date."""
    cls = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == each.table.resource
    )
    doc = cls.body[0]
    assert isinstance(doc, ast.Expr)
    assert doc.end_lineno is not None
    lines = source.splitlines(keepends=True)
    text = "".join(lines[doc.lineno - 1 : doc.end_lineno])
    by_hand = text.partition("    Args:\n")[0] if "    Args:\n" in text else text
    by_hand = by_hand.rstrip().removesuffix('"""').rstrip()
    lines[doc.lineno - 1 : doc.end_lineno] = [f'{by_hand}\n\n{described(each)}"""\n']
    return "".join(lines)


def texts() -> dict[Path, str]:
    """Return what each file has to hold."""
    found = {TYPES: types()}
    for each in CLASSES:
        path = RESOURCES / each.file
        found[path] = documented(found.get(path) or path.read_text("utf-8"), each)
    return found


def main() -> int:
    """Write the files, or tell which ones are out of date."""
    old = [path for path, text in texts().items() if _content(path) != text]
    if "--check" in sys.argv[1:]:
        for path in old:
            print(f"{path.relative_to(ROOT)} is out of date: run python tools/arguments.py")
        return 1 if old else 0
    for path in old:
        path.write_text(texts()[path], "utf-8")
        print(f"{path.relative_to(ROOT)} written")
    return 0


def _content(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
