"""What an ended run leaves in S3: its output files, their list, and the log of its engine.

Each engine has its own places and its own list: WDL `out/NAME/FILE` with URIs in logs/outputs.json,
CWL `out/FILE` with objects there, Nextflow `pubdir/…` and no list.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from omics_provider.emulator.world.life import CANCELLED, COMPLETED, life_of

from . import engine_log, shards
from .queue import tasks_of

#: What a value of a WDL type is, where it is no file.
_SAMPLES: Final[Mapping[str, Any]] = {"Int": 1, "Float": 1.0, "Boolean": True}
#: A WDL type with others in brackets.
_COMPOUND: Final = re.compile(r"(Array|Map|Pair)\[(.*)\]")
#: A task of Nextflow: its process, and in brackets what tells it from others.
_PROCESS: Final = re.compile(r"(.*?)(?: \((.*)\))?")


def objects(row: Mapping[str, Any] | sqlite3.Row, doc: dict[str, Any]) -> dict[str, bytes]:
    """Give the objects of an ended run: each URI with its content. A CANCELLED one has none.

    What a run has written that was executed is not made up here.
    """
    if "executed" in doc:
        return {}
    life, base = life_of(row), doc["runOutputUri"]
    found: dict[str, bytes] = {}
    if life.outcome == COMPLETED:
        body = f"made by the emulator for run {row['uuid']}\n".encode()
        made = values(doc, len(body))
        found |= dict.fromkeys(files(made), body)
        if doc["workflow"]["engine"] == "NEXTFLOW":
            found |= dict.fromkeys(_published(doc), body)
        else:
            found[f"{base}/logs/outputs.json"] = json.dumps(made, indent=2).encode()
    if life.outcome != CANCELLED and doc["request"].get("logLevel", "ALL") != "OFF":
        lines = engine_log.lines(row["id"], doc, life, tasks_of(doc, life, row["uuid"]))
        text = "".join(f"{line}\n" for _, line in lines)
        found[f"{base}/logs/engine.log"] = text.encode()
    return found


def read(connection: sqlite3.Connection, account: str, now: float, uri: str) -> bytes | None:
    """Give an object that a run has written by now, None where none has.

    Of runs that write to the same place, it is the last one's. What a run has written goes with its
    record.
    """
    rows = connection.execute(
        "SELECT * FROM runs WHERE account = ? AND ended <= ?"
        " AND instr(?, json_extract(doc, '$.runOutputUri') || '/') = 1 ORDER BY ended DESC",
        (account, now, uri),
    )
    found = (objects(row, json.loads(row["doc"])).get(uri) for row in rows)
    return next((body for body in found if body is not None), None)


def files(value: Any) -> Iterator[str]:
    """Give the URI of each file among outputs."""
    if isinstance(value, str) and value.startswith("s3://"):
        yield value
    elif isinstance(value, Mapping):
        inner = [value["location"]] if "location" in value else value.values()
        for each in inner:
            yield from files(each)
    elif isinstance(value, list):
        for each in value:
            yield from files(each)


def values(doc: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Give the workflow's outputs: files of a size as their engine names them, samples of the rest.

    What a workflow without declared outputs gives is one file for each of its tasks.
    """
    workflow, base = doc["workflow"], f"{doc['runOutputUri']}/out"
    names = [plan[0] for plan in doc.get("tasks", ())]
    if workflow["engine"] == "NEXTFLOW":
        return {}
    if workflow["engine"] == "CWL":
        return {name: _cwl_file(f"{base}/{name}.txt", size) for name in names}
    declared = workflow.get("outputs") or {}
    if not declared:
        called = (workflow["name"] or "Workflow").replace(" ", "_")
        return {f"{called}.{name}": f"{base}/{name}/{name}.txt" for name in names}
    arrays, parameters = workflow.get("arrays") or {}, doc["request"].get("parameters") or {}
    made = {}
    for name, kind in declared.items():
        output = name.rsplit(".", 1)[-1]
        lengths = _Lengths(arrays.get(name, ()), parameters)
        made[name] = _value(f"{base}/{output}", output, kind, lengths)
    return made


@dataclass(frozen=True)
class _Lengths:
    """How long arrays are: what each goes over, outermost first, and where those around it are."""

    sources: Sequence[shards.Source] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    around: tuple[Any, ...] = ()

    def items(self) -> list[_Lengths]:
        """Give those of each element of the outermost array."""
        source = self.sources[0] if self.sources else None
        found = shards.elements(source, self.parameters, self.around)
        return [_Lengths(self.sources[1:], self.parameters, (*self.around, each)) for each in found]


def _value(place: str, name: str, kind: str, lengths: _Lengths) -> Any:
    """Give a value of a WDL type. Each file lies in a folder of its own, below `place`."""
    plain = kind.rstrip("?+")
    compound = _COMPOUND.fullmatch(plain)
    if compound is None:
        is_file = plain in ("File", "Directory")
        return f"{place}/{name}.txt" if is_file else _SAMPLES.get(plain, name)
    parts = _parts(compound[2])
    if compound[1] == "Array":
        items = lengths.items()
        places = [shards.index(number, len(items)) for number in range(len(items))]
        return [
            _value(f"{place}/{each}", f"{name}_{each}", parts[0], inner)
            for each, inner in zip(places, items, strict=True)
        ]
    if compound[1] == "Map":
        return {"key": _value(f"{place}/key", name, parts[1], _Lengths())}
    return {
        side: _value(f"{place}/{side}", f"{name}_{side}", part, _Lengths())
        for side, part in zip(("left", "right"), parts, strict=True)
    }


def _parts(text: str) -> list[str]:
    """Split `A,Map[B,C]` at the commas that lie in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _cwl_file(uri: str, size: int) -> dict[str, Any]:
    return {
        "location": uri,
        "basename": uri.rsplit("/", 1)[-1],
        "class": "File",
        "size": size,
    }


def _published(doc: Mapping[str, Any]) -> Iterator[str]:
    """Give what the processes of Nextflow publish: a folder each, and a file for each task."""
    for plan in doc.get("tasks", ()):
        found = _PROCESS.fullmatch(plan[0])
        process, tag = found.groups() if found else (plan[0], None)
        folder = process.lower()
        yield f"{doc['runOutputUri']}/pubdir/{folder}/{tag or folder}.txt"
