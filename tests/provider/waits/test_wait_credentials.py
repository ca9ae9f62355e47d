"""A wait that outlives its credentials: those that a file got meanwhile are used."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from omics_provider.base.settings import Settings
from omics_provider.service import clients
from omics_provider.waits import watcher as watch
from omics_provider.waits.rules import targets
from omics_provider.waits.rules.targets import Pace, Target
from tests.provider.harness import REGION

RUN = {"id": "1234567", "uuid": "uuid-1", "status": "RUNNING"}


@dataclass
class Signed:
    """A service that takes the keys in `good`; the run ends once it is asked with other ones."""

    url: str = ""
    good: set[str] = field(default_factory=lambda: {"AKIDFIRST"})
    status: str = "RUNNING"
    seen: list[str] = field(default_factory=list)


@pytest.fixture
def signed() -> Iterator[Signed]:
    service = Signed()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            service.seen.append(key)
            good = key in service.good
            body = json.dumps({**RUN, "status": service.status} if good else {"message": "x"})
            self.send_response(200 if good else 403)
            if not good:
                self.send_header("x-amzn-ErrorType", "ExpiredTokenException")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


def sign_in(key: str) -> None:
    file = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = none\n")


def test_renewed_credentials_of_a_file_are_used(
    signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "REMOTE", Pace(0.05, 0.2))
    monkeypatch.setattr(watch, "_SPACING", 0.0)
    sign_in("AKIDFIRST")
    place = Settings(region=REGION, endpoint=signed.url)
    watcher = watch.Watchers().of(place, dict)
    future = watcher.until_end(Target("S", RUN["id"], RUN["uuid"]))

    def until(key: str, count: int) -> None:
        end = time.monotonic() + 60
        while signed.seen.count(key) < count:
            assert time.monotonic() < end, signed.seen
            time.sleep(0.01)

    until("AKIDFIRST", 2)
    signed.good = {"AKIDSECOND"}
    until("AKIDFIRST", len(signed.seen) + 1)
    assert not future.done()
    signed.status = "COMPLETED"
    sign_in("AKIDSECOND")

    assert future.result(60).facts["status"] == "COMPLETED"
    assert signed.seen[-1] == "AKIDSECOND"
    assert len(watcher.news().trouble) == 1
    clients.forget(place)
