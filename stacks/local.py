"""The main job on the emulator: no AWS account, real workflow, real sample sheet.

Role and bucket are names that nothing looks up: the emulator checks their form, as it does
with everything else that StartRun takes.
"""

import pulumi

from stacks import _cohort, _samples, _settings


def main() -> None:
    """Start a germline run for each sample of the sheet and wait for all of them."""
    config = pulumi.Config()
    runs = _cohort.start(
        _samples.read_sheet(_settings.SHEETS / config.require("sampleSheet")),
        _settings.existing(config),
        role_arn=config.require("roleArn"),
        output_uri=config.require("outputUri"),
    )
    _cohort.export(runs, _settings.wait_seconds(config))
