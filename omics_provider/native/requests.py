"""How a request is served: errors as a few lines, what is unfinished recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import grpc

from omics_provider.engine.call import Unfinished
from omics_provider.engine.urn import kind_of

from . import failures, values
from .kinds import KINDS
from .values import Bag

R = TypeVar("R")
Request = Any


def told(method: Callable[[Any, Request, grpc.ServicerContext], R]) -> Any:
    """Make an error of a request reach the user as a few lines, with no traceback."""

    @wraps(method)
    def wrapper(self: Any, request: Request, context: grpc.ServicerContext) -> R:
        try:
            return method(self, request, context)
        except Unfinished as unfinished:
            is_active = KINDS[kind_of(request.urn)].is_active(unfinished.properties)
            failures.record(context, unfinished, _inputs(request), is_active=is_active)
        except Exception as error:  # the process serves the rest of the update
            if not context.is_active() or isinstance(error, grpc.RpcError):
                raise
            failures.fail(context, failures.words(error, getattr(request, "urn", "")))

    return wrapper


def _inputs(request: Request) -> Bag:
    """Return what is declared, with all that is secret in it or in what was recorded."""
    declared = values.received(getattr(request, "news", None) or request.properties)
    before = values.received(request.olds) if hasattr(request, "olds") else Bag({})
    return Bag(declared.properties, declared.secrets | before.secrets)
