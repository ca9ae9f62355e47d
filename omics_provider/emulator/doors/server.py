"""The server: omics, moto's other services and the emulator's own control, on one port.

Requests for omics go straight to the service. Moto is loaded when the first request for
another service comes, so that the server is up at once.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from omics_provider.emulator import control, pricing
from omics_provider.emulator.protocol.wire import HttpAnswer, HttpRequest, json_answer
from omics_provider.emulator.service import DEFAULT_ACCOUNT, Service
from omics_provider.emulator.traces.of_runs import Traces
from omics_provider.emulator.workflows import files
from omics_provider.emulator.world.context import Publish
from omics_provider.emulator.world.faults import BadFaultError
from omics_provider.emulator.world.settings import UnknownSettingError
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import MotoSurroundings, is_loaded

from . import overview
from .wsgi import Environ, StartResponse, cut, respond

_CREDENTIAL: Final = re.compile(
    r"Credential=(?P<key>[^/]*)/[0-9]+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)
_OMICS_HOST: Final = re.compile(r"(workflows-|tags-|omics\.)")
_AGENT_REGION: Final = re.compile(r"region/([a-z]{2}-[a-z]+-\d)")
_DEFAULT_REGION: Final = "us-east-1"
#: Names of this machine, with or without a port.
_OWN_HOST: Final = re.compile(
    r"(127\.0\.0\.1|\[::1\]|([\w-]+\.)*localhost)(:[0-9]+)?", re.IGNORECASE
)
#: Where exports are: below it account, region and name.
_EXPORTS: Final = "/_omics/exports/"
_PARTS: Final = 3
_MEDIA: Final = {"zip": "application/zip", "md": "text/markdown; charset=utf-8"}
_WHOLE: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class _Caller:
    """Who signed a request, as far as the signature says it."""

    key: str
    region: str
    service: str


class Application:
    """The WSGI application."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store = store
        self._service = service
        self._control = Control(store)
        self._traces = Traces(store, MotoSurroundings())

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = _raw_path(environ)
        caller = _caller(environ)
        answer: HttpAnswer | None
        if not _WHOLE.fullmatch(environ.get("CONTENT_LENGTH") or "0"):
            answer = json_answer(400, {"message": "Content-Length is a whole number."})
        elif path == "/" and "text/html" in environ.get("HTTP_ACCEPT", ""):
            answer = HttpAnswer(200, overview.page(), {"Content-Type": "text/html; charset=utf-8"})
        elif path.startswith("/_omics/"):
            answer = self._controlled(environ, path)
        elif caller.service == "omics" and not path.startswith("/moto-api"):
            self._settle()
            account = _account(caller.key, environ)
            outcome = self._service.call(
                _request(environ, path),
                caller.region,
                account,
                f"{caller.key}@{environ.get('REMOTE_ADDR')}:{environ.get('REMOTE_PORT')}",
                _exports(environ, account, caller.region),
            )
            outcome.wait()
            if outcome.answer is None:
                cut(environ)
            answer = outcome.answer
        elif caller.service == "pricing":
            target = str(environ.get("HTTP_X_AMZ_TARGET") or "")
            answer = pricing.answer(target.rpartition(".")[2], _request(environ, path).body)
        else:
            moto = self._moto
            self._settle()
            passed: Iterable[bytes] = moto(environ, start_response)
            return passed
        return respond(answer, start_response)

    def _controlled(self, environ: Environ, path: str) -> HttpAnswer:
        """Answer a control request, but not one that a page from elsewhere makes a browser send.

        Nor one of a page whose name was made to lead here: its origin is that of the server.
        """
        origin, host = environ.get("HTTP_ORIGIN"), environ.get("HTTP_HOST", "")
        if not _OWN_HOST.fullmatch(host) or origin not in (None, f"http://{host}"):
            return json_answer(403, {"message": f"Control is not for pages of {origin or host}."})
        if path.startswith(_EXPORTS):
            return self._exported(path)
        return self._control.answer(_request(environ, path))

    def _exported(self, path: str) -> HttpAnswer:
        """Answer with a file that the service has exported."""
        place = path.removeprefix(_EXPORTS).split("/")
        with self._store.reading() as connection:
            found = files.content(connection, *place) if len(place) == _PARTS else None
        if found is None:
            return json_answer(404, {"message": f"There is no export at {path}."})
        return HttpAnswer(200, found, {"Content-Type": _MEDIA[path.rpartition(".")[2]]})

    def _settle(self) -> None:
        """Write the traces that are due, once moto is there to hold them."""
        if is_loaded():
            self._service.settle()
            self._traces.settle()

    @cached_property
    def _moto(self) -> Any:
        from .moto import seams, services

        seams.install(self._store.path)
        return services.Services()


