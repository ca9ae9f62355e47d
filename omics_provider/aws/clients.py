"""boto3 clients: one a process and setting, since making one takes 0.2 s."""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from omics_provider.core.settings import Settings

from .failures import translated

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

_LOCAL_REGION: Final = "us-east-1"

# botocore's standard mode repeats throttled calls, 5xx answers and cut connections, with jitter and
# at most 20 s between two tries. A repeated StartRun carries the same requestId.
_RETRIES: Final[Any] = {"mode": "standard", "total_max_attempts": 6}
_CONNECT_TIMEOUT_SECONDS: Final = 5
_READ_TIMEOUT_SECONDS: Final = 60
#: More connections than the plugin host has threads (4).
_CONNECTIONS: Final = 16

_clients: dict[Settings, OmicsClient] = {}
_lock = threading.Lock()


def omics(settings: Settings) -> OmicsClient:
    """Return this process's client for `settings`.

    Raises SettingsError for an unknown profile, a missing region or a bad endpoint.
    """
    with _lock:
        client = _clients.get(settings)
        if client is None:
            with translated("Connecting to HealthOmics"):
                client = _local(settings) if settings.is_local else _remote(settings)
            _clients[settings] = client
        return client


def _remote(settings: Settings) -> OmicsClient:
    session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
    # botocore puts `workflows-` before the host of a custom endpoint, too.
    prefix: dict[str, Any] = {"inject_host_prefix": False} if settings.endpoint else {}
    return session.client(
        "omics", endpoint_url=settings.endpoint, config=Config(**_common(), **prefix)
    )


def _local(settings: Settings) -> OmicsClient:
    from omics_provider.emulator import local

    config = Config(**_common(), inject_host_prefix=False, signature_version=UNSIGNED)
    client = boto3.Session(region_name=settings.region or _LOCAL_REGION).client(
        "omics", endpoint_url="http://127.0.0.1", config=config
    )
    local.attach(client, settings.local_state, settings.local_run_seconds)
    return client


def _common() -> dict[str, Any]:
    return {
        "retries": _RETRIES,
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "read_timeout": _READ_TIMEOUT_SECONDS,
        "max_pool_connections": _CONNECTIONS,
        "user_agent_extra": f"omics-provider/{version('omics-provider')}",
    }
