"""botocore's model of the service, which gives the emulator its operations and their shapes."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel


@cache
def service_model() -> ServiceModel:
    """Give the model of omics."""
    return ServiceModel(Loader().load_service_model("omics", "service-2"), "omics")
