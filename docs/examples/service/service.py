"""A service that starts cohorts on request, and tells how they stand.

    PUT /cohorts/NAME    a sample sheet, CSV: make the cohort's runs those of the sheet
    GET /cohorts/NAME    how it stands: {"state": "updating" | "done" | "failed", ...}

A cohort is a stack of the project in the folder cohort/. To ask for the same sheet again starts
nothing; a row more starts one run. The port is the first argument.
"""

import json
import re
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from pulumi import automation as auto

HOME = Path(__file__).parent
MOST_BYTES = 10_000_000
SETTINGS = {"omics:region": "us-east-1", "omics:endpoint": "local"}  # in AWS without the endpoint


class Cohorts:
    """The cohorts' stacks, each with at most one update at a time."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4)
        self._updates: dict[str, Future[dict[str, Any]]] = {}
        self._lock = Lock()

    def ask(self, name: str, sheet: bytes) -> bool:
        """Start an update; return False where one is under way."""
        with self._lock:
            if name in self._updates and not self._updates[name].done():
                return False
            self._updates[name] = self._pool.submit(self._update, name, sheet)
            return True

    def tell(self, name: str) -> dict[str, Any] | None:
        """Return how the last update of a cohort stands; None where none was asked for."""
        update = self._updates.get(name)
        if update is None or not update.done():
            return update and {"state": "updating"}
        error = update.exception()
        if isinstance(error, auto.CommandError):
            return {"state": "failed", "message": str(error)}
        return {"state": "done", "results": update.result()}

    def _update(self, name: str, sheet: bytes) -> dict[str, Any]:
        path = HOME / "sheets" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sheet)
        stack = auto.create_or_select_stack(stack_name=name, work_dir=str(HOME / "cohort"))
        values = {**SETTINGS, "cohort-service:sheet": str(path)}
        stack.set_all_config({key: auto.ConfigValue(value) for key, value in values.items()})
        results: dict[str, Any] = stack.up(color="never").outputs["results"].value
        return results


class Handler(BaseHTTPRequestHandler):
    """The two requests."""

    cohorts = Cohorts()

    def do_PUT(self) -> None:
        """Take a sample sheet."""
        length = int(self.headers.get("Content-Length", 0))
        if self._name is None or length > MOST_BYTES:
            self._answer(HTTPStatus.BAD_REQUEST, {"message": "PUT /cohorts/NAME, a sample sheet"})
        elif self.cohorts.ask(self._name, self.rfile.read(length)):
            self._answer(HTTPStatus.ACCEPTED, {"state": "updating"})
        else:
            self._answer(HTTPStatus.CONFLICT, {"message": "an update of it is under way"})

    def do_GET(self) -> None:
        """Tell how a cohort stands."""
        told = self.cohorts.tell(self._name) if self._name else None
        if told is None:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "no such cohort"})
        else:
            self._answer(HTTPStatus.OK, told)

    @property
    def _name(self) -> str | None:
        found = re.fullmatch(r"/cohorts/([a-z][a-z0-9-]{0,40})", self.path)
        return found[1] if found else None

    def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        server.serve_forever()
