"""Cutting a connection, for faults, under a werkzeug server."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any, NoReturn


def cut(environ: Mapping[str, Any]) -> NoReturn:
    """Close the connection of a WSGI request without a byte of an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    # Werkzeug takes this for a client that has gone, and lets the matter rest.
    raise ConnectionAbortedError("cut by a planned fault")
