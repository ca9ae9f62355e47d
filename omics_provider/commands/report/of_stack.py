"""The runs of a stack and where they are, read from its exported state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.base.errors import OmicsError
from omics_provider.base.settings import Settings, from_config
from omics_provider.engine import state
from omics_provider.engine.own_provider import OwnProvider, own_providers
from omics_provider.engine.urn import RUN, own_kind, urn_name, urn_parts

from .gather import Wanted

#: What a report takes from a state: none of it can hold a secret input but the name.
_TEXTS: Final = (
    "uuid", "arn", "name", "status", "workflowId", "failureReason", "statusMessage", "runOutputUri",
    "creationTime", "startTime", "stopTime",
)  # fmt: skip


def runs_of(export: Mapping[str, Any]) -> list[Wanted]:
    """Return the runs that `pulumi stack export` prints, without those that are on their way out.

    A resource whose start was interrupted has no run yet, and is left out.
    """
    resources = state.parse(export).resources
    places = {ref: _place(each) for ref, each in own_providers(resources).items()}
    return [
        Wanted(
            id=str(resource["id"]),
            resource=urn_name(resource["urn"]),
            uuid=resource["outputs"]["uuid"],
            recorded=_recorded(resource["outputs"]),
            place=places.get(resource.get("provider", "")),
        )
        for resource in resources
        if own_kind(resource.get("type")) == RUN
        and not resource.get("delete")
        and isinstance((resource.get("outputs") or {}).get("uuid"), str)
    ]


def project_of(export: Mapping[str, Any]) -> str | None:
    """Return the project of an exported stack, None where nothing is recorded."""
    resources = state.parse(export).resources
    return urn_parts(resources[0]["urn"])[1] if resources else None


def _place(provider: OwnProvider) -> Settings:
    config = provider.config
    hidden = sorted(key for key, value in config.items() if not isinstance(value, str))
    if hidden:
        raise OmicsError(
            "Reading the stack",
            f"{', '.join(hidden)} of Provider {provider.name} is a secret, which stays encrypted, "
            f"so the place of its runs is not known",
            advice="Set it without --secret, then run `pulumi up`. Or name the runs with --runs.",
        )
    return from_config(config.get)


def _recorded(outputs: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: outputs[name] for name in _TEXTS if isinstance(outputs.get(name), str)}
    return {**texts, **{k: outputs[k] for k in ("logLocation",) if k in outputs}}
