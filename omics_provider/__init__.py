"""AWS HealthOmics runs as Pulumi resources."""

from omics_provider.resources.run import OmicsRun
from omics_provider.resources.wait import wait_all

__all__ = ["OmicsRun", "wait_all"]
