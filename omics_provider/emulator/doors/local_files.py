"""The answers of S3 and CloudWatch Logs at the endpoint `local`: files beside the state file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from omics_provider.emulator.protocol.wire import HttpAnswer
from omics_provider.emulator.runs import outputs
from omics_provider.emulator.world import settings
from omics_provider.emulator.world.folder import Folder, etag
from omics_provider.emulator.world.store import Store

_NO_SUCH_KEY: Final = b"<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>"
_NO_STREAM: Final = {
    "__type": "ResourceNotFoundException",
    "message": "The specified log stream does not exist.",
}
_MOST_KEYS: Final = 1000


class LocalObjects:
    """Answers GetObject, HeadObject and ListObjectsV2."""

    def __init__(self, store: Store, files: Folder, account: str) -> None:
        self._store = store
        self._files = files
        self._account = account

    def answer(self, method: str, url: str) -> HttpAnswer | None:
        """Give the answer, None for what is no read."""
        parts = urlsplit(url)
        query = {name: each[0] for name, each in parse_qs(parts.query).items()}
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if method == "GET" and query.get("list-type") == "2":
            return self._listed(bucket, query)
        if method == "HEAD" and not key:
            return HttpAnswer(200, b"", {})
        if method in ("GET", "HEAD"):
            return self._object(f"s3://{bucket}/{key}", is_head=method == "HEAD")
        return None

    def _object(self, uri: str, *, is_head: bool) -> HttpAnswer:
        path = self._files.path(uri)
        if path.is_file():
            found = path.stat()
            body = None if is_head else path.read_bytes()
            headers = {
                "Content-Length": str(found.st_size if body is None else len(body)),
                "Last-Modified": formatdate(found.st_mtime, usegmt=True),
                "ETag": f'"{etag(path)}"',
            }
            return HttpAnswer(200, body or b"", headers)
        made = self._simulated(uri)
        if made is None:
            return HttpAnswer(404, b"" if is_head else _NO_SUCH_KEY, {})
        return HttpAnswer(200, b"" if is_head else made, {"Content-Length": str(len(made))})

    def _simulated(self, uri: str) -> bytes | None:
        """Give the output of a run that was not executed: no file holds it."""
        with self._store.transaction() as connection:
            clock = settings.load(connection, time.time())[1]
            return outputs.read(connection, self._account, clock.now(time.time()), uri)

    def _listed(self, bucket: str, query: Mapping[str, str]) -> HttpAnswer:
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        size = min(int(query.get("max-keys", _MOST_KEYS)), _MOST_KEYS)
        found = [(k, p) for k, p in self._files.keys(bucket, prefix) if k > after]
        shown = found[:size]
        more = len(found) > len(shown)
        parts = [
            f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix>",
            f"<KeyCount>{len(shown)}</KeyCount><MaxKeys>{size}</MaxKeys>",
            f"<IsTruncated>{str(more).lower()}</IsTruncated>",
        ]
        if more:
            parts.append(f"<NextContinuationToken>{escape(shown[-1][0])}</NextContinuationToken>")
        for key, path in shown:
            stat = path.stat()
            time_text = f"{datetime.fromtimestamp(stat.st_mtime, UTC):%FT%TZ}"
            parts.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{time_text}</LastModified>"
                f'<ETag>"{etag(path)}"</ETag><Size>{stat.st_size}</Size></Contents>'
            )
        body = f"<ListBucketResult>{''.join(parts)}</ListBucketResult>".encode()
        return HttpAnswer(200, body, {"Content-Type": "application/xml"})


def log_events(files: Folder, request: bytes) -> HttpAnswer:
    """Answer GetLogEvents: all lines of a stream, the last ones where a limit is given."""
    asked: dict[str, Any] = json.loads(request or b"{}")
    lines = files.read_log(str(asked.get("logStreamName", "")))
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    if lines is None:
        headers["x-amzn-ErrorType"] = "ResourceNotFoundException"
        return HttpAnswer(400, json.dumps(_NO_STREAM).encode(), headers)
    limit = int(asked.get("limit", len(lines)) or 0)
    shown = lines[:limit] if asked.get("startFromHead") else lines[-limit:] if limit else []
    if "nextToken" in asked:
        shown = []
    answer = {"events": shown, "nextForwardToken": "f/end", "nextBackwardToken": "b/start"}
    return HttpAnswer(200, json.dumps(answer).encode(), headers)
