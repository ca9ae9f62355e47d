"""Whether what is recorded is in the Region and account that the settings lead to.

Where it is not, its id means nothing there, and nothing is done: every function here raises
SettingsError. A Region or account that is not known is no reason to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omics_provider.base import identity
from omics_provider.base.errors import SettingsError
from omics_provider.base.settings import Settings

from .calls import Place

Properties = Mapping[str, Any]


def require_account(place: Place, recorded: Properties) -> None:
    """Require that the caller's account is the one that the run is in."""
    made_in, now = _account(recorded), place.account()
    if _differ(made_in, now):
        raise SettingsError(
            "GetRun",
            f"the run is in account {made_in}, but the credentials are for account {now}",
            advice="Use that account's credentials (omics:profile, AWS_PROFILE). Nothing was done.",
        )


def require_region(place: Place, recorded: Properties, operation: str) -> None:
    """Require that the Region that is asked is the one that the run was started in."""
    made_in = _region(recorded)
    if not made_in or made_in == (now := place.region):
        return
    detail = f"the run was started in {made_in}, but the configuration now says {now}"
    back = f"pulumi config set omics:region {made_in}"
    if provider := place.settings.provider:
        detail = f"the run was started in {made_in}, but its provider {provider} says {now}"
        back = f'Provider("{provider}", region="{made_in}")'
    raise SettingsError(
        operation,
        detail,
        advice=f"Set it back with: {back}, then run "
        "`pulumi up`: refresh and destroy use the Region of the last update. Nothing was done.",
    )


def require_account_of_lasting(place: Place, recorded: Properties) -> None:
    """Require that the caller's account is the one that a group, cache or workflow is in."""
    _require_place_of_lasting("account", _account(recorded), place.account())


def require_region_of_lasting(place: Place, recorded: Properties) -> None:
    """Require that the Region that is asked is the one that a group, cache or workflow is in."""
    _require_place_of_lasting("Region", _region(recorded), place.region)


def require_provider_of(settings: Settings, recorded: Properties) -> None:
    """Require that a Provider's Region is the one that the resource is in.

    It costs no call. The stack's own Region counts when something is to be done, and not before.
    """
    made_in, now = _region(recorded), settings.region
    if settings.provider and _differ(made_in, now):
        raise SettingsError(
            "Check of the Region",
            f"it is in {made_in}, but its provider {settings.provider} is in {now}",
            advice=f"The resource in {made_in} stays there: give it a provider of {made_in} "
            f"again. Do you want a new one in {now}, and the old one ended as declared? Give "
            f"a run a new `rerun`, or use `pulumi up --replace URN`. Nothing was done.",
        )


def _require_place_of_lasting(what: str, made_in: str, now: str) -> None:
    if _differ(made_in, now):
        raise SettingsError(
            "Lookup",
            f"it was created in {what} {made_in}, but the configuration now says {now}",
            advice=f"Set that {what} back (omics:region, omics:profile). Nothing was done.",
        )


def _differ(made_in: str, now: str | None) -> bool:
    return bool(made_in and now) and made_in != now


def _region(recorded: Properties) -> str:
    return identity.region_of(str(recorded.get("arn", "")))


def _account(recorded: Properties) -> str:
    return identity.account_of(str(recorded.get("arn", "")))
