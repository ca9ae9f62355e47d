"""The main job's runs: one for each sample, a wait for all, and what is exported."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from omics_provider import OmicsRun, OmicsWorkflow, wait_all
from stacks._samples import Sample


def start(
    samples: Sequence[Sample],
    workflow: OmicsWorkflow,
    *,
    role_arn: str,
    output_uri: str,
    tags: Mapping[str, str],
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
            workflow_version_name=workflow.version_name,
            role_arn=role_arn,
            output_uri=output_uri,
            parameters=sample.parameters(),
            tags={"project": pulumi.get_project(), "stack": pulumi.get_stack(), **tags},
        )
        for sample in samples
    }


def export(runs: Mapping[str, OmicsRun], timeout: float | None) -> None:
    """Wait for the end of all runs, and export what became of each and what it gave."""
    ended = wait_all(runs, timeout=timeout, outputs=True)
    export_ended(runs, ended)
    pulumi.export("outputs", {name: ended[name]["outputs"] for name in runs})


def export_ended(runs: Mapping[str, OmicsRun], ended: pulumi.Output[dict[str, Any]]) -> None:
    """Export id, status and place of the results of each run."""
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
