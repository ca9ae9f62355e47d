"""botocore's exceptions made into this package's own, by type and code, never by text."""

from __future__ import annotations

import configparser
import json
import re
from typing import Final

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from omics_provider.base import errors
from omics_provider.base.words import plain

_START_RUN_RIGHTS: Final = (
    "Allow the caller omics:StartRun, and iam:PassRole on the run's role "
    "(iam:PassedToService omics.amazonaws.com), and omics:TagResource: each run gets two tags."
)
_RETRY_LATER: Final = (
    "Run `pulumi up` again later: HealthOmics does not start the same request twice."
)
_NOT_AWS: Final = "Look at omics:endpoint and at the proxy (HTTPS_PROXY, NO_PROXY)."
_NEW_CREDENTIALS: Final = (
    "Sign in again (for example `aws sso login`), or set AWS_PROFILE or omics:profile; "
    "`aws sts get-caller-identity` shows the credentials in use."
)
_MACHINE: Final = (
    "Check ~/.aws/config and ~/.aws/credentials (or what AWS_CONFIG_FILE names), and the program "
    "or file that the message names, such as a credential_process."
)

_BY_CODE: Final[dict[str, type[errors.OmicsError]]] = {
    "AccessDeniedException": errors.Denied,
    "ConflictException": errors.Conflict,
    "InternalServerException": errors.ServiceFault,
    "RequestTimeoutException": errors.TimedOut,
    "ResourceNotFoundException": errors.NotFound,
    "ServiceQuotaExceededException": errors.QuotaExceeded,
    "ThrottlingException": errors.Throttled,
    "ValidationException": errors.Invalid,
    "Throttling": errors.Throttled,
    "TooManyRequestsException": errors.Throttled,
    # Of the signature layer, the same for every AWS service.
    "ExpiredToken": errors.CredentialsError,
    "ExpiredTokenException": errors.CredentialsError,
    "InvalidClientTokenId": errors.CredentialsError,
    "IncompleteSignature": errors.CredentialsError,
    "InvalidAccessKeyId": errors.CredentialsError,
    "InvalidSignatureException": errors.CredentialsError,
    "InvalidToken": errors.CredentialsError,
    "RequestExpired": errors.CredentialsError,
    "RequestTimeTooSkewed": errors.CredentialsError,
    "SignatureDoesNotMatch": errors.CredentialsError,
    "UnrecognizedClientException": errors.CredentialsError,
}

#: What stands before the service answers with a code that the service's model does not know.
_BY_STATUS: Final[dict[int, type[errors.OmicsError]]] = {
    408: errors.TimedOut,
    429: errors.Throttled,
}

_ADVICE: Final[dict[type[errors.OmicsError], str]] = {
    errors.Conflict: "Look at the run in the console, or with `aws omics get-run`, and try again.",
    errors.CredentialsError: _NEW_CREDENTIALS,
    errors.Invalid: "Correct the input that the message names.",
    errors.NotFound: "Check the id, the type of the workflow and the Region.",
    errors.QuotaExceeded: (
        "Delete old runs, set the retention mode to REMOVE, or ask for a higher quota "
        "(Service Quotas: AWS HealthOmics, runs stored and active runs)."
    ),
    errors.ServiceFault: _RETRY_LATER,
    errors.Throttled: _RETRY_LATER,
    errors.TimedOut: _RETRY_LATER,
}

_CREDENTIALS: Final = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.LoginError,
    boto.NoAuthTokenError,
    boto.RefreshWithMFAUnsupportedError,
    boto.UnknownCredentialError,
    boto.MissingDependencyException,
)
_SETTINGS: Final = (
    boto.BaseEndpointResolverError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.DataNotFoundError,
    boto.EndpointProviderError,
    boto.InvalidConfigError,
    boto.InvalidDefaultsMode,
    boto.InvalidProxiesConfigError,
    boto.InvalidRegionError,
    boto.ProfileNotFound,
    boto.ServiceNotInRegionError,
    boto.UnknownRegionError,
    boto.UnknownServiceError,
)
_NETWORK: Final = (boto.HTTPClientError, boto.ConnectionError)
#: Of these, the ones that come before a request leaves. An SSLError may come after.
_NOT_SENT: Final = (
    boto.ConnectTimeoutError,
    boto.EndpointConnectionError,
    boto.ProxyConnectionError,
)

