"""The caller's account, and credentials that change."""

from __future__ import annotations

import functools

from omics_provider.base.settings import Settings

from . import clients
from .failures import translated


@functools.cache
def number(settings: Settings) -> str:
    """Return the account of the caller, from STS; it needs no permission."""
    with translated("GetCallerIdentity"):
        return str(clients.aws(settings, "sts").get_caller_identity()["Account"])


def sign_in_again(settings: Settings) -> None:
    """Read the credentials anew: a file that holds them may have been written since."""
    clients.forget(settings)
    number.cache_clear()
