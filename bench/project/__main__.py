"""As many resources as the stack's config says, of the kind that it says."""

import pulumi
from declared import run_arguments

config = pulumi.Config("bench")
count = config.require_int("count")
changed = config.get_int("changed")

kind = config.require("kind")
if kind == "omics":
    from omics_provider import OmicsRun

    for number in range(count):
        rerun = 1 if number == changed else None
        OmicsRun(f"sample-{number:04}", **run_arguments(number), rerun=rerun)
elif kind == "native":
    from native import Run

    for number in range(count):
        Run(f"sample-{number:04}", run_arguments(number))
else:
    from bare import Bare

    for number in range(count):
        Bare(f"sample-{number:04}", run_arguments(number))
