"""The dynamic door: Pulumi's property bags and errors against a handler's, and nothing else."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from omics_provider.base import settings
from omics_provider.base.checks import CONCEALED
from omics_provider.base.settings import Settings
from omics_provider.engine.call import Call
from omics_provider.engine.handler import Handler
from omics_provider.engine.process import find_engine
from omics_provider.engine.update import Update

from . import _host, _wire

Bag = dict[str, Any]


@functools.cache
def this_update() -> Update:
    """Return the update that this process serves: the host starts a process for each."""
    return Update(find_engine())


class DynamicProvider(ResourceProvider):
    """A provider whose pickle is the path of its class. Subclasses name their handler."""

    serialize_as_secret_always = False
    handler: ClassVar[Handler]
    _settings = Settings()
    _looks = True

    def __getstate__(self) -> None:
        """Carry nothing into the state: the pickle is an address, not a program.

        An empty dict would be a state, too, and Pulumi's pickler wraps the saving of dicts once
        more at each resource, until Python's recursion limit.
        """
        return

    @_host.told_plainly
    def configure(self, req: ConfigureRequest) -> None:
        """Take region, profile and endpoint from the stack's configuration."""
        self._settings = settings.from_config(req.config.get)
        self._looks = req.config.get("omics:preflight") not in settings.NO_PREFLIGHT
        # The engine waits for this call, so it is alive and can be told from one that came later.
        this_update()

    @_host.told_plainly
    def check(self, _olds: Bag, news: Bag) -> CheckResult:
        """Find everything that is wrong with the declaration."""
        found = self.handler.check(self._call(), _wire.received(_olds), _wire.received(news))
        # Beside a property's name the engine prints its value, secrets in plain text, too.
        failures = [CheckFailure("", each.told(self.handler.table)) for each in found.failures]
        inputs = {name: each for name, each in found.inputs.items() if name != CONCEALED}
        return CheckResult(_wire.sent(inputs), failures)

    @_host.told_plainly
    def diff(self, _id: str, _olds: Bag, _news: Bag) -> DiffResult:
        """Tell a new resource from a change in place.

        The engine compares the inputs itself, with nested detail, wherever an input differs.
        """
        recorded, inputs = _wire.received(_olds), _wire.received(_news)
        found = self.handler.diff(self._call(), _id, recorded, inputs)
        return DiffResult(changes=found.changes, replaces=list(found.replaces))

    @_host.told_plainly
    def create(self, props: Bag) -> CreateResult:
        """Make the resource."""
        made = self.handler.create(self._call(), _wire.received(props))
        return CreateResult(made.id, made.outputs)

    @_host.told_plainly
    def read(self, id_: str, props: Bag) -> ReadResult:
        """Bring what is recorded up to date; an empty id stands for a resource that is gone."""
        now = self.handler.read(self._call(), id_, _wire.received(props))
        return ReadResult(now.id, now.outputs, now.inputs)

    @_host.told_plainly
    def update(self, _id: str, _olds: Bag, _news: Bag) -> UpdateResult:
        """Change the resource in place."""
        recorded, inputs = _wire.received(_olds), _wire.received(_news)
        return UpdateResult(self.handler.update(self._call(), _id, recorded, inputs))

    @_host.told_plainly
    def delete(self, _id: str, _props: Bag) -> None:
        """End the resource."""
        self.handler.delete(self._call(), _id, _wire.received(_props))

    def _call(self) -> Call:
        host_call = _host.current_call()
        if host_call is None:
            return Call(this_update(), self._settings, self._looks, warn=_host.warn)
        return Call(
            this_update(),
            self._settings,
            self._looks,
            urn=host_call.urn,
            timeout=host_call.timeout,
            seed=host_call.random_seed,
            warn=_host.warn,
        )
