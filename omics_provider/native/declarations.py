"""What a program gives, made into the inputs that a handler checks and the state records.

A sheet becomes rows in a file, and a definition the name of a version. In Python the program does
that itself; here the plugin does it, whose working folder is the program's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from omics_provider.base import checks
from omics_provider.base.checks import Problem
from omics_provider.base.table import Table
from omics_provider.base.values import UNKNOWN, contains_unknown
from omics_provider.batches import samples
from omics_provider.batches.folder import folder_of
from omics_provider.batches.rules import batch_table
from omics_provider.engine.backend import NO_ORGANIZATION
from omics_provider.engine.urn import stack_name, urn_name
from omics_provider.sheets import content, plain
from omics_provider.sheets.sheet import SheetError
from omics_provider.workflows import versions

from . import tables
from .values import Bag, Path

#: What makes the rows of a sheet.
SHEET: Final = ("samples", "parameters", "overrides", "idColumn", "format")
_TEMPLATE: Final = Table("the template", batch_table.DEFAULTS).in_api_names()
_OWN: Final = batch_table.OWN_TABLE.in_api_names()
_BATCH: Final = tables.RUN_BATCH.in_api_names()
#: What stands for the samples where a problem is told in their place.
_NO_SAMPLES: Final = {"count": 0, "sha256": ""}


class Declaration(NamedTuple):
    """A handler's inputs, what is wrong already, and inputs that a program gives elsewhere."""

    inputs: Bag
    problems: tuple[Problem, ...] = ()
    places: Mapping[str, str] = {}

    def all_of(self, found: Iterable[Problem]) -> Iterator[Problem]:
        """Give all problems, each with its place in the program; `found` are the handler's."""
        yield from self.problems
        for each in found:
            yield each._replace(property=self.places.get(each.property, each.property))


def as_given(_: str, given: Bag) -> Declaration:
    """Return the inputs as the program gives them."""
    return Declaration(given)


def workflow(_: str, given: Bag) -> Declaration:
    """Return a workflow's inputs, with the version's name made of the definition."""
    declared = given.properties
    inputs = {**declared}
    if isinstance(place := declared.get("definition"), str) and place:
        inputs["definition"] = versions.relative(place)
    made = {wire: value for wire, value in versions.made(declared).items() if value is not None}
    return Declaration(given._replace(properties={**inputs, **made}))


def batch(urn: str, given: Bag) -> Declaration:
    """Return a batch's inputs: what all runs share from the template, and the sheet as rows."""
    declared = given.properties
    template = declared.get("template")
    if template is UNKNOWN:
        template = dict.fromkeys(_TEMPLATE.by_wire, UNKNOWN)
    problems = [*_problems_of_batch(given), *concealed_rows(given)]
    shared: dict[str, Any] = {}
    if isinstance(template, Mapping):
        shared = {
            wire: value
            for wire, value in template.items()
            if wire in _TEMPLATE.by_wire and value is not None
        }
    own = {
        wire: value
        for wire, value in declared.items()
        if wire in _BATCH.by_wire and wire not in (*SHEET, "template")
    }
    inputs = {**shared, **own}
    inputs |= {"samples": _NO_SAMPLES} if problems else _rows(urn, declared, shared)
    places = {wire: f"template.{wire}" for wire in _TEMPLATE.by_wire}
    return Declaration(Bag(inputs, _flat(given.secrets)), tuple(problems), places)


def _problems_of_batch(given: Bag) -> Iterator[Problem]:
    """Yield what is wrong with what the handler never sees."""
    unseen = {
        wire: value
        for wire, value in given.properties.items()
        if wire in (*SHEET, "template") or wire not in _BATCH.by_wire
    }
    for wire in unseen.keys() & _TEMPLATE.by_wire.keys() - _BATCH.by_wire.keys():
        del unseen[wire]
        yield Problem(wire, "all runs share this value: give it in the template")
    yield from checks.problems(_BATCH, {**unseen, checks.CONCEALED: given.concealed})
    template = given.properties.get("template")
    for name in template if isinstance(template, Mapping) else ():
        if name not in _TEMPLATE.by_wire:
            yield Problem(f"template.{name}", checks.misnamed(_TEMPLATE, name))


def concealed_rows(given: Bag) -> Iterator[Problem]:
    """Yield a problem for each part of a sheet that has a secret: rows are kept in a file."""
    for wire in given.concealed:
        if wire in SHEET:
            why = (
                "has a secret in it, and a file keeps the samples. Give the secret in the template"
            )
            yield Problem(wire, why)


def _rows(urn: str, declared: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Write the rows, and return the inputs that stand for them, or what is wrong with them."""
    if contains_unknown([declared.get(wire) for wire in SHEET]):
        return {"samples": UNKNOWN}
    try:
        sheet = sheet_of(declared)
    except (content.Unreadable, SheetError) as error:
        return {"samples": _NO_SAMPLES, batch_table.PROBLEMS: [str(error)]}
    folder = folder_of(stack_name(urn, NO_ORGANIZATION), urn_name(urn))
    with samples.without_collector():
        found = samples.read(sheet, declared.get("overrides"), {})
        return samples.written(folder, found, shared, declared.get("rerun"), _OWN)


def sheet_of(declared: Mapping[str, Any]) -> samples.Sheet:
    """Return the sheet that a program names or gives. Raises content.Unreadable and SheetError."""
    source, name = content.content(declared["samples"])
    parameters = plain.parameters_of(declared.get("parameters"))
    return samples.Sheet(source, name, parameters, declared.get("idColumn"), declared.get("format"))


def _flat(secrets: Iterable[Path]) -> frozenset[Path]:
    """Return where the secrets are among a batch's inputs."""
    found: set[Path] = set()
    for path in secrets:
        if path == ("template",):
            found |= {(wire,) for wire in _TEMPLATE.by_wire}
        elif path[0] == "template":
            found.add(path[1:])
        elif path[0] not in SHEET:
            found.add(path)
    return frozenset(found)
