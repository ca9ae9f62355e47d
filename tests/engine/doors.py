"""The two doors to the same handlers, and how a program declares runs through each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from omics_provider.native.tables import RUN


@dataclass(frozen=True)
class Door:
    """One door.

    - `type`: what the state calls a run.
    - `run`: the part of a program that gives OmicsRun its meaning.
    - `plugin`: the word that tells the plugin's process by its command line.
    - `project`: what Pulumi.yaml says of it.
    - `looks`: the calls that a preview or an update makes for runs at work that do not change.
    """

    name: str
    type: str
    run: str
    plugin: str
    project: str = ""
    looks: frozenset[str] = frozenset()

    @property
    def program(self) -> str:
        """What turns `runs.json` into resources."""
        return f"import json\n\nimport pulumi\n{self.run}{_DECLARE}"


#: {"$secret": value} is a secret, "$get" an id to read.
_DECLARE: Final = """

def revive(value):
    if isinstance(value, dict):
        if set(value) == {"$secret"}:
            return pulumi.Output.secret(revive(value["$secret"]))
        return {key: revive(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revive(item) for item in value]
    return value


with open("runs.json") as file:
    declared = json.load(file)
for name, arguments in declared.items():
    opts = arguments.pop("$opts", {})
    if "custom_timeouts" in opts:
        opts["custom_timeouts"] = pulumi.CustomTimeouts(**opts["custom_timeouts"])
    options = pulumi.ResourceOptions(**opts)
    if "$get" in arguments:
        run = OmicsRun.get(name, arguments["$get"], options)
    else:
        run = OmicsRun(name, **revive(arguments), opts=options)
    if len(declared) < 10:
        pulumi.export(f"{name}-id", run.id)
        pulumi.export(f"{name}-status", run.status)
"""

#: A class as a generated SDK has it: every name in the API's own spelling, as it is in the state.
_NATIVE: Final = f"""

WIRE = {{
    **{ ({name: field.wire for name, field in RUN.by_name.items()})!r},
    **{ ({fact.name: fact.wire for fact in RUN.facts})!r},
}}
NAMED = ("ignore_changes", "replace_on_changes", "additional_secret_outputs")


class OmicsRun(pulumi.CustomResource):
    def __init__(self, name, /, opts=None, **arguments):
        for option in NAMED:
            given = getattr(opts, option, None)
            if given:
                setattr(opts, option, [WIRE.get(each, each) for each in given])
        inputs = {{WIRE.get(key, key): value for key, value in arguments.items()}}
        super().__init__("omics:index:Run", name, {{"status": None, **inputs}}, opts)

    @classmethod
    def get(cls, name, id, opts=None):
        return cls(name, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))
"""

DYNAMIC: Final = Door(
    "dynamic",
    "pulumi-python:dynamic/omics:Run",
    "from omics_provider import OmicsRun\n",
    "pulumi.dynamic",
)
#: The engine announces a plugin that it finds on PATH, and no one that a project names.
_PLUGIN: Final = f"""\
plugins:
  providers:
    - name: omics
      path: {Path(sys.executable).parent}
"""
NATIVE: Final = Door(
    "native",
    "omics:index:Run",
    _NATIVE,
    "pulumi-resource-omics",
    _PLUGIN,
    frozenset({"GetRun", "ListRuns"}),
)
DOORS: Final = {door.name: door for door in (DYNAMIC, NATIVE)}


def _doors(quick: tuple[Door, ...]) -> pytest.MarkDecorator:
    """Have a test go through both doors; in `make test` through those of `quick` alone."""
    doors = [
        pytest.param(door, id=name, marks=() if door in quick else pytest.mark.slow)
        for name, door in DOORS.items()
    ]
    return pytest.mark.parametrize("door", doors, indirect=True)


BOTH: Final = _doors((DYNAMIC, NATIVE))
BOTH_IN_SCALE: Final = _doors((DYNAMIC,))
NATIVE_FIRST: Final = _doors((NATIVE,))
