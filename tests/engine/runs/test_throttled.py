"""Several updates at once share an account's quota, and no call of theirs fails because of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any, Final

import pytest
from botocore.awsrequest import AWSResponse

from omics_provider.base.settings import Settings
from omics_provider.service import clients

#: Calls a second that GetRun has by default.
QUOTA: Final = 10.0
ANSWER_SECONDS: Final = 0.06
UPDATES, THREADS, CALLS = 3, 4, 900
RUN: Final = b'{"id": "1", "uuid": "u", "status": "RUNNING"}'


class Body:
    """What urllib3 gives: a body to read in parts."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Give it whole."""
        yield self._content


class Account:
    """Answers QUOTA calls a second, and throttles the others."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._left, self._seen = QUOTA, time.monotonic()

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        time.sleep(ANSWER_SECONDS)
        with self._lock:
            now = time.monotonic()
            self._left = min(QUOTA, self._left + (now - self._seen) * QUOTA)
            self._seen = now
            status = 200 if self._left >= 1 else 429
            self._left -= status == 200
            self.answers[status] += 1
        kind = {"x-amzn-errortype": "ThrottlingException"} if status == 429 else {}
        headers = {"content-type": "application/json", **kind}
        body: Any = Body(RUN if status == 200 else b'{"message": "Rate exceeded"}')
        return AWSResponse(request.url, status, headers, body)  # type: ignore[no-untyped-call]


@pytest.mark.slow
def test_updates_at_once_are_throttled_and_lose_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    account = Account()
    updates = []
    for _ in range(UPDATES):
        client = clients._remote(Settings(region="us-east-1"), clients._RETRIES)
        client.meta.events.register("before-send.omics", account)
        updates.append(client)

    with ThreadPoolExecutor(UPDATES * THREADS) as threads:
        turns = [client for client, _ in zip(cycle(updates), range(CALLS), strict=False)]
        told = list(threads.map(lambda client: client.get_run(id="1")["status"], turns))

    assert told == ["RUNNING"] * CALLS
    assert account.answers[200] == CALLS
    assert account.answers[429] > 0
