"""The endpoint `local`: boto3 clients of omics and of S3 answered in their own process.

No socket, no port, no server: botocore asks its handlers of the event `before-send` for an
answer before it opens a connection, and here it gets one. Only this client is touched.
"""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from omics_provider.emulator.protocol.wire import HttpAnswer, HttpRequest
from omics_provider.emulator.runs import outputs
from omics_provider.emulator.service import DEFAULT_ACCOUNT, DEFAULT_RUN_SECONDS, Service
from omics_provider.emulator.world import settings
from omics_provider.emulator.world.store import open_store

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

_NO_SUCH_KEY: Final = b"<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>"


def attach(
    client: OmicsClient, state: str | Path, run_seconds: float = DEFAULT_RUN_SECONDS
) -> None:
    """Let the emulator answer this client, on the state file `state`.

    Runs that the client starts last `run_seconds` of emulated time, unless the setting
    `runSeconds` or their tag `emulator:seconds` says otherwise. The client needs a region and
    no credentials: its requests are not signed. Its host does not matter, so a host prefix
    does no harm. The account is MOTO_ACCOUNT_ID, or 123456789012. What the client exports is
    written into a folder beside the state file.
    """
    door = _Door(
        Service(open_store(state), client.meta.service_model, run_seconds),
        client.meta.region_name,
        float(client.meta.config.read_timeout),  # type: ignore[attr-defined]  # the stubs lack it
        Path(f"{state}-exports").absolute(),
    )
    client.meta.events.register("choose-signer.omics", _unsigned)
    client.meta.events.register("before-send.omics", door.answer)  # type: ignore[arg-type]  # the stubs want another answer


def attach_s3(client: Any, state: str | Path) -> None:
    """Let the emulator answer this client's GetObject: what the runs of `state` have written.

    Every bucket is there, and holds nothing else. The client needs path style and no credentials.
    """
    store = open_store(state)

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        uri = f"s3:/{unquote(urlsplit(request.url).path)}"
        with store.transaction() as connection:
            clock = settings.load(connection, time.time())[1]
            body = outputs.read(connection, _account(), clock.now(time.time()), uri)
        status = 200 if body is not None else 404
        body = _NO_SUCH_KEY if body is None else body
        headers = {"Content-Length": str(len(body))}
        return _response(request.url, HttpAnswer(status, body, headers))

    client.meta.events.register("choose-signer.s3", _unsigned)
    client.meta.events.register("before-send.s3.GetObject", answer)


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
            HttpRequest(request.method, url.path, url.query, _bytes(body)),
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
            self._exports.mkdir(exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(content)
            unfinished.replace(path)
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
