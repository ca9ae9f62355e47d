"""boto3 clients: one a process and setting, since making one takes 0.2 s.

boto3 is imported when the first client is made: a preview that asks nothing does not pay for it.
"""

from __future__ import annotations

import functools
import os
import threading
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base.errors import SettingsError
from omics_provider.base.settings import Settings

from . import local_state
from .failures import translated

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from types_boto3_omics import OmicsClient

    from omics_provider.emulator.doors.local import Execution

_LOCAL_REGION: Final = "us-east-1"

# botocore repeats throttled calls, 5xx answers and cut connections, with jitter and at most 20 s
# between two tries. Its adaptive mode also sends less once it is throttled. Its standard mode does
# not: three updates at once, 12 threads against a quota of 10 calls a second, lost a tenth of their
# calls so, and none in adaptive mode (tests/engine/runs/test_throttled.py).
# StartRun is repeated by its own loop (start_loop.py).
_RETRIES: Final[Any] = {"mode": "adaptive", "total_max_attempts": 6}
_ONCE: Final[Any] = {"mode": "standard", "total_max_attempts": 1}
_CONNECT_TIMEOUT_SECONDS: Final = 5
_READ_TIMEOUT_SECONDS: Final = 20
#: For what can be done without.
_QUICK_SECONDS: Final = 2
_PRICING_REGION: Final = "us-east-1"
_PRICING_REGIONS: Final = {"eu-": "eu-central-1", "il-": "eu-central-1", "ap-": "ap-south-1"}
#: More connections than the plugin host has threads (4).
_CONNECTIONS: Final = 16

_clients: dict[tuple[Settings, bool], OmicsClient] = {}
_lock = threading.Lock()


def omics(settings: Settings, *, retries: bool = True) -> OmicsClient:
    """Return this process's client for `settings`; without `retries` a call is made once.

    Raises SettingsError for an unknown profile, a missing region or a bad endpoint.
    """
    with _lock:
        client = _clients.get((settings, retries))
        if client is None:
            make = _local if settings.is_local else _remote
            with translated("Connecting to HealthOmics"):
                client = make(settings, _RETRIES if retries else _ONCE)
            _clients[settings, retries] = client
        return client


@functools.cache
def aws(settings: Settings, service: str) -> Any:
    """Return a client of another service, for the same account and Region.

    A local server that stands in for HealthOmics stands in for the others, too. The emulator in
    the process has the S3 objects of its runs.
    """
    with _lock, translated(f"Connecting to {service}"):
        if settings.is_local and service in ("s3", "logs"):
            return _local_other(settings, service)
        session = _session(settings)
        return session.client(  # type: ignore[call-overload]  # the service is no literal
            service,
            endpoint_url=settings.endpoint if settings.is_loopback else None,
            config=_config(_RETRIES),
        )


def pricing(settings: Settings) -> Any:
    """Return a client of the AWS Price List that asks once and does not wait long.

    Three Regions have one, each with the prices of all (AWS's general reference).
    """
    region = settings.region or os.environ.get("AWS_REGION") or ""
    near = _PRICING_REGIONS.get(region[:3], _PRICING_REGION)
    with _lock, translated("Connecting to pricing"):
        return _session(settings).client(
            "pricing",
            region_name=near,
            endpoint_url=settings.endpoint if settings.is_loopback else None,
            config=_config(_ONCE, connect_timeout=_QUICK_SECONDS, read_timeout=_QUICK_SECONDS),
        )


def load() -> None:
    """Import boto3, which takes a quarter of a second: for who has other work beside it."""
    import boto3  # noqa: F401  # it is imported for the next who needs it


def forget(settings: Settings) -> None:
    """Make new clients from now on: credentials in a file are read once by each session.

    For a process that outlives its credentials. Other places' clients are made again, too.
    """
    with _lock:
        for key in [key for key in _clients if key[0] == settings]:
            del _clients[key]
        aws.cache_clear()
        _session.cache_clear()


@functools.cache
def _session(settings: Settings) -> boto3.Session:
    """Return the session for `settings`: it keeps the service's model, half of a client's time."""
    import boto3
    from botocore.session import get_session

    from . import times

    if not settings.is_local:
        return _opened(settings)
    core = get_session()
    times.read_at_once(core)
    return boto3.Session(botocore_session=core, region_name=settings.region or _LOCAL_REGION)


def session(settings: Settings) -> boto3.Session:
    """Return a new session, as the settings and the machine's AWS configuration say.

    Raises SettingsError for an unknown profile or a configuration that can't be read.
    """
    with translated("Reading the AWS configuration"):
        return _opened(settings)


def _opened(settings: Settings) -> boto3.Session:
    import boto3
    from botocore.session import get_session

    from . import times
    from .sign_in import ask_nothing

    core = get_session()
    # boto3 alone of AWS's tools does not read AWS_REGION.
    region = settings.region or os.environ.get("AWS_REGION") or None
    opened = boto3.Session(botocore_session=core, profile_name=settings.profile, region_name=region)
    # The profile is known to the chain of credentials from here on.
    ask_nothing(core)
    times.read_at_once(core)
    return opened


def _remote(settings: Settings, retries: Any) -> OmicsClient:
    session = _session(settings)
    # botocore puts `workflows-` before the host of a custom endpoint, too.
    prefix: dict[str, Any] = {"inject_host_prefix": False} if settings.endpoint else {}
    return session.client(
        "omics", endpoint_url=settings.endpoint, config=_config(retries, **prefix)
    )


def _local(settings: Settings, retries: Any) -> OmicsClient:
    from botocore import UNSIGNED

    from omics_provider.emulator.doors import local

    config = _config(retries, inject_host_prefix=False, signature_version=UNSIGNED)
    client = _session(settings).client("omics", endpoint_url="http://127.0.0.1", config=config)
    execution = _execution(settings) if settings.local_execute else None
    local.attach(client, local_state.file(settings), settings.local_run_seconds, execution)
    return client


def _local_other(settings: Settings, service: str) -> Any:
    from botocore import UNSIGNED

    from omics_provider.emulator.doors import local

    config = _config(_RETRIES, signature_version=UNSIGNED, s3={"addressing_style": "path"})
    client = _session(settings).client(  # type: ignore[call-overload]  # the service is no literal
        service, endpoint_url="http://127.0.0.1", config=config
    )
    if service == "logs":
        local.attach_logs(client, local_state.file(settings))
    else:
        local.attach_s3(client, local_state.file(settings), _execution(settings).buckets)
    return client


def _execution(settings: Settings) -> Execution:
    """Return how runs are executed. Raises SettingsError for maps that can't be meant."""
    from omics_provider.emulator.doors import local

    folder = local_state.project_folder(Path.cwd())
    try:
        return local.execution(settings.local_images, settings.local_buckets, folder)
    except ValueError as error:
        raise SettingsError(
            "Configuration",
            f"omics:localImages or omics:localBuckets can't be used: {error}",
            advice="Set them with: pulumi config set omics:localImages images.json.",
        ) from error


def _config(retries: Any, **more: Any) -> Config:
    from botocore.config import Config

    standing: dict[str, Any] = {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "read_timeout": _READ_TIMEOUT_SECONDS,
        "max_pool_connections": _CONNECTIONS,
        "user_agent_extra": f"omics-provider/{version('omics-provider')}",
    }
    return Config(retries=retries, **{**standing, **more})
