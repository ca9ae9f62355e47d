"""GitHub's and GitLab's API for comments and issues, as far as pipelines use it, and no further.

A request that a real forge would refuse, or that none of its documentation tells of, is refused.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "the-job-s-token"
#: What GitHub takes at most in one text.
LONGEST = 65_536


@dataclass
class Forge:
    """The comments of one pull request and the issues of one repository."""

    #: Which of the two it is: "github" or "gitlab".
    kind: str
    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    #: What the job's token may change; GitHub's names.
    allowed: set[str] = field(default_factory=lambda: {"pull-requests", "issues"})
    requests: list[str] = field(default_factory=list)

    def write(self, body: str, kind: str = "comments", writer: str = "User") -> dict[str, Any]:
        """Add a text that somebody wrote."""
        there: list[dict[str, Any]] = getattr(self, kind)
        made = {"id": 1000 + len(there), "number": len(there) + 1, "iid": len(there) + 1}
        made |= {"body": body, "description": body, "state": "open", "title": ""}
        if self.kind == "github":
            made["user"] = {"login": writer, "type": writer}
        else:
            made["author"] = {"username": "project_7_bot_a1" if writer == "Bot" else "ada"}
        there.append(made)
        return made

    def answer(self, method: str, target: str, body: dict[str, str]) -> tuple[int, Any]:
        """Answer one request, as documented."""
        path, query = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        for pattern, kind, one in _ROUTES[self.kind]:
            found = re.fullmatch(pattern, path)
            if found is None:
                continue
            right = "pull-requests" if kind == "comments" else "issues"
            if method != "GET" and right not in self.allowed:
                return 403, {"message": "Resource not accessible by integration"}
            if one:
                return self._change(method, kind, int(found["number"]), body)
            return self._list(kind, query) if method == "GET" else self._add(method, kind, body)
        return 404, {"message": "Not Found"}

    def _list(self, kind: str, query: dict[str, str]) -> tuple[int, Any]:
        texts = getattr(self, kind)
        if kind == "issues":
            wanted = {"github": "open", "gitlab": "opened"}[self.kind]
            if query.pop("state", None) != wanted:
                return 422, {"message": "say which issues"}
            texts = [each for each in texts if each["state"] == "open"]
        size, page = int(query.pop("per_page")), int(query.pop("page"))
        if query or not 1 <= size <= 100:
            return 422, {"message": f"unknown: {query}"}
        return 200, texts[(page - 1) * size : page * size]

    def _add(self, method: str, kind: str, body: dict[str, str]) -> tuple[int, Any]:
        text = self._text(kind)
        needed = {text} if kind == "comments" else {text, "title"}
        if method != "POST" or set(body) != needed or not 0 < len(body[text]) <= LONGEST:
            return 422, {"message": "Validation Failed"}
        made = self.write(body[text], kind, "Bot")
        made["title"] = body.get("title", "")
        return 201, made

    def _change(self, method: str, kind: str, number: int, body: dict[str, str]) -> tuple[int, Any]:
        key = {"comments": "id", "issues": "number"}[kind]
        there = [each for each in getattr(self, kind) if each[key] == number]
        closing = {"github": {"state": "closed"}, "gitlab": {"state_event": "close"}}[self.kind]
        if not there:
            return 404, {"message": "Not Found"}
        if method != {"github": "PATCH", "gitlab": "PUT"}[self.kind]:
            return 405, {"message": "Method Not Allowed"}
        if kind == "issues" and body == closing:
            there[0]["state"] = "closed"
        elif set(body) == {self._text(kind)} and len(body[self._text(kind)]) <= LONGEST:
            there[0]["body"] = there[0]["description"] = body[self._text(kind)]
        else:
            return 422, {"message": "Validation Failed"}
        return 200, there[0]

    def _text(self, kind: str) -> str:
        return "description" if (self.kind, kind) == ("gitlab", "issues") else "body"


_ROUTES = {
    "github": [
        (r"/repos/lab/trio/issues/7/comments", "comments", False),
        (r"/repos/lab/trio/issues/comments/(?P<number>\d+)", "comments", True),
        (r"/repos/lab/trio/issues", "issues", False),
        (r"/repos/lab/trio/issues/(?P<number>\d+)", "issues", True),
    ],
    "gitlab": [
        (r"/projects/42/merge_requests/7/notes", "comments", False),
        (r"/projects/42/merge_requests/7/notes/(?P<number>\d+)", "comments", True),
        (r"/projects/42/issues", "issues", False),
        (r"/projects/42/issues/(?P<number>\d+)", "issues", True),
    ],
}
_SIGNED = {"github": ("Authorization", f"Bearer {TOKEN}"), "gitlab": ("PRIVATE-TOKEN", TOKEN)}


@contextmanager
def serving(kind: str) -> Iterator[Forge]:
    """Serve a forge on the loopback for as long as it is needed."""
    forge = Forge(kind)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            forge.requests.append(f"{self.command} {self.path}")
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            name, value = _SIGNED[kind]
            if self.headers.get(name) != value:
                code, said = 401, {"message": "Bad credentials"}
            else:
                code, said = forge.answer(self.command, self.path, body)
            written = json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
