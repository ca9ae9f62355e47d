"""An MCP server of somebody else as a child process: JSON-RPC, a message a line."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.children import Child

#: Seconds that a call may take: the server's start loads miniwdl and more.
LIMIT = 120.0


class Refused(Exception):
    """A tool answered with an error: its text."""


class Server:
    """The server's process, after the handshake."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._numbers = itertools.count(1)
        me = {"name": "tests", "version": "1"}
        self.ask("initialize", protocolVersion="2025-03-26", capabilities={}, clientInfo=me)
        self._send(method="notifications/initialized")

    def tools(self) -> dict[str, Any]:
        """List the tools: their input schemas by name."""
        return {tool["name"]: tool["inputSchema"] for tool in self.ask("tools/list")["tools"]}

    def call(self, name: str, /, **arguments: Any) -> Any:
        """Call a tool; give its answer, which is JSON or text."""
        result = self.ask("tools/call", name=name, arguments=arguments)
        text = "\n".join(part["text"] for part in result["content"])
        try:
            answer = json.loads(text)
        except ValueError:
            answer = text
        if result.get("isError") or (isinstance(answer, dict) and answer.get("error")):
            raise Refused(text)
        return answer

    def ask(self, method: str, /, **params: Any) -> Any:
        """Send a request and wait for its answer; notifications in between are not for us."""
        number = next(self._numbers)
        self._send(id=number, method=method, params=params)
        while True:
            answer = json.loads(self._child.line(f"the answer to {method}", LIMIT))
            if answer.get("id") == number and "method" not in answer:
                break
        if "error" in answer:
            raise Refused(json.dumps(answer["error"]))
        return answer["result"]

    def _send(self, **message: Any) -> None:
        assert self._child.process.stdin is not None
        self._child.tell(json.dumps({"jsonrpc": "2.0", **message}))
        self._child.process.stdin.flush()


@contextmanager
def speaking(program: Path, environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Run the server for as long as it is needed."""
    child = Child(program, stdin=subprocess.PIPE, env=dict(environment), cwd=folder)
    try:
        yield Server(child)
    finally:
        child.stop()
