"""What a completed run leaves in S3: its output files, and for engines but Nextflow their list."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from omics_provider.emulator.world.life import COMPLETED


def objects(doc: Mapping[str, Any], run_uuid: str) -> Iterator[tuple[str, bytes]]:
    """Give each object of a completed run: its URI and its content."""
    found = values(doc)
    for uri in (value for value in found.values() if str(value).startswith("s3://")):
        yield uri, f"made by the emulator for run {run_uuid}\n".encode()
    if doc["workflow"]["engine"] != "NEXTFLOW":
        yield f"{doc['runOutputUri']}/logs/outputs.json", json.dumps(found, indent=2).encode()


def read(connection: sqlite3.Connection, account: str, now: float, uri: str) -> bytes | None:
    """Give an object that a run has written by now, None where none has.

    Of runs that write to the same place, it is the last one's. What a run has written goes with its
    record.
    """
    rows = connection.execute(
        "SELECT uuid, doc FROM runs WHERE account = ? AND outcome = ? AND ended <= ?"
        " AND instr(?, json_extract(doc, '$.runOutputUri') || '/') = 1 ORDER BY ended DESC",
        (account, COMPLETED, now, uri),
    )
    for row in rows:
        doc = json.loads(row["doc"])
        # What an executed run has written is a file.
        for place, body in () if "executed" in doc else objects(doc, row["uuid"]):
            if place == uri:
                return body
    return None


def values(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Give the workflow's outputs: files as URIs, other types as a sample value.

    What a workflow without declared outputs gives is one file for each of its tasks.
    """
    base = f"{doc['runOutputUri']}/out"
    declared = doc["workflow"].get("outputs") or {}
    if declared:
        return {name: _value(base, name, kind) for name, kind in declared.items()}
    workflow = (doc["workflow"]["name"] or "Workflow").replace(" ", "_")
    names = [plan[0] for plan in doc.get("tasks", ())]
    return {f"{workflow}.{name}": f"{base}/{name}/{name}.txt" for name in names}


def _value(base: str, name: str, kind: str) -> Any:
    output = name.rsplit(".", 1)[-1]
    samples: dict[str, Any] = {"Int": 1, "Float": 1.0, "Boolean": True, "String": output}
    plain = kind.rstrip("?")
    if plain.startswith("Array["):
        return [_value(base, name, plain[6:].rstrip("+").removesuffix("]"))]
    return samples.get(plain, f"{base}/{output}/{output}.txt")
