"""Answers over WSGI: for the server's own paths, for what moto does not have, and none at all."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from omics_provider.emulator.protocol.wire import HttpAnswer

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def respond(answer: HttpAnswer, start_response: StartResponse) -> list[bytes]:
    """Send an answer whole."""
    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    reason = "OK" if answer.status < 400 else "Error"
    start_response(f"{answer.status} {reason}", list(headers.items()))
    return [answer.body]


def cut(environ: Environ) -> NoReturn:
    """Close the connection of a request to a werkzeug server without a byte of an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    # Werkzeug takes this for a client that has gone, and lets the matter rest.
    raise ConnectionAbortedError("cut by a planned fault")
