"""A run of the native provider, as its generated SDK declares one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from bare import OUTPUTS, wire


class Run(pulumi.CustomResource):
    """The inputs of a run, under the API's names, and its outputs."""

    def __init__(self, resource_name: str, arguments: Mapping[str, Any]) -> None:
        inputs = {wire(name): value for name, value in arguments.items()}
        super().__init__("omics:index:Run", resource_name, {**dict.fromkeys(OUTPUTS), **inputs})
