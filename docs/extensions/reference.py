"""Writes docs/reference from the code: public names, the commands' help, failure codes.

The code is read, not imported: names and docstrings by griffe, in which a part "Args:" is a list.
The help is what the commands print, the table of failure codes what the package says of each, and
the native provider's pages are made from its schema; `python` on PATH is the project's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import griffe
import native_reference
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PACKAGE = "omics_provider"
#: Types of the classes' arguments and attributes.
TYPES = "resources._arguments"
PYTHON_COMMANDS = (f"python -m {PACKAGE}", f"python -m {PACKAGE}.emulator")
_SCHEMA = "from omics_provider.native.schema import document; print(document.text())"
_SUBCOMMAND = re.compile(r"^    ([a-z]+) +\S", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", _write)
    return {"version": "1", "parallel_read_safe": True}


def _write(app: Sphinx) -> None:
    root = Path(app.srcdir).parent
    folder = Path(app.srcdir) / "reference"
    schema = json.loads(_printed(root, "python", "-c", _SCHEMA))
    pages = {
        **names(root),
        **native_reference.pages(schema),
        "commands": commands(root),
        "failures": failures(root),
    }
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        page = folder / f"{name}.md"
        # A page that is the same keeps its time, so that it is not built again.
        if not page.exists() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")


# Names -------------------------------------------------------------------------------------------


def names(root: Path) -> dict[str, str]:
    """Return a page for each name in the package's `__all__`."""
    package = griffe.load(
        PACKAGE,
        search_paths=[str(root)],
        docstring_parser="google",
        docstring_options={
            "returns_multiple_items": False,
            "returns_named_value": False,
            # The types of a class's arguments are those of its TypedDict.
            "warn_missing_types": False,
            "warn_unknown_params": False,
        },
    )
    assert isinstance(package, griffe.Module)
    exported = package.exports
    if not exported:
        raise ExtensionError(f"{PACKAGE} has no __all__ that can be read")
    return {str(name): "\n".join(_page(package, str(name))) for name in sorted(map(str, exported))}


def _page(package: griffe.Module, name: str) -> Iterator[str]:
    found = package[name]
    target = found.final_target if found.is_alias else found
    source = Path(str(target.filepath)).relative_to(package.filepath.parents[1])
    yield f"# {name}\n"
    yield f"```python\nfrom {PACKAGE} import {name}\n```\n"
    if target.is_class:
        yield from _class(target)
    elif target.is_function:
        yield from _function(target, heading="")
    else:
        yield from _docstring(target)
    yield f"Source: [{source}](../../{source})\n"


def _class(cls: Any) -> Iterator[str]:
    if "dataclass" in cls.labels:
        yield f"```python\n{_signature(cls)}\n```\n"
        yield from _docstring(cls)
        return
    if _is_types(cls):
        yield from _docstring(cls)
        yield from (_entry(name, kind, "") for name, kind in _keys(cls).items())
        yield ""
        return
    headings = {"parameters": "## Arguments\n", "attributes": "## Attributes\n"}
    yield from _docstring(cls, headings)
    if "__init__" in cls.members and cls.members["__init__"].docstring:
        yield headings["parameters"]
        yield from _docstring(cls.members["__init__"], skip_text=True)
    yield from _attributes(cls)
    for member in _members(cls):
        if member.is_function and not member.name.startswith("_"):
            yield from _function(member, heading=f"## {_title(cls, member)}\n")


def _members(cls: Any) -> Iterator[Any]:
    """Give what a class has of its own and of the package's classes that it is made of."""
    inherited = [base for base in cls.mro() if base.path.startswith(PACKAGE)]
    found: dict[str, Any] = {}
    for each in (cls, *inherited):
        for name, member in each.members.items():
            found.setdefault(name, member)
    yield from found.values()


def _is_types(cls: Any) -> bool:
    return str(cls.path).startswith(f"{PACKAGE}.{TYPES}.")


def _keys(typed_dict: Any) -> dict[str, Any]:
    """Return the keys of a TypedDict, those of its bases first, each with its type."""
    found: dict[str, Any] = {}
    for base in (*reversed(typed_dict.mro()), typed_dict):
        found |= {name: m.annotation for name, m in base.members.items() if m.is_attribute}
    return found


def _types(cls: Any) -> dict[str, Any]:
    """Return the types of a class's arguments, or those of a function."""
    function = cls.members["__init__"] if cls.is_class else cls
    found = {}
    for each in function.parameters:
        unpacked = re.fullmatch(r"Unpack\[(\w+)\]", str(each.annotation))
        if unpacked:
            found |= _keys(cls.package[TYPES][unpacked[1]])
        elif each.name not in ("self", "cls"):
            found[each.name] = each.annotation
    return found


def _title(cls: Any, function: Any) -> str:
    prefix = f"{cls.name}." if "classmethod" in function.labels else ""
    return f"{prefix}{function.name}()"


def _function(function: Any, heading: str) -> Iterator[str]:
    if heading:
        yield heading
    yield f"```python\n{_signature(function)}\n```\n"
    yield from _docstring(function)


def _signature(function: Any) -> str:
    shown: list[str] = []
    kind = griffe.ParameterKind
    for each in function.parameters:
        if each.name in ("self", "cls"):
            continue
        if each.kind is kind.keyword_only and "*" not in shown:
            shown.append("*")
        annotation = f": {each.annotation}" if each.annotation is not None else ""
        default = f" = {each.default}" if each.default is not None else ""
        shown.append(f"{each.name}{annotation}{default}")
    inner = "".join(f"    {each},\n" for each in shown)
    returned = None if function.is_class else function.returns
    returns = f" -> {returned}" if returned is not None else ""
    return f"{function.name}(\n{inner}){returns}" if shown else f"{function.name}(){returns}"


