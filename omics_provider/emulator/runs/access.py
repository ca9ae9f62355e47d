"""Whether HealthOmics may use what a run names: its role, and the bucket of its outputs.

Each function says what is wrong in the words of StartRun, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omics_provider.emulator.world.context import Context


def of_role(context: Context, request: Mapping[str, Any]) -> str | None:
    """Look at the role: it is one of the account, is there, and trusts HealthOmics.

    A door without moto's services knows its account alone.
    """
    role, around = request["roleArn"], context.surroundings
    is_own = role.split(":")[4] == context.account
    if is_own and (around is None or around.trusts(*context.here(), role)):
        return None
    return "IAM role is invalid or inaccessible"


def of_output(context: Context, request: Mapping[str, Any]) -> str | None:
    """Look at the bucket: it is there, and in the run's Region."""
    if context.surroundings is None:
        return None
    region = context.surroundings.bucket_region(context.account, request["outputUri"])
    if region is None:
        return f"S3 access denied for {request['outputUri']}"
    if region != context.region:
        return f"S3 bucket not located in {context.region} region"
    return None
