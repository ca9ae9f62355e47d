"""The main job on the emulator: no AWS account, a real workflow on small made reads.

Its runs are executed on this machine, where containers can be started. Role and bucket are names
that nothing looks up.
"""

import pulumi

from omics_provider import OmicsWorkflow
from stacks import _cohort, _here, _samples, _settings


def main() -> None:
    """Start a run for each sample of the sheet and wait for all of them."""
    config = pulumi.Config()
    folder = _settings.WORKFLOWS / config.require("workflow")
    workflow = OmicsWorkflow(folder.name, name=folder.name, definition=folder)
    runs = _cohort.start(
        _samples.read_sheet(_settings.SHEETS / config.require("sampleSheet")),
        workflow,
        role_arn=config.require("roleArn"),
        output_uri=config.require("outputUri"),
        tags=_here.tags(),
    )
    _cohort.export(runs, _settings.wait_seconds(config))
