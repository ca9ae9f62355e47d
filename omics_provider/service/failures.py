"""The one place where an exception of botocore becomes an error of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Raise this package's error for botocore's; `operation` is the API's name of the call."""
    try:
        yield
    except Exception as error:
        # botocore costs a quarter of a second to import: whoever raised its errors has paid.
        from .boto_errors import translation

        found = translation(operation, error)
        if found is None:
            raise
        raise found from error
