"""Where HealthOmics is: region, profile and endpoint, from a stack's configuration."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from .errors import SettingsError

#: What a preview does with what preflight finds.
Mode = Literal["off", "warn", "fail"]
MODES: Final[tuple[Mode, ...]] = ("off", "warn", "fail")
#: Where HealthOmics writes the logs of runs (developer guide, monitoring-cloudwatch-logs).
LOG_GROUP: Final = "/aws/omics/WorkflowLog"
#: The endpoint that is the emulator in this very process.
LOCAL: Final = "local"
#: Values of `omics:preflight` for no look-ups: YAML takes an unquoted off for false.
NO_PREFLIGHT: Final = frozenset({"off", "false"})
DEFAULT_LOCAL_STATE: Final = ".omics/local.db"
DEFAULT_LOCAL_RUN_SECONDS: Final = 5.0
#: The key under which a Provider's own configuration has its name.
PROVIDER: Final = "omics-provider:name"


@dataclass(frozen=True, slots=True)
class Settings:
    """One way to reach the service. None leaves the choice to boto3's own chain.

    `local_state` is the emulator's file, below the project's folder where it is relative,
    `local_run_seconds` the simulated length of a run in seconds. With `local_execute` its runs are
    executed, with `local_images` and `local_buckets`: JSON, or the path of a JSON file, below the
    project's folder where it is relative. All of them count for the endpoint `local` only.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    local_state: str = DEFAULT_LOCAL_STATE
    local_run_seconds: float = DEFAULT_LOCAL_RUN_SECONDS
    local_execute: bool = False
    local_images: str | None = None
    local_buckets: str | None = None
    #: Name of the Provider that gives these, None for the stack's configuration. It tells people
    #: where to look; two Providers of one place are one place.
    provider: str | None = field(default=None, compare=False)

    @property
    def is_local(self) -> bool:
        """Whether the emulator stands in for the service."""
        return self.endpoint == LOCAL

    @property
    def is_loopback(self) -> bool:
        """Whether a server on this machine replaces AWS."""
        host = urlsplit(self.endpoint or "").hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")


#: What a provider takes from the namespace `omics`: where HealthOmics is, and whether previews look
#: there.
OF_PROVIDERS: Final = (
    "region", "profile", "endpoint", "localState", "localRunSeconds", "localExecute",
    "localImages", "localBuckets", "preflight",
)  # fmt: skip
#: All keys of the namespace.
KEYS: Final = (*OF_PROVIDERS, "progress")


#: Those of the execution of runs at the endpoint `local`.
_EXECUTION: Final = ("omics:localExecute", "omics:localImages", "omics:localBuckets")


def unknown_keys(keys: Iterable[str], project: str) -> list[str]:
    """Say of each `omics:` key of a stack's configuration that there is none such.

    A project that is itself called omics has keys of its own there: of those, such as are nearly
    one of ours.
    """
    found = []
    for key in sorted(keys):
        namespace, _, name = key.partition(":")
        if namespace != "omics" or name in KEYS:
            continue
        near = difflib.get_close_matches(name, KEYS, n=1, cutoff=0.75)
        if near:
            found.append(f"there is no key {key}: did you mean omics:{near[0]}?")
        elif project != "omics":
            found.append(f"there is no key {key}: omics has {', '.join(KEYS)}")
    return found


def from_config(get: Callable[[str], str | None]) -> Settings:
    """Read the settings; `get` looks a full key such as `omics:region` up and gives None if unset.

    Raises SettingsError for values that can't be meant.
    """
    return Settings(
        region=get("omics:region") or get("aws:region") or None,
        profile=get("omics:profile") or get("aws:profile") or None,
        endpoint=_endpoint(get("omics:endpoint")),
        local_state=get("omics:localState") or DEFAULT_LOCAL_STATE,
        local_run_seconds=_seconds(get("omics:localRunSeconds")),
        local_execute=_switch("omics:localExecute", get("omics:localExecute")),
        local_images=get("omics:localImages") or None,
        local_buckets=get("omics:localBuckets") or None,
        provider=get(PROVIDER),
    )


def provider_config(
    name: str, given: Mapping[str, str | None], get: Callable[[str], str | None]
) -> dict[str, str]:
    """Return a Provider's configuration, by full keys: what is given, else the stack's.

    `given` are values by key without namespace. An empty one leaves the choice to boto3's own
    chain, whatever the stack says. Where the stack's previews look nothing up, the Provider's do
    not either. Raises SettingsError as from_config does.
    """

    def chosen(key: str) -> str | None:
        value = given.get(key.partition(":")[2])
        return get(key) if value is None else value

    found = from_config(chosen)
    seconds, preflight = chosen("omics:localRunSeconds"), get("omics:preflight")
    values = {
        "omics:region": found.region,
        "omics:profile": found.profile,
        "omics:endpoint": found.endpoint,
        "omics:localState": found.local_state if found.is_local else None,
        "omics:localRunSeconds": seconds if found.is_local else None,
        **{key: chosen(key) if found.is_local else None for key in _EXECUTION},
        "omics:preflight": preflight if preflight in NO_PREFLIGHT else None,
        PROVIDER: name,
    }
    return {key: value for key, value in values.items() if value}


def preflight_mode(get: Callable[[str], str | None]) -> Mode:
    """Read `omics:preflight`, "warn" where unset; `get` as in from_config.

    Raises SettingsError for a value that is no mode.
    """
    text = get("omics:preflight") or "warn"
    mode = "off" if text in NO_PREFLIGHT else text
    for each in MODES:
        if mode == each:
            return each
    raise SettingsError(
        "Configuration",
        f"omics:preflight is none of {', '.join(MODES)}",
        advice="Set it with: pulumi config set omics:preflight warn.",
    )


def _endpoint(text: str | None) -> str | None:
    if not text or text == LOCAL:
        return text or None
    if not _is_url(text):
        raise SettingsError(
            "Configuration",
            "omics:endpoint is neither `local` nor a URL",
            advice="Set it with: pulumi config set omics:endpoint local (or https://…).",
        )
    return text


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _switch(key: str, text: str | None) -> bool:
    said = (text or "false").lower()
    if said not in ("true", "false"):
        raise SettingsError(
            "Configuration",
            f"{key} is neither true nor false",
            advice=f"Set it with: pulumi config set {key} true.",
        )
    return said == "true"


def _seconds(text: str | None) -> float:
    if not text:
        return DEFAULT_LOCAL_RUN_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise SettingsError(
            "Configuration",
            "omics:localRunSeconds is not a number of seconds",
            advice="Set it with: pulumi config set omics:localRunSeconds 5.",
        )
    return seconds
