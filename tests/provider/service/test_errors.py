"""Every error of the service and of the way to it: what failed, why, what to do next."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Iterator
from pathlib import Path

import botocore.exceptions
import pytest

from omics_provider.base import errors
from omics_provider.engine.call import Unfinished
from omics_provider.providers._host import ProviderError
from omics_provider.service import clients, start_loop
from omics_provider.service.failures import translated
from tests.provider.harness import REGION, ROLE, Clock, Inputs, Service, bag, configured

DECLARED = {
    "roleArn": ROLE,
    "outputUri": "s3://results/trio",
    "workflowId": "7654321",
    "onDelete": "delete",
}
SECRETS = ("AKIDEXAMPLE", "not-a-secret")


def failure_of_create(
    config: dict[str, str], inputs: Inputs = DECLARED
) -> tuple[str, BaseException]:
    """Create a run in vain: the text that the user sees, and the error behind it."""
    with pytest.raises(ProviderError) as caught:
        configured(config).create(bag(inputs))
    text = str(caught.value)
    assert not any(secret in text for secret in SECRETS)
    error = caught.value.__context__
    if isinstance(error, Unfinished):
        error = error.__cause__
    assert isinstance(error, errors.OmicsError)
    return text, error


def test_a_request_that_botocore_refuses_is_told_with_its_reason_and_no_value() -> None:
    report = (
        "Invalid type for parameter containerRegistryMap.registryMappings[0].ecrAccountId, "
        "value: not-a\n-secret, type: <class 'int'>, valid types: <class 'str'>\n"
        "Invalid length for parameter sessionPolicy, value: 0, valid min length: 1"
    )
    with pytest.raises(errors.Invalid) as caught, translated("CreateWorkflow"):
        raise botocore.exceptions.ParamValidationError(report=report)
    assert str(caught.value) == (
        "CreateWorkflow failed: botocore refused the request: Invalid type for parameter "
        "containerRegistryMap.registryMappings[0].ecrAccountId, type: <class 'int'>, valid types: "
        "<class 'str'>; Invalid length for parameter sessionPolicy, value: 0, valid min length: 1"
        ".\n"
        "Correct the input that the message names."
    )


# The eight exceptions of StartRun -------------------------------------------------------------

CODES = [
    (400, "ValidationException", errors.Invalid, ["Correct the input that the message names."]),
    (402, "ServiceQuotaExceededException", errors.QuotaExceeded, [
        "quota", "runs stored", "active runs", "REMOVE",
    ]),
    (403, "AccessDeniedException", errors.Denied, [
        "omics:StartRun", "iam:PassRole", "iam:PassedToService omics.amazonaws.com",
        "omics:TagResource",
    ]),
    (404, "ResourceNotFoundException", errors.NotFound, ["id", "type of the workflow", "Region"]),
    (408, "RequestTimeoutException", errors.TimedOut, ["pulumi up", "again"]),
    (409, "ConflictException", errors.Conflict, ["aws omics get-run"]),
    (429, "ThrottlingException", errors.Throttled, ["pulumi up", "again"]),
    (500, "InternalServerException", errors.ServiceFault, ["pulumi up", "again"]),
]  # fmt: skip


def test_every_exception_of_start_run_has_a_row() -> None:
    model = botocore.session.get_session().get_service_model("omics")
    shapes = model.operation_model("StartRun").error_shapes
    assert {(s.metadata["error"]["httpStatusCode"], s.name) for s in shapes} == {
        (status, code) for status, code, _, _ in CODES
    }


def cause_of(error: BaseException) -> BaseException:
    return error.cause if isinstance(error, errors.Unconfirmed) else error


@pytest.mark.parametrize(("status", "code", "kind", "next_steps"), CODES)
def test_an_exception_of_start_run(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    kind: type,
    next_steps: list[str],
) -> None:
    monkeypatch.setattr(start_loop, "_THROTTLED_LIMIT", 20)
    service.answer = (status, code, "The service's own words.")
    text, error = failure_of_create(service.config)
    assert type(cause_of(error)) is kind
    assert text.startswith("StartRun failed: ")
    assert f"{code}: The service's own words." in text
    assert all(step in text for step in next_steps), text
    # In doubt it may look whether the run is there; it changes nothing else.
    assert service.requests[0] == "POST /run"
    assert set(service.requests) <= {"POST /run", "GET /run?maxResults=100"}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "ExpiredTokenException", errors.CredentialsError),
        (403, "ExpiredToken", errors.CredentialsError),
        (403, "UnrecognizedClientException", errors.CredentialsError),
        (403, "InvalidSignatureException", errors.CredentialsError),
        (403, "InvalidClientTokenId", errors.CredentialsError),
        (403, "SignatureDoesNotMatch", errors.CredentialsError),
        (403, "RequestTimeTooSkewed", errors.CredentialsError),
        (400, "RequestExpired", errors.CredentialsError),
    ],
)
def test_credentials_that_the_service_does_not_take(
    service: Service, status: int, code: str, kind: type
) -> None:
    service.answer = (status, code, "The security token included in the request is expired")
    text, error = failure_of_create(service.config)
    assert type(error) is kind
    assert f"StartRun failed: {code}: The security token" in text
    assert "aws sso login" in text
    assert service.requests == ["POST /run"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (418, "TeapotException", errors.ServiceError),
        (599, "NewFault", errors.ServiceFault),
        (400, "", errors.ServiceError),
        (408, "NewTimeout", errors.TimedOut),
        (429, "LimitExceededException", errors.Throttled),
        (429, "", errors.Throttled),
    ],
)
def test_an_answer_that_nobody_has_heard_of(
    service: Service, monkeypatch: pytest.MonkeyPatch, status: int, code: str, kind: type
) -> None:
    monkeypatch.setattr(start_loop, "_THROTTLED_LIMIT", 20)
    service.answer = (status, code, "")
    text, error = failure_of_create(service.config)
    assert type(cause_of(error)) is kind
    assert "StartRun failed: " in text
    assert "the service gave no message" in text or str(status) in text


@pytest.mark.parametrize(
    ("operation", "words"),
    [("read", "omics:GetRun"), ("update", "omics:GetRun"), ("delete", "omics:GetRun")],
)
def test_other_calls_name_their_own_right(service: Service, operation: str, words: str) -> None:
    service.answer = (403, "AccessDeniedException", "not authorized")
    provider = configured(service.config)
    arn = f"arn:aws:omics:{REGION}:111122223333:run/1"
    outs = {**DECLARED, "arn": arn, "uuid": "u", "status": "RUNNING", "requestId": "t"}
    calls = {
        "read": lambda: provider.read("1", bag(outs)),
        "update": lambda: provider.update("1", bag(outs), bag({**DECLARED, "tags": {"a": "b"}})),
        "delete": lambda: provider.delete("1", bag(outs)),
    }
    with pytest.raises(ProviderError) as caught:
        calls[operation]()
    assert f"Allow the caller {words}." in str(caught.value)
    assert "PassRole" not in str(caught.value)
    assert len(service.requests) == 1


def test_calls_are_repeated_before_they_fail(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A client of its own: botocore's quota of retries is a client's, and tests before used it up.
    monkeypatch.setattr(clients, "_clients", {})
    service.answer = (500, "InternalServerException", "x")
    with pytest.raises(ProviderError):
        configured(service.config).read("1", bag({}))
    assert service.requests == ["GET /run/1"] * 6
    assert len(clock.slept) == 5
    service.requests.clear()
    service.answer = (400, "ValidationException", "x")
    failure_of_create(service.config)
    assert service.requests == ["POST /run"]


# No way to the service ------------------------------------------------------------------------


@pytest.fixture
def port() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")


def url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_no_credentials() -> None:
    text, error = failure_of_create(
        {"omics:endpoint": "http://127.0.0.1:9", "omics:region": REGION}
    )
    assert type(error) is errors.CredentialsError
    assert text.startswith("StartRun failed: Unable to locate credentials")
    assert "aws sso login" in text
    assert "AWS_PROFILE" in text


def test_half_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    text, error = failure_of_create(
        {"omics:endpoint": "http://127.0.0.1:10", "omics:region": REGION}
    )
    assert type(error) is errors.CredentialsError
    assert "aws sso login" in text


@pytest.mark.usefixtures("signed")
def test_no_region() -> None:
    text, error = failure_of_create({})
    assert type(error) is errors.SettingsError
    assert text.startswith("Connecting to HealthOmics failed: You must specify a region.")
    assert "pulumi config set omics:region" in text
    assert "command without a stack needs --region" in text


@pytest.mark.usefixtures("signed")
def test_an_unknown_profile() -> None:
    text, error = failure_of_create({"omics:profile": "nobody", "omics:region": REGION})
    assert type(error) is errors.SettingsError
    assert "nobody" in text
    assert "Check omics:profile" in text


@pytest.mark.usefixtures("signed")
def test_no_region_of_this_name() -> None:
    text, error = failure_of_create({"omics:region": "not a region"})
    assert type(error) is errors.SettingsError
    assert "omics:region" in text


def test_a_configuration_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile\nx", "utf-8")
    text, error = failure_of_create({"omics:region": "us-west-2"})
    assert type(error) is errors.SettingsError
    assert text.startswith("Connecting to HealthOmics failed: ")


def test_a_configured_endpoint_that_is_none() -> None:
    with pytest.raises(ProviderError, match="omics:endpoint is neither `local` nor a URL"):
        configured({"omics:endpoint": "localhost:4566"})


@pytest.mark.usefixtures("signed")
def test_nobody_listens(port: socket.socket) -> None:
    endpoint = url(port)
    port.close()
    text, error = failure_of_create({"omics:endpoint": endpoint, "omics:region": REGION})
    assert isinstance(cause_of(error), errors.Unreachable)
    assert text.startswith("StartRun failed: the service could not be reached.")
    assert "Check the network, the Region and omics:endpoint" in text
    assert "does not start the same request twice" in text


@pytest.mark.usefixtures("signed")
def test_no_such_host() -> None:
    config = {"omics:endpoint": "http://nowhere.invalid", "omics:region": REGION}
    text, error = failure_of_create(config)
    assert isinstance(cause_of(error), errors.Unreachable)
    assert "the service could not be reached" in text


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("operation", ["StartRun", "GetRun"])
def test_an_endpoint_that_takes_the_call_and_does_not_answer(
    port: socket.socket, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr(clients, "_READ_TIMEOUT_SECONDS", 0.05)
    config = {"omics:endpoint": url(port), "omics:region": REGION}
    provider = configured(config)
    calls = {
        "StartRun": lambda: provider.create(bag(DECLARED)),
        "GetRun": lambda: provider.read("1", bag({})),
    }
    with pytest.raises(ProviderError) as caught:
        calls[operation]()
    text = str(caught.value)
    assert f"{operation} failed: the connection ended without an answer." in text
    assert "Check the network, the Region and omics:endpoint" in text
    assert ("does not start the same request twice" in text) is (operation == "StartRun")


def test_how_long_a_silent_endpoint_is_given() -> None:
    # Seconds of silence until the error: each try's limit, and the tries.
    assert clients._READ_TIMEOUT_SECONDS * clients._RETRIES["total_max_attempts"] <= 180


# Nothing else of botocore gets through ----------------------------------------------------------

NEEDS_AN_ANSWER = botocore.exceptions.ClientError


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in vars(botocore.exceptions).values()
        if inspect.isclass(kind) and issubclass(kind, botocore.exceptions.BotoCoreError)
    ],
)
def test_every_error_of_botocore_becomes_one_of_ours(kind: type[Exception]) -> None:
    with pytest.raises(errors.OmicsError) as caught, translated("GetRun"):
        raise kind.__new__(kind)
    assert caught.value.operation == "GetRun"


@pytest.mark.parametrize(
    "kind",
    [
        botocore.exceptions.ReadTimeoutError,
        botocore.exceptions.ConnectionClosedError,
        # TLS breaks while an answer is read, too.
        botocore.exceptions.SSLError,
        botocore.exceptions.HTTPClientError,
    ],
)
def test_a_broken_connection_leaves_the_outcome_unknown(kind: type[Exception]) -> None:
    with pytest.raises(errors.OmicsError) as caught, translated("StartRun"):
        raise kind.__new__(kind)
    assert errors.outcome_unknown(caught.value)


@pytest.mark.parametrize(
    "kind",
    [
        botocore.exceptions.EndpointConnectionError,
        botocore.exceptions.ConnectTimeoutError,
        botocore.exceptions.ProxyConnectionError,
        botocore.exceptions.NoCredentialsError,
        botocore.exceptions.NoRegionError,
    ],
)
def test_what_was_never_sent_started_nothing(kind: type[Exception]) -> None:
    with pytest.raises(errors.OmicsError) as caught, translated("StartRun"):
        raise kind.__new__(kind)
    assert not errors.outcome_unknown(caught.value)


def test_errors_of_the_program_itself_are_left_alone() -> None:
    with pytest.raises(ZeroDivisionError), translated("GetRun"):
        _ = 1 / 0
