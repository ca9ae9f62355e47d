"""Answers over WSGI, for the server's own paths and for what moto does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omics_provider.emulator.protocol.wire import HttpAnswer

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def respond(answer: HttpAnswer, start_response: StartResponse) -> list[bytes]:
    """Send an answer whole."""
    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    reason = "OK" if answer.status < 400 else "Error"
    start_response(f"{answer.status} {reason}", list(headers.items()))
    return [answer.body]
