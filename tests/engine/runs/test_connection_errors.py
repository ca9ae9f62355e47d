"""What stands between this machine and the service, as the user of an update sees it.

Each way to fail, and what it says: tests/provider/service/test_errors.py. Here: the engine shows
the text alone, and records nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.engine.harness import Stack, answering

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-of-a-key"}
TOKEN = "canary-of-a-token"


@pytest.fixture
def closed_port() -> Iterator[str]:
    """Give a URL where nothing listens, and nothing can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def failed_up(stack: Stack, *words: str) -> None:
    """Bring the one run up, which must fail with each of `words`, and leave nothing."""
    stack.declare()
    outcome = stack.up(expect=1)
    missing = [word for word in ("run NA12878", *words) if word not in outcome.message]
    assert missing == [], outcome.text
    for wrong in ("Traceback", 'File "', KEYS["AWS_SECRET_ACCESS_KEY"], TOKEN):
        assert wrong not in outcome.text
    assert stack.resources() == []


# Each error in `make test`: tests/provider/service/test_errors.py.
@pytest.mark.slow
def test_no_way_to_the_service_is_a_clear_error_and_nothing_is_recorded(
    stack: Stack, closed_port: str
) -> None:
    # Answered, by what does not take the credentials.
    stack.environment.update({**KEYS, "AWS_SESSION_TOKEN": TOKEN})
    said = "The security token included in the request is expired"
    with answering(403, "ExpiredTokenException", said) as (url, seen):
        stack.configure(endpoint=url)
        failed_up(stack, said, "ExpiredTokenException", "aws sso login")
    assert seen == ["/run"]

    # Sent in vain: nothing listens.
    stack.configure(endpoint=closed_port)
    failed_up(stack, "could not be reached", "Check the network, the Region and omics:endpoint")

    # Not sent: nothing to sign with.
    for name in (*KEYS, "AWS_SESSION_TOKEN"):
        del stack.environment[name]
    failed_up(stack, "credentials", "aws sso login", "omics:profile")

    # Not even prepared: the endpoint is no URL.
    stack.configure(endpoint="localhost")
    failed_up(stack, "omics:endpoint", "pulumi config set omics:endpoint local")
