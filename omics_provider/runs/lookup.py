"""Looking at a recorded run: is it there, and is it ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base import errors, identity
from omics_provider.base.settings import Settings
from omics_provider.base.status import ACTIVE
from omics_provider.providers import _host

from .rules import lifecycle

if TYPE_CHECKING:
    from .calls import Runs

_FROM_MANIFEST: Final = ("status", "startTime", "stopTime", "failureReason")


def find_recorded(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return GetRun's answer for the recorded run; None where its record is gone.

    Gone is also a run whose id now belongs to another run. Before that is believed, the account is
    compared with the recorded one. Raises SettingsError where they differ.
    """
    live = runs.find(run_id)
    if live is not None and lifecycle.same_run(recorded, live):
        return live
    require_account(runs, recorded)
    return None


def require_account(runs: Runs, recorded: Mapping[str, Any]) -> None:
    """Raise SettingsError where the caller's account is not the one that the run is in."""
    made_in, now = identity.account_of(str(recorded.get("arn", ""))), runs.account()
    if made_in and now and made_in != now:
        raise errors.SettingsError(
            "GetRun",
            f"the run is in account {made_in}, the credentials are of account {now}",
            advice="Use that account's credentials (omics:profile, AWS_PROFILE). Nothing was done.",
        )


def require_region(runs: Runs, recorded: Mapping[str, Any], operation: str) -> None:
    """Raise SettingsError where the run was started in another Region than is configured."""
    region = identity.region_of(str(recorded.get("arn", "")))
    if not region or region == runs.region:
        return
    detail = f"the run was started in {region}, the configuration now says {runs.region}"
    back = f"pulumi config set omics:region {region}"
    if provider := runs.settings.provider:
        detail = f"the run was started in {region}, its provider {provider} says {runs.region}"
        back = f'Provider("{provider}", region="{region}")'
    raise errors.SettingsError(
        operation,
        detail,
        advice=f"Set it back with: {back}, then run "
        "`pulumi up`: refresh and destroy take the Region of the last one. Nothing was done.",
    )


def require_provider_of(settings: Settings, recorded: Mapping[str, Any]) -> None:
    """Raise SettingsError where a Provider's Region is not the one that the resource is in.

    It costs no call. The stack's own Region counts when something is to be done, and not before.
    """
    region = identity.region_of(str(recorded.get("arn", "")))
    if not (settings.provider and settings.region and region) or region == settings.region:
        return
    raise errors.SettingsError(
        "Check of the Region",
        f"it is in {region}, its provider {settings.provider} is in {settings.region}",
        advice=f"What is in {region} stays there: give it a provider of {region} again. To have a "
        f"new one in {settings.region}, and the old one ended as declared, give a run a new "
        "`rerun`, or use `pulumi up --replace URN`. Nothing was done.",
    )


def last_facts(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a run whose record is gone, completed from its manifest."""
    facts: dict[str, Any] = {}
    if recorded.get("status") in ACTIVE:
        try:
            facts = runs.manifest(run_id, str(recorded["uuid"])) or {}
        except errors.NotFound:
            pass
        except errors.OmicsError as error:
            _host.warn(
                f"The end of run {run_id} can't be looked up in its manifest: {error.detail}"
            )
    known = {key: facts[key] for key in _FROM_MANIFEST if facts.get(key)}
    return lifecycle.gone({**recorded, **known})
