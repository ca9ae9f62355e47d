"""The backend as moto knows it: it owns no state but leads to the emulator's store."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from moto.core.base_backend import BackendDict, BaseBackend

from omics_provider.emulator.execution.owner import Owner
from omics_provider.emulator.protocol.model import service_model
from omics_provider.emulator.protocol.wire import HttpRequest
from omics_provider.emulator.service import Service
from omics_provider.emulator.traces.of_runs import Traces
from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import MotoSurroundings


class Home:
    """A store, with the service and the traces that work on it."""

    def __init__(self, store: Store, execution: Execution | None = None) -> None:
        self.store = store
        self.execution = execution
        self.traces = Traces(store, MotoSurroundings())

    @cached_property
    def service(self) -> Service:
        """The service; made with the first call, since it reads the environment."""
        around = MotoSurroundings()
        return Service(
            self.store,
            service_model(),
            surroundings=around,
            execution=self.execution,
            executor=Owner(self.store, around, at_home=True),
        )


class OmicsBackend(BaseBackend):
    """HealthOmics in one account and region; `home` is shared by all of them."""

    home: ClassVar[Home] = Home(Store(":memory:"))

    def answer(self, request: HttpRequest, s3: str) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None where the connection is to be cut.

        `s3` is where the caller finds moto's S3: exports are put there.
        """
        home = self.home
        home.service.settle()
        home.traces.settle()
        outcome = home.service.call(
            request,
            self.region_name,
            self.account_id,
            publish=lambda name, content: s3 + MotoSurroundings().publish(name, content),
        )
        home.traces.settle()
        outcome.wait()
        if outcome.answer is None:
            return None
        return outcome.answer.status, outcome.answer.headers, outcome.answer.body

    def reset(self) -> None:
        """Forget everything, as moto does when a mock starts and ends."""
        self.home.store.wipe()


omics_backends = BackendDict(OmicsBackend, "omics")
