"""The endpoint `local`: boto3 clients of omics and of S3 answered in their own process.

No socket, no port, no server: botocore asks its handlers of the event `before-send` for an
answer before it opens a connection, and here it gets one. Only this client is touched.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from omics_provider.emulator.execution.detached import Detached
from omics_provider.emulator.protocol.wire import HttpAnswer, HttpRequest
from omics_provider.emulator.service import DEFAULT_ACCOUNT, DEFAULT_RUN_SECONDS, Service
from omics_provider.emulator.world.execution import Execution as Execution
from omics_provider.emulator.world.folder import Folder, beside, replaced
from omics_provider.emulator.world.store import Store, open_store

from .local_files import LocalObjects, log_events

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient


def attach(
    client: OmicsClient,
    state: str | Path,
    run_seconds: float = DEFAULT_RUN_SECONDS,
    execution: Execution | None = None,
) -> None:
    """Let the emulator answer this client, on the state file `state`.

    Runs that the client starts last `run_seconds` of emulated time, unless the setting
    `runSeconds` or their tag `emulator:seconds` says otherwise. The client needs a region and
    no credentials: its requests are not signed. Its host does not matter, so a host prefix
    does no harm. The account is MOTO_ACCOUNT_ID, or 123456789012. What the client exports is
    written into a folder beside the state file.

    With `execution` its runs are executed where they can be, by a process of its own.
    """
    store = open_store(state)
    model = client.meta.service_model
    door = _Door(
        Service(store, model, run_seconds, None, execution, Detached(store)),
        client.meta.region_name,
        float(client.meta.config.read_timeout),  # type: ignore[attr-defined]  # the stubs lack it
        Path(f"{state}-exports").absolute(),
    )
    client.meta.events.register("choose-signer.omics", _unsigned)
    client.meta.events.register("before-send.omics", door.answer)  # type: ignore[arg-type]  # the stubs want another answer


def execution(images: str | None, buckets: str | None, folder: Path) -> Execution:
    """Give how runs are executed, from JSON or JSON files below `folder`.

    Raises ValueError for maps that can't be understood.
    """
    return Execution.of(images, buckets, folder, at_home=False)


def attach_s3(client: Any, state: str | Path, buckets: Mapping[str, str] | None = None) -> None:
    """Let the emulator answer this client's reads: what the runs of `state` have written.

    Every bucket is there, and holds nothing else, but for `buckets`: their folders stand for them.
    The client needs path style and no credentials.
    """
    store = open_store(state)
    objects = LocalObjects(store, _files(store, buckets or {}), _account())

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        found = objects.answer(request.method, request.url)
        return None if found is None else _response(request.url, found)

    client.meta.events.register("choose-signer.s3", _unsigned)
    client.meta.events.register("before-send.s3", answer)


def attach_logs(client: Any, state: str | Path) -> None:
    """Let the emulator answer this client's GetLogEvents: what executed runs have logged."""
    files = _files(open_store(state), {})

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return _response(request.url, log_events(files, _bytes(request.body or b"")))

    client.meta.events.register("choose-signer.logs", _unsigned)
    client.meta.events.register("before-send.logs.GetLogEvents", answer)


def _files(store: Store, buckets: Mapping[str, str]) -> Folder:
    return Folder(beside(store.path), buckets)


def _account() -> str:
    return os.environ.get("MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT)


def _unsigned(**_: Any) -> Any:
    return UNSIGNED


class _Door:
    """The handler of one client's requests."""

    def __init__(self, service: Service, region: str, read_timeout: float, exports: Path) -> None:
        self._service = service
        self._region = region
        self._read_timeout = read_timeout
        self._exports = exports
        self._account = _account()

    def answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Give the answer, or the error that botocore raises for a broken connection."""
        url = urlsplit(request.url)
        body = request.body or b""
        outcome = self._service.call(
            HttpRequest(
                request.method, url.path, url.query, _bytes(body), dict(request.headers.items())
            ),
            self._region,
            self._account,
            publish=self._publish,
        )
        if outcome.answer is None:
            raise ConnectionClosedError(endpoint_url=request.url)
        outcome.wait(self._read_timeout)
        if outcome.delay > self._read_timeout:
            raise ReadTimeoutError(endpoint_url=request.url)
        return _response(request.url, outcome.answer)

    def _publish(self, name: str, content: bytes) -> str:
        """Write a file that is exported. Its name is its digest's, so it never changes."""
        path = self._exports / name
        if not path.exists():
            with replaced(path) as new:
                new.write_bytes(content)
        return path.as_uri()


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else bytes(body.read())


class _Raw(io.BytesIO):
    """A body that can be read as urllib3's responses are."""

    def stream(self, amt: int = 65536, **_: Any) -> Any:
        """Give the body in pieces."""
        while piece := self.read(amt):
            yield piece


def _response(url: str, answer: HttpAnswer) -> AWSResponse:
    return AWSResponse(url, answer.status, HTTPHeaders.from_dict(answer.headers), _Raw(answer.body))
