"""Waiting for runs in the program: an Output that is known when they have ended.

The wait runs beside the engine in the program's own process, so it holds up no plugin thread and no
other resource. In a preview it looks once: ended runs are known, others are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import pulumi
from pulumi import Output

from omics_provider.core import errors, facts, settings
from omics_provider.core.status import ACTIVE, status_of
from omics_provider.providers.wire import unknown

if TYPE_CHECKING:
    from omics_provider.aws.gateway import Runs

    from .run import OmicsRun

OnFailure = Literal["fail", "warn"]

#: Seconds between two looks at a run: first, longest; shorter at the emulator.
_FIRST, _LONGEST, _LOCAL_LONGEST = 1.0, 30.0, 1.0
_OPERATION: Final = "Waiting"


def wait_all(
    runs: Mapping[str, OmicsRun] | Sequence[OmicsRun],
    timeout: float | None = None,
    on_failure: OnFailure = "fail",
) -> Output[dict[str, dict[str, Any]]]:
    """Wait for the end of all `runs`.

    Args:
        runs: the runs, by key; in a sequence the key is Pulumi's resource name.
        timeout: seconds to wait, None for no limit. The runs go on when it is over.
        on_failure: "fail" fails the update where a run ended FAILED, CANCELLED or DELETED;
            "warn" says so and goes on.

    Returns:
        By key, the facts of each ended run: id, status, run_output_uri, start_time, stop_time,
        status_message, failure_reason. Unknown in a preview while a run has not ended.

    """
    if not isinstance(runs, Mapping):
        runs = {run._name: run for run in runs}
    place = settings.from_config(_config_value)
    identities = Output.all(
        **{key: Output.all(id=run.id, uuid=run.uuid) for key, run in runs.items()}
    )

    async def ended(known: dict[str, dict[str, str]]) -> Any:
        return await asyncio.to_thread(_wait, place, known, timeout, on_failure)

    return identities.apply(ended)


def _config_value(key: str) -> str | None:
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name)


def _wait(
    place: settings.Settings,
    identities: Mapping[str, Mapping[str, str]],
    timeout: float | None,
    on_failure: OnFailure,
) -> Any:
    from omics_provider.aws.gateway import Runs
    from omics_provider.aws.polling import Pace, TimeLimitReached, poll

    try:
        watch = _Watch(Runs(place), identities)
        if pulumi.runtime.is_dry_run():
            return watch.found if watch.look() else unknown()
        pace = Pace(_FIRST, _LOCAL_LONGEST if place.is_local else _LONGEST)
        poll(watch.look, bool, limit=timeout, pace=pace)
    except TimeLimitReached as late:
        raise pulumi.RunError(
            f"{_OPERATION}: after {late.seconds:.0f} s these runs have not ended: "
            f"{', '.join(watch.active)}.\nThey go on. Run `pulumi up` again to go on waiting."
        ) from None
    except errors.OmicsError as error:
        raise pulumi.RunError(error.about("the runs of this stack")) from None
    _tell_failures(watch.found, on_failure)
    return watch.found


class _Watch:
    """What is known of the runs that are waited for."""

    def __init__(self, runs: Runs, identities: Mapping[str, Mapping[str, str]]) -> None:
        self._runs = runs
        self._identities = identities
        self.found: dict[str, dict[str, Any]] = {}

    @property
    def active(self) -> list[str]:
        """Keys of the runs that have not ended."""
        return [key for key in self._identities if key not in self.found]

    def look(self) -> bool:
        """Ask for each run that has not ended yet; tell whether all have."""
        for key in self.active:
            run = self._identities[key]
            try:
                live = self._runs.get(run["id"])
            except errors.NotFound:
                self.found[key] = facts.of_gone(run["id"])
                continue
            if live.get("uuid") != run["uuid"]:
                self.found[key] = facts.of_gone(run["id"])
            elif status_of(live["status"]) not in ACTIVE:
                self.found[key] = facts.of_ended(live)
        return not self.active


def _tell_failures(found: Mapping[str, Mapping[str, Any]], on_failure: OnFailure) -> None:
    failed = [
        facts.sentence(key, run) for key, run in found.items() if run["status"] != "COMPLETED"
    ]
    if not failed:
        return
    message = "\n".join(failed)
    if on_failure == "fail":
        raise pulumi.RunError(message)
    pulumi.log.warn(message)
