"""Workflow definitions: what can be read from a zip file of WDL, Nextflow or CWL.

For WDL, where the library miniwdl is installed (the extra `wdl`), the definition is checked, and
its inputs become the parameter template. Other engines' definitions are only looked at from
outside: that the zip is one, and that it holds a main file.
"""

from __future__ import annotations

import importlib.util
import io
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

_ENGINES: Final = {".wdl": "WDL", ".nf": "NEXTFLOW", ".cwl": "CWL"}
_MOST_BYTES: Final = 100 * 2**20


@dataclass(frozen=True)
class Definition:
    """What a definition says. `problem` is why the service could not take it."""

    engine: str | None = None
    main: str | None = None
    template: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


def read(content: bytes, engine: str | None, main: str | None) -> Definition:
    """Read a zipped definition."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        return Definition(engine, main, problem="The workflow definition is not a ZIP file")
    with archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            return Definition(engine, main, problem="The workflow definition is too large")
        found = _main(names, engine, main)
        if found is None:
            return Definition(engine, main, problem=_no_main(engine, main))
        engine = engine or _ENGINES[PurePosixPath(found).suffix]
        if not engine.startswith("WDL") or importlib.util.find_spec("WDL") is None:
            return Definition(engine, found)
        with tempfile.TemporaryDirectory() as folder:
            archive.extractall(folder)
            return _read_wdl(Path(folder) / found, engine, found)


def _main(names: list[str], engine: str | None, main: str | None) -> str | None:
    """Find the main file: the one named, the only one, or the one that is called main."""
    if main is not None:
        return main if main in names else None
    suffixes = [s for s, each in _ENGINES.items() if (engine or each).startswith(each)]
    candidates = [name for name in names if PurePosixPath(name).suffix in suffixes]
    called_main = [name for name in candidates if PurePosixPath(name).stem == "main"]
    if len(candidates) == 1:
        return candidates[0]
    return called_main[0] if called_main else None


def _no_main(engine: str | None, main: str | None) -> str:
    if main is not None:
        return f"The workflow definition has no file {main}"
    return f"The workflow definition has no main file for {engine or 'WDL, NEXTFLOW or CWL'}"


def _read_wdl(path: Path, engine: str, main: str) -> Definition:
    import WDL

    try:
        document = WDL.load(str(path), check_quant=engine != "WDL_LENIENT")
    except (
        WDL.Error.SyntaxError,
        WDL.Error.ImportError,
        WDL.Error.ValidationError,
        WDL.Error.MultipleValidationErrors,
    ) as error:
        return Definition(engine, main, problem=_plain(f"The WDL definition is wrong: {error}"))
    workflow = document.workflow
    if workflow is None:
        return Definition(engine, main, problem="The WDL definition has no workflow")
    described = workflow.parameter_meta
    template = {
        declaration.name: {
            "description": _described(described.get(declaration.name), str(declaration.type)),
            "optional": bool(declaration.type.optional or declaration.expr is not None),
        }
        for declaration in workflow.inputs or []
    }
    outputs = {
        f"{workflow.name}.{output.name}": str(output.type) for output in workflow.outputs or []
    }
    return Definition(engine, main, template, tuple(_calls(workflow.body)), outputs)


def _calls(nodes: list[Any]) -> list[str]:
    """Name the calls of a workflow, those inside scatters and conditions too."""
    names: list[str] = []
    for node in nodes:
        if hasattr(node, "callee_id"):
            names.append(node.name)
        names.extend(_calls(getattr(node, "body", [])))
    return names


def _described(meta: Any, wdl_type: str) -> str:
    text = meta.get("description") if isinstance(meta, dict) else meta
    return _plain(text if isinstance(text, str) and text else wdl_type)[:256]


def _plain(text: str) -> str:
    """Put a text on one line without control characters, as the API's patterns want it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
