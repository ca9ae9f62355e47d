"""What another Region or account than the recorded one does: nothing but a clear error."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.errors import SettingsError
from omics_provider.base.settings import Settings
from omics_provider.service import whereabouts
from omics_provider.service.calls import Place

RECORDED = {"arn": "arn:aws:omics:eu-west-1:111111111111:run/7"}


class Somewhere(Place):
    """A Region and an account that need no client."""

    def __init__(self, region: str, account: str = "", provider: str | None = None) -> None:
        super().__init__(Settings(region=region, provider=provider))
        self._account = account

    @property
    def region(self) -> str:
        return self.settings.region or ""

    def account(self) -> str:
        return self._account


def test_the_same_place_and_an_unknown_one_are_no_error() -> None:
    same = Somewhere("eu-west-1", "111111111111", "lab")
    unknown = Somewhere("eu-west-1")
    for place in (same, unknown):
        whereabouts.require_region(place, RECORDED, "GetRun")
        whereabouts.require_account(place, RECORDED)
        whereabouts.require_region_of_lasting(place, RECORDED)
        whereabouts.require_account_of_lasting(place, RECORDED)
        whereabouts.require_provider_of(place.settings, RECORDED)


@pytest.mark.parametrize("recorded", [{}, {"arn": ""}, {"arn": "no ARN"}])
def test_what_has_no_recorded_place_is_looked_for_where_the_settings_lead(
    recorded: dict[str, Any],
) -> None:
    elsewhere = Somewhere("us-east-1", "222222222222", "lab")
    whereabouts.require_region(elsewhere, recorded, "GetRun")
    whereabouts.require_account(elsewhere, recorded)
    whereabouts.require_region_of_lasting(elsewhere, recorded)
    whereabouts.require_account_of_lasting(elsewhere, recorded)
    whereabouts.require_provider_of(elsewhere.settings, recorded)


def test_a_run_elsewhere_is_told_with_the_way_back() -> None:
    with pytest.raises(SettingsError) as refused:
        whereabouts.require_region(Somewhere("us-east-1"), RECORDED, "Delete")
    assert str(refused.value).startswith(
        "Delete failed: the run was started in eu-west-1, but the configuration now says "
        "us-east-1.\n"
        "Set it back with: pulumi config set omics:region eu-west-1, then run"
    )
    with pytest.raises(SettingsError, match="its provider lab says us-east-1") as refused:
        whereabouts.require_region(Somewhere("us-east-1", provider="lab"), RECORDED, "Delete")
    assert 'Provider("lab", region="eu-west-1")' in refused.value.advice
    with pytest.raises(SettingsError, match="credentials are for account 222222222222"):
        whereabouts.require_account(Somewhere("eu-west-1", "222222222222"), RECORDED)


def test_a_lasting_resource_elsewhere_is_told() -> None:
    elsewhere = Somewhere("us-east-1", "222222222222")
    with pytest.raises(SettingsError, match=r"created in Region eu-west-1, .* now says us-east-1"):
        whereabouts.require_region_of_lasting(elsewhere, RECORDED)
    with pytest.raises(
        SettingsError, match=r"created in account 111111111111, .* says 222222222222"
    ):
        whereabouts.require_account_of_lasting(elsewhere, RECORDED)


def test_only_a_providers_own_region_counts_before_anything_is_done() -> None:
    whereabouts.require_provider_of(Settings(region="us-east-1"), RECORDED)
    whereabouts.require_provider_of(Settings(provider="lab"), RECORDED)
    with pytest.raises(
        SettingsError, match="it is in eu-west-1, but its provider lab is in us-east-1"
    ):
        whereabouts.require_provider_of(Settings(region="us-east-1", provider="lab"), RECORDED)
