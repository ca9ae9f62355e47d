"""Moto's way in: takes a request as moto hands it over, and gives moto's kind of answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ConnectionClosedError
from moto.core.responses import BaseResponse

from omics_provider.emulator.doors.wsgi import cut
from omics_provider.emulator.protocol.wire import HttpRequest

from .models import omics_backends


class OmicsResponse(BaseResponse):
    """Every operation of omics.

    Moto's own dispatch is passed over: wire.py says why the emulator parses and serializes by
    botocore's model itself. Account and region are still found moto's way.
    """

    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name="omics")

    def _dispatch(self, request: Any, full_url: str | None = None, headers: Any = None) -> Any:
        self.setup_class(request, full_url, headers)
        url = urlsplit(request.raw_url)
        own = request.host_url.rstrip("/") if request.from_wsgi_server else None
        answer = omics_backends[self.current_account][self.region].answer(
            HttpRequest(request.method, url.path, url.query, self.raw_body or b"", self.headers),
            own or "https://s3.amazonaws.com",
        )
        if answer is None and request.from_wsgi_server:
            cut(request.environ)
        if answer is None:
            raise ConnectionClosedError(endpoint_url=request.raw_url)
        return answer
