"""The configuration of the native provider."""

from __future__ import annotations

from typing import Final

from omics_provider.base import settings
from omics_provider.base.table import Field, Kind

# fmt: off
#: What the stack's configuration, or an explicit provider, says, by keys of the namespace `omics`.
CONFIG: Final = (
    Field(
        "region", "region", sent=False,
        doc="AWS Region; by default `aws:region`, or else boto3's own chain.",
    ),
    Field(
        "profile", "profile", sent=False,
        doc="Profile of the AWS configuration files; by default `aws:profile`, or else boto3's "
            "own chain.",
    ),
    Field(
        "endpoint", "endpoint", sent=False,
        doc="`local` for the emulator, or a URL of the service.",
    ),
    Field(
        "local_state", "localState", sent=False,
        doc="File of the emulator, relative to the project, if the endpoint is `local`; by "
            f"default `{settings.DEFAULT_LOCAL_STATE}`.",
    ),
    Field(
        "local_run_seconds", "localRunSeconds", Kind.JSON, type="float", sent=False,
        doc="Simulated length of a run in seconds, if the endpoint is `local`; by default "
            f"{settings.DEFAULT_LOCAL_RUN_SECONDS:g}.",
    ),
    Field(
        "local_execute", "localExecute", Kind.BOOLEAN, sent=False,
        doc="Whether runs of WDL workflows are executed for real, if the endpoint is `local`; by "
            "default false.",
    ),
    Field(
        "local_images", "localImages", sent=False,
        doc="Images for runs that are executed, if the endpoint is `local`: JSON, or a JSON file "
            "relative to the project. It maps an image name, or `*`, to a folder with a root file "
            "system, or to a local image.",
    ),
    Field(
        "local_buckets", "localBuckets", sent=False,
        doc="Folders that replace buckets for runs that are executed, if the endpoint is `local`: "
            "JSON, or a JSON file relative to the project. It maps a bucket to a folder.",
    ),
    Field(
        "preflight", "preflight", enum=settings.MODES, sent=False,
        doc="How a preview checks the things that runs need. warn looks them up and warns of "
            "problems, fail makes a problem an error, off looks up nothing. The default is warn.",
    ),
)
# fmt: on
