"""The backend as moto knows it: it owns no state but leads to the emulator's store."""

from __future__ import annotations

from functools import cache

from moto.core.base_backend import BackendDict, BaseBackend

from omics_provider.emulator.protocol.model import service_model
from omics_provider.emulator.protocol.wire import HttpRequest
from omics_provider.emulator.service import Service
from omics_provider.emulator.traces.of_runs import Traces
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import MotoSurroundings

_state: list[Store] = [Store(":memory:")]


def keep_state_in(store: Store) -> None:
    """Use another store from now on."""
    _state[0] = store


def current_store() -> Store:
    """Give the store in use."""
    return _state[0]


@cache
def _service(store: Store) -> Service:
    return Service(store, service_model(), surroundings=MotoSurroundings())


@cache
def _traces(store: Store) -> Traces:
    return Traces(store, MotoSurroundings())


class OmicsBackend(BaseBackend):
    """HealthOmics in one account and region."""

    def answer(self, request: HttpRequest) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None where the connection is to be cut."""
        store = current_store()
        _traces(store).settle()
        outcome = _service(store).call(request, self.region_name, self.account_id)
        _traces(store).settle()
        outcome.wait()
        if outcome.answer is None:
            return None
        return outcome.answer.status, outcome.answer.headers, outcome.answer.body

    def reset(self) -> None:
        """Forget everything, as moto does when a mock starts and ends."""
        current_store().wipe()


omics_backends = BackendDict(OmicsBackend, "omics")