def _attributes(cls: Any) -> Iterator[str]:
    """Give the attributes that the class's docstring does not list."""
    kind = griffe.DocstringSectionKind.attributes
    if any(section.kind is kind for section in cls.docstring.parsed):
        return
    members = [m for m in cls.members.values() if m.is_attribute and not m.name.startswith("_")]
    if members:
        yield "## Attributes\n"
        yield from (_entry(member.name, member.annotation, _text(member)) for member in members)


def _text(member: Any) -> str:
    text = str(member.docstring.value) if member.docstring else _comment(member)
    if not text:
        raise ExtensionError(f"{member.path} is public and has no docstring")
    return text.strip()


def _comment(member: Any) -> str:
    """Return the lines `#: ...` above an attribute."""
    text = Path(str(member.filepath)).read_text("utf-8")
    above = re.search(rf"((?:^ +#: .*\n)+) +{member.name}\b *[:=]", text, re.MULTILINE)
    return " ".join(re.findall(r"#: (.*)", above[1])) if above else ""


def _docstring(
    found: Any, headings: Mapping[str, str] | None = None, *, skip_text: bool = False
) -> Iterator[str]:
    _text(found)
    kinds = griffe.DocstringSectionKind
    for section in found.docstring.parsed:
        if headings and section.kind.value in headings:
            yield headings[section.kind.value]
        if section.kind is kinds.text:
            if not skip_text:
                yield f"{_plain(section.value)}\n"
        elif section.kind is kinds.parameters:
            yield from _arguments(found, section.value)
        elif section.kind is kinds.attributes:
            yield from _told(found, section.value)
        elif section.kind is kinds.returns:
            yield "**Returns**\n"
            yield from (f"{_plain(each.description)}\n" for each in section.value)
        elif section.kind is kinds.raises:
            yield "**Raises**\n"
            for each in section.value:
                yield _entry(str(each.annotation), None, each.description)
        else:
            raise ExtensionError(f"{found.path}: a docstring part of kind {section.kind.value}")


def _arguments(function: Any, described: Any) -> Iterator[str]:
    declared = _types(function)
    for each in described:
        if each.name not in declared:
            raise ExtensionError(f"{function.path} describes {each.name}, which is not an argument")
        yield _entry(each.name, declared[each.name], each.description)
    missing = set(declared) - {each.name for each in described}
    # A cohort's further arguments are described where they are OmicsRun's.
    if missing and function.name != "RunCohort":
        raise ExtensionError(f"{function.path} does not describe {', '.join(sorted(missing))}")


def _told(cls: Any, described: Any) -> Iterator[str]:
    members = {member.name: member for member in _members(cls)}
    for each in described:
        if each.name not in members:
            raise ExtensionError(f"{cls.path} describes {each.name}, which is no attribute")
        yield _entry(each.name, members[each.name].annotation, each.description)


def _entry(name: str, annotation: Any, text: str) -> str:
    shown = re.sub(r"^Required\[(.*)\]$", r"\1", str(annotation))
    kind = f" *{_plain(shown)}*" if annotation is not None else ""
    body = _plain(text).replace("\n", "\n  ")
    return f"`{name}`{kind}\n: {body}\n" if body else f"- `{name}`{kind}"


def _plain(text: str) -> str:
    """Return the text with what is no Markdown in a docstring escaped, outside of code."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([\[\]<>*_])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


# Commands ----------------------------------------------------------------------------------------


def commands(root: Path) -> str:
    """Return the page of the commands: what each prints with --help."""
    shown = ["# Commands\n", "What each command prints with `--help`.\n"]
    for command in PYTHON_COMMANDS:
        text = _printed(root, *command.split(), "--help")
        shown += [f"## {command}\n", f"```text\n{text}\n```\n"]
        for name in _SUBCOMMAND.findall(text.partition("positional arguments:")[2]):
            inner = _printed(root, *command.split(), name, "--help")
            shown += [f"### {name}\n", f"```text\n{inner}\n```\n"]
    shown += ["## make\n", f"```text\n{_printed(root, 'make', '-s', 'help').expandtabs(12)}\n```\n"]
    return "\n".join(shown)


_REASONS = """\
from omics_provider.explain.rules.reasons import REASONS
for code, reason in sorted(REASONS.items()):
    print(code, reason.meaning, reason.advice, sep="\\t")
"""


def failures(root: Path) -> str:
    """Return the page of failure codes: what each means, and what to do."""
    shown = [
        "# Failure codes\n",
        "What a failed run's `failure_reason` means, and what to do. `python -m omics_provider "
        "explain RUN_ID` adds the failed task, and the end of its log.\n",
        "| code | meaning | what to do |\n| --- | --- | --- |",
    ]
    for line in _printed(root, "python", "-c", _REASONS).splitlines():
        code, meaning, advice = line.split("\t")
        shown.append(f"| `{code}` | {_plain(meaning)} | {_plain(advice)} |")
    return "\n".join(shown) + "\n"


def _printed(root: Path, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [shutil.which(program) or program, *arguments],
        cwd=root,
        env={**os.environ, "COLUMNS": "88", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0:
        asked = " ".join([program, *arguments])
        raise ExtensionError(f"`{asked}` ended with {done.returncode}: {done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
