"""What a door hands to a handler: one request of the engine, and what comes back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from omics_provider.base.checks import Problem
from omics_provider.base.settings import Settings

from .update import Update
from .urn import NOUNS, kind_of, own_kind, urn_name


def subject(urn: str) -> str:
    """Return what a call for `urn` is about, as in "run NA12878"; empty for an empty URN."""
    if not urn:
        return ""
    return f"{NOUNS.get(own_kind(kind_of(urn)), 'resource')} {urn.rpartition('::')[2]}"


def _written(message: str) -> None:
    """Write a warning where the engine shows what a plugin writes, without the resource's name."""
    sys.stderr.write(f"{message}\n")


@dataclass(frozen=True, slots=True)
class Call:
    """One request for one resource, beside its properties. A door makes one of each that it gets.

    `urn` is the resource's, empty outside of an engine. `timeout` is its customTimeouts for this
    operation in seconds, None where unset. `seed` is the engine's random seed for generated names,
    which check alone gets. `looks` tells whether preflight is on. `warn` shows a message beside
    the resource, `show` one in its status line, until the next.
    """

    update: Update
    settings: Settings = field(default_factory=Settings)
    looks: bool = True
    urn: str = ""
    timeout: float | None = None
    seed: bytes = b""
    warn: Callable[[str], object] = _written
    show: Callable[[str], object] = lambda _: None

    @property
    def subject(self) -> str:
        """What the call is about, as in "run NA12878"; empty outside of an engine."""
        return subject(self.urn)

    @property
    def resource(self) -> str:
        """Pulumi's name of the resource; empty outside of an engine."""
        return urn_name(self.urn) if self.urn else ""

    def limit(self, otherwise: float) -> float:
        """Return the resource's customTimeouts for this call in seconds, else `otherwise`."""
        return self.timeout or otherwise


class Unfinished(Exception):
    """The resource is made, or may be, and is not usable yet: the engine records it and fails.

    The next update goes on with what is recorded. The text says what is open.
    """

    def __init__(self, id_: str, properties: Mapping[str, Any], message: str) -> None:
        super().__init__(message)
        self.id = id_
        self.properties = dict(properties)


class Checked(NamedTuple):
    """The inputs to go on with, and what is wrong with the declaration."""

    inputs: dict[str, Any]
    failures: tuple[Problem, ...] = ()


class Found(NamedTuple):
    """What a diff found.

    `replaces` are the properties that ask for a new resource. `changes` is False for none, True for
    a change that no input shows, and None where the engine is to compare the inputs itself. `moves`
    are outputs that the change in place brings up to date.
    """

    changes: bool | None
    replaces: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()


class Recorded(NamedTuple):
    """A resource as it is to be recorded: its id, empty for one that is gone, and its outputs.

    `inputs` are the inputs to record, None where they stay.
    """

    id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any] | None = None
