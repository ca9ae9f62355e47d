"""The process that an engine starts: a gRPC server for it alone, on the loopback interface."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from omics_provider.rpc.host import Host
from omics_provider.waits.blocking import MOST

from .servicer import Servicer

#: Requests at once: waits, and what goes on beside them, such as the request that ends them. A
#: thread starts when a request needs it.
_WORKERS: Final = MOST + 24
#: Seconds between two looks whether the engine is there.
_PAUSE: Final = 1.0
#: Bytes of a request or an answer: the engine's own limit.
_LARGEST: Final = 400 * 1024 * 1024
_OPTIONS: Final = [
    ("grpc.max_receive_message_length", _LARGEST),
    ("grpc.max_send_message_length", _LARGEST),
    ("grpc.so_reuseport", 0),
]
_WHAT: Final = """\
pulumi-resource-omics {version}: AWS HealthOmics for Pulumi programs in every language.
Pulumi's engine starts it for a project with resources of the package omics: try `pulumi preview`.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the engine whose address is the last argument, until it says that it is done.

    An engine that is killed can't say so. What it asked for last ends by itself: its waits at
    once.

    Without an address a person has started it: say what it is.
    """
    *_, last = ("", *(sys.argv[1:] if arguments is None else arguments))
    if ":" not in last:
        return _tell(last)
    servicer = Servicer(Host(last))
    threads = workers()
    server, port = serve(servicer, threads)
    ended = threading.Event()
    # An engine that is done sends SIGINT, and a second later SIGKILL. Ctrl-C reaches the engine
    # alone, which then asks for Cancel.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ended.wait(_PAUSE) and servicer.has_engine:
        pass
    servicer.end_waits()
    server.stop(grace=None).wait()
    threads.shutdown()
    # Threads that look or tell go on, and may hold a lock of the emulator's file: Python's own end
    # stops each where it is, and may not come to its own.
    os._exit(0)


def _tell(asked: str) -> int:
    version = metadata.version("omics-provider")
    if asked == "--version":
        sys.stdout.write(f"{version}\n")
        return 0
    is_help = asked in ("--help", "-h")
    (sys.stdout if is_help else sys.stderr).write(_WHAT.format(version=version))
    return 0 if is_help else 2


def workers() -> ThreadPoolExecutor:
    """Return the threads that serve requests."""
    return ThreadPoolExecutor(max_workers=_WORKERS)


def serve(servicer: Servicer, threads: ThreadPoolExecutor) -> tuple[Any, int]:
    """Start a server on a free port of this machine; return both."""
    server = grpc.server(threads, options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
