"""What stands between this machine and the service: credentials, Region, network."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.engine.harness import Stack, answering

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-of-a-key"}


@pytest.fixture
def closed_port() -> Iterator[str]:
    """Give a URL where nothing listens, and nothing can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def failed_up(stack: Stack, *words: str) -> str:
    """Bring the one run up, which must fail with each of `words`; give the message."""
    stack.declare()
    outcome = stack.up(expect=1)
    missing = [word for word in ("run NA12878", *words) if word not in outcome.message]
    assert missing == [], outcome.text
    for wrong in ("Traceback", 'File "', KEYS["AWS_SECRET_ACCESS_KEY"]):
        assert wrong not in outcome.text
    assert stack.resources() == []
    return outcome.message


def test_no_credentials(stack: Stack, closed_port: str) -> None:
    stack.configure(endpoint=closed_port)
    failed_up(stack, "credentials", "aws sso login", "omics:profile")


def test_no_region(stack: Stack) -> None:
    stack.environment.update(KEYS)
    stack.configure(endpoint=None, region=None)
    failed_up(stack, "region", "pulumi config set omics:region")


def test_an_unknown_profile(stack: Stack) -> None:
    stack.configure(endpoint=None, profile="nobody")
    failed_up(stack, "nobody", "omics:profile")


def test_an_endpoint_where_nothing_listens(stack: Stack, closed_port: str) -> None:
    stack.environment.update(KEYS)
    stack.configure(endpoint=closed_port)
    failed_up(stack, "could not be reached", "omics:endpoint", "not started twice")


@pytest.mark.parametrize(
    "endpoint", ["localhost", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port"]
)
def test_an_endpoint_that_is_no_url(stack: Stack, endpoint: str) -> None:
    stack.configure(endpoint=endpoint)
    failed_up(stack, "omics:endpoint", "pulumi config set omics:endpoint local")


def test_an_expired_token(stack: Stack) -> None:
    stack.environment.update({**KEYS, "AWS_SESSION_TOKEN": "canary-of-a-token"})
    said = "The security token included in the request is expired"
    with answering(403, "ExpiredTokenException", said) as (url, seen):
        stack.configure(endpoint=url)
        message = failed_up(stack, said, "ExpiredTokenException", "aws sso login")
    assert seen == ["/run"]
    assert "canary-of-a-token" not in message


def test_an_answer_that_is_not_healthomics(stack: Stack) -> None:
    stack.environment.update(KEYS)
    with answering(418, "TeapotException", "I am a teapot") as (url, _):
        stack.configure(endpoint=url)
        failed_up(stack, "TeapotException", "I am a teapot")
