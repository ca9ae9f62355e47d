"""The engine that has started this process, as something to tell things to."""

from __future__ import annotations

import sys
from typing import Any, Final

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from omics_provider.engine.urn import urn_name

_LIMIT_SECONDS: Final = 10
_SEVERITIES: Final = engine_pb2.LogSeverity


class Host:
    """The engine at `address`, host:port; empty where nothing listens."""

    def __init__(self, address: str = "") -> None:
        self._engine: Any = None
        if address:
            channel = grpc.insecure_channel(address)
            self._engine = engine_pb2_grpc.EngineStub(channel)

    def tell(self, message: str, urn: str = "") -> None:
        """Show a warning beside resource `urn`, or for the whole update."""
        self._log(message, urn, _SEVERITIES.WARNING)

    def note(self, message: str) -> None:
        """Show what is worth knowing of the whole update."""
        self._log(message, "", _SEVERITIES.INFO)

    def show(self, message: str, urn: str) -> None:
        """Show a message in the resource's status line, until the next."""
        self._log(message, urn, _SEVERITIES.INFO, is_passing=True)

    def _log(self, message: str, urn: str, severity: Any, *, is_passing: bool = False) -> None:
        request = engine_pb2.LogRequest(
            severity=severity, message=message, urn=urn, ephemeral=is_passing
        )
        try:
            if self._engine is not None:
                self._engine.Log(request, timeout=_LIMIT_SECONDS)
                return
        except grpc.RpcError:
            # The engine shows what a plugin writes here, though without the resource's name.
            pass
        if not is_passing:
            sys.stderr.write(f"{urn_name(urn)}: {message}\n" if urn else f"{message}\n")
