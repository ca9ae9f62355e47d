"""What the engine asks of a plugin, for the kinds of `kinds`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from pulumi.provider.experimental import provider as asked
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main
from pulumi.runtime.rpc import UNKNOWN

from . import kinds
from .kinds import KINDS, Kind, Refused

#: The settings of the namespace `aws` that the stand-in minds.
SETTINGS = {"region", "allowedAccountIds"}
ADDED = {"version"}
"""What the SDK adds to them."""

Values = Mapping[str, PropertyValue]


class StandIn(asked.Provider):
    """Makes, changes and removes what the kinds say."""

    # The provider itself ---------------------------------------------------------------------

    async def check_config(self, request: asked.CheckRequest) -> asked.CheckResponse:
        """Refuse settings that nothing here would heed."""
        unknown = sorted(request.new_inputs.keys() - SETTINGS - ADDED)
        failures = [
            asked.CheckFailure(key, f"the stand-in has no setting {key}") for key in unknown
        ]
        return asked.CheckResponse(request.new_inputs, failures)

    async def configure(self, request: asked.ConfigureRequest) -> asked.ConfigureResponse:
        """Take the Region, and hold the caller's account to those that are allowed."""
        settings = plain(request.args)
        kinds.region = settings["region"]
        allowed = settings.get("allowedAccountIds")
        allowed = json.loads(allowed) if isinstance(allowed, str) else allowed
        account = kinds.account()
        if allowed is not None and account not in allowed:
            raise Refused(f"AWS account ID not allowed: {account}")
        return asked.ConfigureResponse(accept_secrets=False, supports_preview=True)

    async def invoke(self, request: asked.InvokeRequest) -> asked.InvokeResponse:
        """Answer the two look-ups that stacks/ makes."""
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": ("accountId", kinds.account),
            "aws:index/getRegion:getRegion": ("region", lambda: kinds.region),
        }
        if request.tok not in answers or request.args:
            raise Refused(f"the stand-in has no function {request.tok}({', '.join(request.args)})")
        name, found = answers[request.tok]
        return asked.InvokeResponse(values({name: found()}))

    # Resources -------------------------------------------------------------------------------

    async def check(self, request: asked.CheckRequest) -> asked.CheckResponse:
        """Refuse what is not known, and name what has no name."""
        kind = kind_of(request.type)
        given, failures = dict(request.new_inputs), []
        failures += [
            asked.CheckFailure(key, f"the stand-in's {request.type} has no {key}")
            for key in sorted(given.keys() - kind.inputs)
        ]
        failures += [
            asked.CheckFailure(key, f"{request.type} needs {key}")
            for key in sorted(kind.required - given.keys())
        ]
        if kind.named is not None and kind.named not in given:
            made = PropertyValue(f"{request.name}-{request.random_seed.hex()[:7]}")
            given[kind.named] = request.old_inputs.get(kind.named, made)
        return asked.CheckResponse(given, failures)

    async def diff(self, request: asked.DiffRequest) -> asked.DiffResponse:
        """Compare what is declared with what was; what fixes a thing's identity replaces it."""
        kind = kind_of(request.type)
        before, after = plain(request.old_state), plain(request.new_inputs)
        differing = sorted(key for key in kind.inputs if before.get(key) != after.get(key))
        replacing = [key for key in differing if key in kind.fixed]
        detail = {
            key: asked.PropertyDiff(
                asked.PropertyDiffKind.UPDATE_REPLACE
                if key in kind.fixed
                else asked.PropertyDiffKind.UPDATE,
                input_diff=True,
            )
            for key in differing
        }
        return asked.DiffResponse(
            changes=bool(differing),
            replaces=replacing,
            diffs=differing,
            detailed_diff=detail,
            delete_before_replace=kind.named is None,
        )

    async def create(self, request: asked.CreateRequest) -> asked.CreateResponse:
        """Make it; in a preview, say what will be known."""
        kind, given = kind_of(request.type), plain(request.properties)
        if request.preview:
            # `PropertyValue.computed()` can't be sent: pulumi 3.272's marshal does not know it.
            later = {key: PropertyValue(UNKNOWN) for key in kind.outputs}
            return asked.CreateResponse("", {**request.properties, **later})
        id_, made = kind.make(given)
        return asked.CreateResponse(id_, {**request.properties, **values(_whole(kind, made))})

    async def update(self, request: asked.UpdateRequest) -> asked.UpdateResponse:
        """Change it in place."""
        kind = kind_of(request.type)
        kept = {key: request.olds[key] for key in kind.outputs}
        if not request.preview:
            kind.change(request.resource_id, plain(request.olds), plain(request.news))
        return asked.UpdateResponse({**request.news, **kept})

    async def read(self, request: asked.ReadRequest) -> asked.ReadResponse:
        """Refuse: no test looks for what was changed by hand."""
        raise Refused(f"the stand-in can't read {request.type}")

    async def delete(self, request: asked.DeleteRequest) -> None:
        """Remove it."""
        kind_of(request.type).remove(request.resource_id, plain(request.properties))


def kind_of(type_: str) -> Kind:
    """Return the kind of a type token, a parent's before it or not."""
    token = type_.rpartition("$")[2]
    if token not in KINDS:
        raise Refused(f"the stand-in has no type {token}")
    return KINDS[token]


def plain(properties: Values) -> dict[str, Any]:
    """Return Python values; what a preview does not know stays the engine's mark for it."""
    return {key: _plain(value) for key, value in properties.items() if key != "__defaults"}


def _plain(value: PropertyValue) -> Any:
    inner = value.value
    if isinstance(inner, Mapping):
        return plain(inner)
    if isinstance(inner, list | tuple):
        return [_plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def values(properties: Mapping[str, str]) -> dict[str, PropertyValue]:
    """Return texts as the engine's values."""
    return {key: PropertyValue(value) for key, value in properties.items()}


def _whole(kind: Kind, made: Mapping[str, str]) -> Mapping[str, str]:
    assert made.keys() == kind.outputs, (made, kind.outputs)
    return made


def serve(arguments: list[str]) -> None:
    """Serve the engine until it ends this process, as the version that the SDK asks for."""
    main(arguments, version("pulumi-aws"), StandIn())
