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
        doc="AWS Region. Unset, `aws:region`, else boto3's own chain holds.",
    ),
    Field(
        "profile", "profile", sent=False,
        doc="Profile of the AWS configuration files. Unset, `aws:profile`, else boto3's own chain "
        "holds.",
    ),
    Field(
        "endpoint", "endpoint", sent=False,
        doc="`local` for the emulator, or a URL of the service.",
    ),
    Field(
        "local_state", "localState", sent=False,
        doc="File of the emulator, relative to the project, where the endpoint is `local`; "
        f"`{settings.DEFAULT_LOCAL_STATE}` where unset.",
    ),
    Field(
        "local_run_seconds", "localRunSeconds", Kind.JSON, type="float", sent=False,
        doc="Simulated length of a run in seconds, where the endpoint is `local`; "
        f"{settings.DEFAULT_LOCAL_RUN_SECONDS:g} where unset.",
    ),
    Field(
        "local_execute", "localExecute", Kind.BOOLEAN, sent=False,
        doc="Whether runs of WDL workflows are executed for real, where the endpoint is `local`; "
        "false where unset.",
    ),
    Field(
        "local_images", "localImages", sent=False,
        doc="Images for runs that are executed, where the endpoint is `local`: JSON, or a JSON "
        "file relative to the project, of image names, or `*`, with folders that hold a root file "
        "system or names of local images.",
    ),
    Field(
        "local_buckets", "localBuckets", sent=False,
        doc="Folders that stand for buckets for runs that are executed, where the endpoint is "
        "`local`: JSON, or a JSON file relative to the project, of buckets with folders.",
    ),
    Field(
        "preflight", "preflight", enum=settings.MODES, sent=False,
        doc="What a preview does about the things that runs need before they are started: warn "
        "looks them up and warns of what will not work, fail makes it an error, off looks up "
        "nothing. Unset, warn.",
    ),
)
# fmt: on
