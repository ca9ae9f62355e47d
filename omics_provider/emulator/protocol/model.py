"""botocore's models, which give the emulator its operations and their shapes."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import ServiceModel


@cache
def service_model(name: str = "omics") -> ServiceModel:
    """Give the model of a service."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)
