"""The errors that the service answers: one class for each error code of the API.

Code and HTTP status are those of botocore's model of omics 2022-11-28. A handler raises
one of these; the wire turns it into the status, the header `x-amzn-ErrorType` and the body
`{"message": ...}`.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """An error answer of the service: an error code, an HTTP status and a message."""

    status: ClassVar[int]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        """The error code, by which the class is named."""
        return type(self).__name__


class ValidationException(ServiceError):
    """The request breaks a rule of the API."""

    status = 400


class ServiceQuotaExceededException(ServiceError):
    """The request would go beyond a quota of the account. Its HTTP status really is 402."""

    status = 402


class AccessDeniedException(ServiceError):
    """The caller may not do this."""

    status = 403


class ResourceNotFoundException(ServiceError):
    """There is no such thing, or the caller may not see it."""

    status = 404


class RangeNotSatisfiableException(ServiceError):
    """The file has no such part or range."""

    status = 416


class RequestTimeoutException(ServiceError):
    """The service gave up on the request."""

    status = 408


class ConflictException(ServiceError):
    """The thing is in a state that does not allow the request."""

    status = 409


class ThrottlingException(ServiceError):
    """Too many calls a second."""

    status = 429


class InternalServerException(ServiceError):
    """The service failed."""

    status = 500


class NotEmulatedException(ServiceError):
    """The operation exists in the service, and the emulator does not have it.

    This code is the emulator's own. Status 501 keeps clients from trying again.
    """

    status = 501


class UnknownOperationException(ServiceError):
    """The service itself has no operation at this method and path."""

    status = 404
