"""Workflow definitions: what can be read from a zip file of WDL, Nextflow or CWL.

For WDL, where the library miniwdl is installed (the extra `wdl`), the definition is checked, and
its inputs become the parameter template. Other engines' definitions are only looked at from
outside: that the zip is one, and that it holds a main file.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from . import containers, scatters, types, wdl
from .scatters import Source

_ENGINES: Final = {".wdl": "WDL", ".nf": "NEXTFLOW", ".cwl": "CWL"}
_AMOUNT: Final = re.compile(r"\s*([0-9.]+)\s*([A-Za-z]*)\s*")
#: Units of memory in GiB (WDL 1.0); a plain number is bytes.
_GIB: Final = {
    "": 2**-30, "B": 2**-30, "KiB": 2**-20, "MiB": 2**-10, "GiB": 1.0, "TiB": 2.0**10,
    "KB": 1e3 / 2**30, "MB": 1e6 / 2**30, "GB": 1e9 / 2**30, "TB": 1e12 / 2**30,
}  # fmt: skip
_MOST_BYTES: Final = 100 * 2**20


@dataclass(frozen=True)
class Definition:
    """What a definition says. `problem` is why the service could not take it.

    `needs` gives vCPUs and GiB of memory of the tasks that ask for both, or for one, in numbers.
    `scatters` gives what the scatters around a call go over, `arrays` what makes an output long.
    `inputs` gives the types of the inputs, and `images` the images of each call, where known.
    """

    engine: str | None = None
    main: str | None = None
    template: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    needs: dict[str, tuple[float, float]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    scatters: dict[str, list[Source]] = field(default_factory=dict)
    arrays: dict[str, list[Source]] = field(default_factory=dict)
    inputs: dict[str, types.Kept] = field(default_factory=dict)
    images: dict[str, list[containers.Parts]] = field(default_factory=dict)
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
        if not engine.startswith("WDL") or not wdl.is_here():
            return Definition(engine, found)
        with tempfile.TemporaryDirectory() as folder:
            archive.extractall(folder)
            return _read_wdl(Path(folder), engine, found)


def _main(names: list[str], engine: str | None, main: str | None) -> str | None:
    """Find the main file: the one named, or one of those nearest to the root.

    There it is the only one, or the one that is called main. Hidden files do not count, and without
    an engine the files must be of one.
    """
    if main is not None:
        return main if main in names else None
    suffixes = [s for s, each in _ENGINES.items() if (engine or each).startswith(each)]
    candidates = [
        path
        for path in map(PurePosixPath, names)
        if path.suffix in suffixes and not any(part.startswith(".") for part in path.parts)
    ]
    if not candidates or len({path.suffix for path in candidates}) > 1:
        return None
    depth = min(len(path.parts) for path in candidates)
    nearest = [path for path in candidates if len(path.parts) == depth]
    called_main = [path for path in nearest if path.stem == "main"]
    if len(nearest) == 1:
        return str(nearest[0])
    return str(called_main[0]) if called_main else None


def _no_main(engine: str | None, main: str | None) -> str:
    if main is not None:
        return f"The workflow definition has no file {main}"
    return f"The workflow definition has no main file for {engine or 'WDL, NEXTFLOW or CWL'}"


def _read_wdl(folder: Path, engine: str, main: str) -> Definition:
    try:
        document = wdl.load(folder / main, is_strict=engine != "WDL_LENIENT")
    except wdl.Unreadable as unreadable:
        told = "; ".join(_told(unreadable.error, folder))
        return Definition(engine, main, problem=plain(f"The WDL definition is wrong: {told}"))
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
    calls = list(containers.calls(workflow.body))
    return Definition(
        engine,
        main,
        template,
        tasks=tuple(call.name for call in calls),
        needs={call.name: found for call in calls if (found := _needs(call.callee))},
        outputs=outputs,
        inputs=_inputs(workflow),
        images=containers.read(workflow),
        scatters=scatters.of_calls(workflow),
        arrays=scatters.of_outputs(workflow),
    )


def _inputs(workflow: Any) -> dict[str, types.Kept]:
    """Give the type of each input. One with a default may be left out, and may be null."""
    return {
        each.name: {**types.kept(each.type), "optional": each.type.optional or bool(each.expr)}
        for each in workflow.inputs or []
    }


def _told(error: Any, folder: Path) -> Iterator[str]:
    """Give the problems of a WDL, each with its file, line and column as miniwdl writes them."""
    several = getattr(error, "exceptions", None)
    if several:
        for each in several:
            yield from _told(each, folder)
        return
    if error.__cause__ is not None and hasattr(error.__cause__, "pos"):
        # An import that failed: what is wrong is in the imported file.
        yield from _told(error.__cause__, folder)
        return
    position = getattr(error, "pos", None)
    if position is None:
        yield str(error)
        return
    place = Path(position.abspath)
    name = place.relative_to(folder) if place.is_relative_to(folder) else place.name
    yield f"({name} Ln {position.line} Col {position.column}) {error}"


def _needs(task: Any) -> tuple[float, float] | None:
    """Give the vCPUs and GiB that a task asks for; what depends on its inputs is not worked out."""
    asked = getattr(task, "runtime", {})
    cpus = _number(asked.get("cpu"), {"": 1.0})
    memory = _number(asked.get("memory"), _GIB)
    return None if cpus is None and memory is None else (cpus or 1.0, memory or 1.0)


def _number(expression: Any, units: Mapping[str, float]) -> float | None:
    literal = getattr(expression, "literal", None)
    found = _AMOUNT.fullmatch(str(literal.value)) if literal is not None else None
    if found is None or found[2] not in units:
        return None
    return float(found[1]) * units[found[2]]


def _described(meta: Any, wdl_type: str) -> str:
    text = meta.get("description") if isinstance(meta, dict) else meta
    return plain(text if isinstance(text, str) and text else wdl_type)[:256]


def plain(text: str) -> str:
    """Put a text on one line without control characters, as the API's patterns want it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
