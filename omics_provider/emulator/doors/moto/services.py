"""Moto's services as a WSGI application that says what moto lacks in words that clients can read.

Moto alone answers an operation that it does not have with a page of HTML and status 500, which
clients take for a passing failure and repeat. Here it is status 501, which they do not, in the
form that the client's protocol has for errors.
"""

from __future__ import annotations

import io
import re
import traceback
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import MethodNotAllowed, NotFound

from omics_provider.emulator.doors.wsgi import StartResponse, respond
from omics_provider.emulator.protocol.exceptions import UnknownOperationException
from omics_provider.emulator.protocol.wire import (
    ERROR_TYPE,
    REQUEST_ID,
    HttpAnswer,
    HttpRequest,
    Router,
    json_answer,
)

_SERVICE: Final = re.compile(r"Credential=[^/]*/[0-9]+/[^/]+/([^/]+)/aws4_request")
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FORM_BYTES: Final = 2**20
#: Services that speak XML without forms.
_REST_XML: Final = frozenset({"s3", "s3-outposts", "route53", "cloudfront"})
_XML: Final = {
    "s3": "<Error>{error}<RequestId>{id}</RequestId></Error>",
    "ec2": (
        "<Response><Errors><Error>{error}</Error></Errors><RequestID>{id}</RequestID></Response>"
    ),
}
_OTHER_XML: Final = (
    "<ErrorResponse><Error>{error}</Error><RequestId>{id}</RequestId></ErrorResponse>"
)


class Services:
    """All services of moto, each loaded with its first request."""

    def __init__(self) -> None:
        self._dispatcher = _Dispatcher(_app)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        asked = _Asked(environ)
        try:
            answered: Iterable[bytes] = self._dispatcher(environ, start_response)
        except (NotImplementedError, _NotThereError) as error:
            answer = asked.refused(501, "NotEmulatedException", _lacking(asked, error))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever moto breaks on, clients are to read it
            traceback.print_exc()
            told = f"Moto failed at {asked.operation} of {asked.service}: {error!r}"
            answer = asked.refused(500, "InternalFailure", told)
        else:
            return answered
        return respond(answer, start_response)


class _NotThereError(Exception):
    """A service, or a path of one, that moto does not have."""


class _Dispatcher(DomainDispatcherApplication):
    """Moto's dispatcher, but one that prints nothing about services that it does not know."""

    def get_backend_for_host(self, host: str | None) -> Any:
        """Give the name of moto's service for a host, None where it has none."""
        known = "." not in (host or ".") or any(
            pattern.match(f"http://{host}") for _, pattern in self.backend_url_patterns
        )
        return super().get_backend_for_host(host) if known else None


def _app(service: Any) -> Any:
    """Make the application of one service."""
    if service is None:
        return _no_app
    try:
        app = create_backend_app(service)
    except ImportError as error:
        raise _NotThereError(f'{error}. pip install "moto[{service}]" brings it.') from error
    if service != "moto_api":
        for kind in (NotFound, MethodNotAllowed):
            app.register_error_handler(kind, _no_path)
    return app


def _no_app(_environ: dict[str, Any], _start_response: StartResponse) -> Iterable[bytes]:
    raise _NotThereError("moto has no such service")


def _no_path(error: Exception) -> Any:
    raise _NotThereError("moto has nothing at this path") from error


def _lacking(asked: _Asked, error: Exception) -> str:
    return (
        f"The emulator does not have {asked.operation} of {asked.service}: it answers what moto"
        f" {version('moto')} has ({error})."
    )


class _Asked:
    """What a request asks for, as far as it can be told without knowing the service."""

    def __init__(self, environ: dict[str, Any]) -> None:
        found = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        self.service = found[1] if found else "a service that the request does not name"
        self._kind = str(environ.get("CONTENT_TYPE") or "")
        target = str(environ.get("HTTP_X_AMZ_TARGET") or "").rpartition(".")[2]
        self._action = _action(environ)
        self._named = target or self._action
        self._method, self._path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"])

    @property
    def operation(self) -> str:
        """The operation's name, or, where none fits, method and path."""
        if self._named:
            return self._named
        try:
            model = ServiceModel(Loader().load_service_model(self.service, "service-2"))
            return Router(model).match(HttpRequest(self._method, self._path, "", b""))[0]
        except (UnknownServiceError, UnknownOperationException):
            return f"{self._method} {self._path}"

    def refused(self, status: int, code: str, message: str) -> HttpAnswer:
        """Give an error in the form that clients of the service read."""
        if self._action is None and self.service not in _REST_XML:
            document = {"__type": code, "message": message}
            kind = self._kind if "json" in self._kind else "application/json"
            return json_answer(status, document, **{ERROR_TYPE: code, "Content-Type": kind})
        blank = json_answer(status, {})
        form = _XML.get(self.service, _OTHER_XML)
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        body = form.format(error=error, id=blank.headers[REQUEST_ID])
        return HttpAnswer(status, body.encode(), {**blank.headers, "Content-Type": "text/xml"})


def _action(environ: dict[str, Any]) -> str | None:
    """Give the action that a form or a query names; the form can still be read afterwards."""
    text = str(environ.get("QUERY_STRING") or "")
    length = str(environ.get("CONTENT_LENGTH") or "0")
    is_form = str(environ.get("CONTENT_TYPE") or "").startswith(_FORM)
    if is_form and length.isdigit() and int(length) <= _MOST_FORM_BYTES:
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
        text = f"{text}&{body.decode('utf-8', 'replace')}"
    return parse_qs(text).get("Action", [None])[0]
