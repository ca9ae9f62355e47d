"""What the programs share: one run for each sample, a wait for all, and what is exported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from omics_provider import OmicsRun, wait_all
from stacks._samples import Sample

SHEETS = Path(__file__).parent / "samples"
SECONDS_AN_HOUR = 3600.0


@dataclass(frozen=True)
class Workflow:
    """The workflow that every sample of the cohort goes through."""

    id: str
    type: str

    @staticmethod
    def configured(config: pulumi.Config) -> "Workflow":
        """Read `workflowId` and `workflowType` (READY2RUN or PRIVATE)."""
        return Workflow(config.require("workflowId"), config.require("workflowType"))


def sheet(config: pulumi.Config) -> Path:
    """Return the sample sheet that the stack names, a file of stacks/samples/."""
    return SHEETS / config.require("sampleSheet")


def wait_seconds(config: pulumi.Config) -> float | None:
    """Return how long to wait for the runs' end, from `waitHours`. None: as long as it takes."""
    hours = config.get_float("waitHours")
    return None if hours is None else hours * SECONDS_AN_HOUR


def start(
    samples: Sequence[Sample],
    workflow: Workflow,
    *,
    role_arn: pulumi.Input[str],
    output_uri: pulumi.Input[str],
    on_delete: str = "delete",
    depends_on: Sequence[pulumi.Resource] = (),
) -> dict[str, OmicsRun]:
    """Declare one run for each sample.

    The sample's name is the resource's name, so that a sheet in another order is the same
    cohort, and a new row is one new run.
    """
    return {
        sample.name: OmicsRun(
            sample.name,
            name=sample.name,
            workflow_id=workflow.id,
            workflow_type=workflow.type,
            role_arn=role_arn,
            output_uri=output_uri,
            parameters=sample.parameters(),
            on_delete=on_delete,
            tags={"project": pulumi.get_project(), "stack": pulumi.get_stack()},
            opts=pulumi.ResourceOptions(depends_on=list(depends_on)),
        )
        for sample in samples
    }


def export(runs: Mapping[str, OmicsRun], timeout: float | None) -> None:
    """Wait for the end of all runs and export id, status and place of the results of each."""
    ended = wait_all(runs, timeout=timeout)
    pulumi.export(
        "runs",
        {
            name: {
                "id": run.id,
                "status": ended[name]["status"],
                "runOutputUri": ended[name]["run_output_uri"],
            }
            for name, run in runs.items()
        },
    )
