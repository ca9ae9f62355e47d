"""AWS HealthOmics runs as Pulumi resources."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from omics_provider.resources._arguments import (
        Retry,
        RunBatchOverride,
        RunBatchTemplate,
        RunTemplate,
    )
    from omics_provider.resources._facts import RunFacts
    from omics_provider.resources.cohort import RunCohort
    from omics_provider.resources.provider import Provider
    from omics_provider.resources.run import OmicsRun
    from omics_provider.resources.run_batch import OmicsRunBatch
    from omics_provider.resources.shared import OmicsRunCache, OmicsRunGroup
    from omics_provider.resources.wait import wait_all
    from omics_provider.resources.workflow import OmicsWorkflow
    from omics_provider.sheets.parameters import Column, EachRow

__all__ = [
    "Column",
    "EachRow",
    "OmicsRun",
    "OmicsRunBatch",
    "OmicsRunCache",
    "OmicsRunGroup",
    "OmicsWorkflow",
    "Provider",
    "Retry",
    "RunBatchOverride",
    "RunBatchTemplate",
    "RunCohort",
    "RunFacts",
    "RunTemplate",
    "wait_all",
]

# Names are looked up when they are used, so that the emulator and the plugin process, which import
# this package too, do not pay for the Pulumi program's half of it.
_HOMES: Final = {
    "Column": "omics_provider.sheets.parameters",
    "EachRow": "omics_provider.sheets.parameters",
    "OmicsRun": "omics_provider.resources.run",
    "OmicsRunBatch": "omics_provider.resources.run_batch",
    "OmicsRunCache": "omics_provider.resources.shared",
    "OmicsRunGroup": "omics_provider.resources.shared",
    "OmicsWorkflow": "omics_provider.resources.workflow",
    "Provider": "omics_provider.resources.provider",
    "Retry": "omics_provider.resources._arguments",
    "RunBatchOverride": "omics_provider.resources._arguments",
    "RunBatchTemplate": "omics_provider.resources._arguments",
    "RunCohort": "omics_provider.resources.cohort",
    "RunFacts": "omics_provider.resources._facts",
    "RunTemplate": "omics_provider.resources._arguments",
    "wait_all": "omics_provider.resources.wait",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