class Control:
    """The emulator's own paths: `/_omics/faults`, `/_omics/calls`, `/_omics/settings`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """JSON in, JSON out; a refused request is a 400 that says why."""
        handlers: dict[tuple[str, str], Callable[[HttpRequest], Any]] = {
            ("GET", "/_omics/faults"): lambda _: control.planned_faults(self._store),
            ("POST", "/_omics/faults"): self._plan_faults,
            ("GET", "/_omics/settings"): lambda _: control.current_settings(self._store),
            ("POST", "/_omics/settings"): self._change_settings,
            ("POST", "/_omics/advance"): self._advance,
            ("GET", "/_omics/calls"): self._calls,
            ("POST", "/_omics/reset"): self._reset,
            ("GET", "/_omics/state"): lambda _: overview.state(self._store),
        }
        handler = handlers.get((request.method, request.path))
        if handler is None:
            return json_answer(
                404, {"message": f"There is no {request.method} {request.path} here."}
            )
        try:
            return json_answer(200, handler(request))
        except (BadFaultError, UnknownSettingError, control.TimeError, BadControlError) as error:
            return json_answer(400, {"message": str(error)})

    def _plan_faults(self, request: HttpRequest) -> Any:
        plans = _document(request, b"[]")
        if not isinstance(plans, list) or not all(isinstance(plan, dict) for plan in plans):
            raise BadControlError("Faults come as a JSON list of objects.")
        return control.plan_faults(self._store, plans)

    def _change_settings(self, request: HttpRequest) -> Any:
        changes = _document(request, b"{}")
        if not isinstance(changes, dict):
            raise BadControlError("Settings come as a JSON object.")
        return control.change_settings(self._store, changes)

    def _advance(self, request: HttpRequest) -> Any:
        document = _document(request, b"{}")
        seconds = document.get("seconds") if isinstance(document, dict) else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise BadControlError('Time advances by {"seconds": <a number, not negative>}.')
        return {"now": control.advance(self._store, seconds)}

    def _reset(self, _request: HttpRequest) -> Any:
        control.reset(self._store)
        moto = sys.modules.get("moto.core.models")
        if moto is not None:
            moto.BackendDict.reset()
        return {}

    def _calls(self, request: HttpRequest) -> Any:
        query = parse_qs(request.query)
        after = query.get("after", ["0"])[0]
        if not _WHOLE.fullmatch(after):
            raise BadControlError("after takes the number of a call.")
        operation = query.get("operation", [None])[0]
        return control.calls(self._store, operation=operation, after=int(after))


class BadControlError(ValueError):
    """A control request that can't be understood."""


def _document(request: HttpRequest, otherwise: bytes) -> Any:
    try:
        return json.loads(request.body or otherwise)
    except ValueError as error:
        raise BadControlError(f"The body is not JSON in UTF-8: {error}.") from error


def serve(store: Store, service: Service, port: int) -> BaseWSGIServer:
    """Give a server on 127.0.0.1 that is bound and not yet serving; port 0 takes a free one."""
    return make_server(
        "127.0.0.1",
        port,
        Application(store, service),
        threaded=True,
        request_handler=_Handler,
    )


class _Handler(WSGIRequestHandler):
    """Keeps quiet, and answers without waiting for more to send."""

    disable_nagle_algorithm = True
    # Headers and body leave together: clients take headers without a body for an empty answer.
    wbufsize = 2**20

    def handle_expect_100(self) -> bool:
        """Let a client go on that asks before it sends a body: botocore waits a second for it."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        # Werkzeug would answer it again.
        del self.headers["Expect"]
        return goes_on

    def log_request(self, *_: Any) -> None:
        """Log nothing: the state file has the log of calls."""


def _request(environ: Environ, path: str) -> HttpRequest:
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    body = stream.read(int(length)) if length else b""
    if environ.get("wsgi.input_terminated"):
        body = stream.read()
    headers = {"Range": environ["HTTP_RANGE"]} if "HTTP_RANGE" in environ else {}
    query = environ.get("QUERY_STRING", "")
    return HttpRequest(environ["REQUEST_METHOD"], path, query, body, headers)


def _raw_path(environ: Environ) -> str:
    return str(environ.get("REQUEST_URI") or environ["PATH_INFO"]).split("?", 1)[0]


def _caller(environ: Environ) -> _Caller:
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found is not None:
        return _Caller(found["key"], found["region"], found["service"])
    if _OMICS_HOST.match(environ.get("HTTP_HOST", "")):
        agent = _AGENT_REGION.search(environ.get("HTTP_USER_AGENT", ""))
        return _Caller("", agent[1] if agent else _DEFAULT_REGION, "omics")
    return _Caller("", _DEFAULT_REGION, "")


def _account(key: str, environ: Environ) -> str:
    named = environ.get("HTTP_X_MOTO_ACCOUNT_ID")
    if named:
        return str(named)
    # Only moto's sts hands out keys of other accounts, so without it there are none.
    iam = sys.modules.get("moto.iam.models")
    return str(iam.get_account_id_from(key)) if iam is not None and key else DEFAULT_ACCOUNT


def _exports(environ: Environ, account: str, region: str) -> Publish:
    """Give what leads to the exports: this server under the name by which it was called."""
    host = environ.get("HTTP_HOST", "")
    if not _OWN_HOST.fullmatch(host):
        host = f"127.0.0.1:{environ['SERVER_PORT']}"
    return lambda name, _: f"http://{host}{_EXPORTS}{account}/{region}/{name}"
