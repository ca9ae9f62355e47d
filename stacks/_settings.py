"""What a stack in an AWS account may set, read in one place; README.md has the keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import pulumi

SHEETS = Path(__file__).parent / "samples"
WORKFLOWS = Path(__file__).parent / "workflows"
SECONDS_AN_HOUR = 3600.0

# Values of the configuration: the preview says so where one is another.
WorkflowType = Literal["PRIVATE", "READY2RUN"]
CacheBehaviour = Literal["CACHE_ON_FAILURE", "CACHE_ALWAYS"]
Retention = Literal["RETAIN", "REMOVE"]
OnDelete = Literal["delete", "cancel", "keep"]


@dataclass(frozen=True)
class Existing:
    """A workflow that is there already."""

    id: str
    type: WorkflowType


@dataclass(frozen=True)
class Runs:
    """What the runs have in common. None and empty: not sent, so the service's own default."""

    parameters: dict[str, Any]
    retention: Retention | None
    on_delete: OnDelete
    wait_seconds: float | None


@dataclass(frozen=True)
class Limits:
    """What the runs may use together; None is no limit of the group's."""

    runs: int | None
    cpus: int | None
    minutes: int | None


@dataclass(frozen=True)
class Keeping:
    """How long things are kept, in days. None: the results for ever, the log as it is."""

    results: int | None
    tiering: int
    cache: int
    log: int | None
    is_bucket_destroyed: bool


@dataclass(frozen=True)
class Settings:
    """The settings of a stack in an AWS account."""

    cohort: str
    cost_centre: str
    sheet: Path
    workflow: Existing | Path
    shared_inputs: list[str]
    repositories: list[str]
    cache_behaviour: CacheBehaviour
    runs: Runs
    limits: Limits
    keeping: Keeping
    notify: list[str]

    @staticmethod
    def configured(config: pulumi.Config) -> "Settings":
        """Read the stack's configuration.

        Raises:
            pulumi.RunError: a key is missing or holds something else than it should.

        """
        sheet = SHEETS / config.require("sampleSheet")
        return Settings(
            cohort=config.get("cohort") or sheet.stem,
            cost_centre=config.require("costCentre"),
            sheet=sheet,
            workflow=_workflow(config),
            shared_inputs=config.get_object("sharedInputs") or [],
            repositories=config.get_object("ecrRepositories") or [],
            cache_behaviour=cast(CacheBehaviour, config.get("cacheBehavior") or "CACHE_ON_FAILURE"),
            runs=Runs(
                parameters=config.get_object("workflowParameters") or {},
                retention=cast(Retention | None, config.get("retentionMode")),
                on_delete=cast(OnDelete, config.get("onDelete") or "cancel"),
                wait_seconds=wait_seconds(config),
            ),
            limits=Limits(
                runs=config.get_int("maxRuns"),
                cpus=config.get_int("maxCpus"),
                minutes=config.get_int("maxMinutes"),
            ),
            keeping=Keeping(
                results=config.get_int("resultsDays"),
                tiering=config.get_int("tieringDays") or 30,
                cache=config.get_int("cacheDays") or 90,
                log=config.get_int("logDays"),
                is_bucket_destroyed=config.get_bool("destroyBucket") or False,
            ),
            notify=config.get_object("notify") or [],
        )


def wait_seconds(config: pulumi.Config) -> float | None:
    """Return how long to wait for the runs' end, from `waitHours`. None: as long as it takes."""
    hours = config.get_float("waitHours")
    return None if hours is None else hours * SECONDS_AN_HOUR


def _existing(config: pulumi.Config) -> Existing:
    """Read `workflowId` and `workflowType` (READY2RUN or PRIVATE)."""
    kind = cast(WorkflowType, config.require("workflowType"))
    return Existing(config.require("workflowId"), kind)


def _workflow(config: pulumi.Config) -> Existing | Path:
    folder = config.get("workflow")
    if folder is None:
        return _existing(config)
    if config.get("workflowId") is not None:
        raise pulumi.RunError(
            "workflow and workflowId are both set: keep `workflow` for a definition of "
            "stacks/workflows/, or `workflowId` for a workflow that is there already."
        )
    return WORKFLOWS / folder
