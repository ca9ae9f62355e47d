"""What AWS lets an account have and do, from Service Quotas."""

from __future__ import annotations

from omics_provider.base.settings import Settings

from .calls import whole
from .clients import aws
from .failures import translated


def quota(settings: Settings, code: str) -> int:
    """Return the value of a quota of HealthOmics in the caller's account and Region."""
    with translated("GetServiceQuota"):
        answer = aws(settings, "service-quotas").get_service_quota(
            ServiceCode="omics", QuotaCode=code
        )
    return int(whole("GetServiceQuota", answer, "Quota")["Quota"]["Value"])
