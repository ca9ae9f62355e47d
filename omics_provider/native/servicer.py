"""The native provider as the engine asks it: its schema and settings, beside its resources."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import metadata
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from omics_provider.base import settings
from omics_provider.base.errors import OmicsError
from omics_provider.engine import stack_config

from . import functions, tables, values
from .components import cohort
from .preflight import Preflight
from .requests import Request, told
from .resources import Resources
from .schema import document

_CONFIG: Final = "omics:config:"


class Servicer(Resources):
    """One provider of one engine."""

    @told
    def Handshake(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Agree with the engine on what each side understands."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @told
    def GetPluginInfo(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Return the version of this package."""
        return plugin_pb2.PluginInfo(version=metadata.version("omics-provider"))

    @told
    def GetSchema(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Return the schema of this package."""
        return provider_pb2.GetSchemaResponse(schema=document.text())

    @told
    def CheckConfig(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Find what is wrong with the configuration; add what the engine does not hand on."""
        given, urn = values.received(request.news), request.urn
        try:
            name = partial(self._stacks.of, urn)
            config = stack_config.completed(given.properties, urn, name, self._update.stack)
            get = partial(_of_config, config)
            settings.from_config(get)
            settings.preflight_mode(get)
        except OmicsError as error:
            failure = provider_pb2.CheckFailure(property="", reason=str(error))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        return provider_pb2.CheckResponse(inputs=values.sent(config, given.secrets))

    @told
    def DiffConfig(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Replace nothing: a resource that is elsewhere refuses by itself."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_UNKNOWN)

    @told
    def Configure(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Take region, profile and endpoint from the configuration."""
        get = partial(_of_variables, request.variables)
        self._settings = settings.from_config(get)
        self._preflight = Preflight(self._settings, settings.preflight_mode(get), self._host)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @told
    def Invoke(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Answer a function."""
        return functions.answer(request, self._settings)

    @told
    def Construct(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Make a component: register it and its resources."""
        if request.type not in tables.COMPONENTS:
            raise OmicsError(
                "Finding the component",
                f"there is no {request.type}",
                advice=f"omics has {', '.join(tables.COMPONENTS)}.",
            )
        return cohort.construct(request, self._settings)

    @told
    def Cancel(self, request: Request, context: grpc.ServicerContext) -> Any:
        """End what waits: the user has asked for the end of the update."""
        self.end_waits()
        return empty_pb2.Empty()


def _of_config(config: Mapping[str, Any], key: str) -> str | None:
    value = config.get(key.partition(":")[2])
    return None if value is None else str(value)


def _of_variables(variables: Mapping[str, str], key: str) -> str | None:
    return variables.get(key.replace("omics:", _CONFIG, 1)) or None