#: How botocore tells a value of a wrong type.
_VALUE: Final = re.compile(
    r"(Invalid type for parameter [^,]*), value: .*?(?=, type: <class )", re.DOTALL
)


def translation(operation: str, error: Exception) -> errors.OmicsError | None:
    """Return this package's error for one of botocore's, None for any other exception."""
    if isinstance(error, boto.ClientError):
        return _from_answer(operation, error)
    if isinstance(error, _CREDENTIALS):
        return errors.CredentialsError(operation, str(error), advice=_NEW_CREDENTIALS)
    if isinstance(error, _SETTINGS):
        return errors.SettingsError(operation, str(error), advice=_settings_advice(error))
    if isinstance(error, _NETWORK):
        kind, detail = _network(error)
        return kind(operation, detail, advice=_network_advice(operation))
    if isinstance(error, ResponseParserError):
        # A proxy's page, for example.
        return errors.NotAws(operation, "the answer did not come from AWS", advice=_NOT_AWS)
    if isinstance(error, OSError | configparser.Error):
        # Nothing that botocore sends or reads over the network ends so: it has words of its own.
        return errors.SettingsError(operation, str(error), advice=_MACHINE)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        detail = "the program that the AWS configuration names did not return JSON"
        return errors.CredentialsError(operation, detail, advice=_MACHINE)
    if isinstance(error, boto.ParamValidationError):
        detail = f"botocore refused the request: {_report(error)}"
        return errors.Invalid(operation, detail, advice=_ADVICE[errors.Invalid])
    if isinstance(error, boto.BotoCoreError):
        return errors.OmicsError(operation, str(error), advice="Check the AWS set-up.")
    return None


def _report(error: boto.ParamValidationError) -> str:
    """Return what botocore says of the parameters, without their values: they may be secret."""
    _, _, report = _VALUE.sub(r"\1", str(error)).partition("\n")
    return "; ".join(plain(line) for line in report.splitlines())


def _from_answer(operation: str, error: boto.ClientError) -> errors.OmicsError:
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message") or "the service gave no message"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(
        status, errors.ServiceFault if status >= 500 else errors.ServiceError
    )
    return kind(operation, message, code=code, advice=_advice(operation, kind))


def _advice(operation: str, kind: type[errors.OmicsError]) -> str:
    if kind is errors.Denied:
        return (
            _START_RUN_RIGHTS if operation == "StartRun" else f"Allow the caller omics:{operation}."
        )
    return _ADVICE.get(kind, "")


def _settings_advice(error: Exception) -> str:
    if isinstance(error, boto.NoRegionError):
        return (
            "Set it with: pulumi config set omics:region us-east-1 (or AWS_REGION). "
            "A command without a stack needs --region."
        )
    if isinstance(error, boto.ProfileNotFound):
        return "Check omics:profile (or aws:profile) against ~/.aws/config."
    return "Check omics:region, omics:profile and omics:endpoint."


def _network(error: Exception) -> tuple[type[errors.Unreachable], str]:
    if isinstance(error, _NOT_SENT):
        return errors.NotSent, "the service could not be reached"
    return errors.Unreachable, "the connection ended without an answer"


def _network_advice(operation: str) -> str:
    advice = "Check the network, the Region and omics:endpoint, then run `pulumi up` again"
    return (
        f"{advice}: HealthOmics does not start the same request twice."
        if operation == "StartRun"
        else f"{advice}."
    )
