"""WDL as miniwdl reads it. It comes with an extra, and is imported when a WDL is read."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from WDL.Tree import Document


#: What to do where miniwdl is not here.
NOT_HERE: Final = (
    "The emulator executes runs with miniwdl, which is not installed: "
    'pip install "omics-provider[execute]".'
)


def is_here() -> bool:
    """Say whether miniwdl is installed."""
    return importlib.util.find_spec("WDL") is not None


class Unreadable(Exception):
    """What miniwdl says is wrong with a WDL: `error` is its own exception."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def load(main: Path, *, is_strict: bool) -> Document:
    """Return the document of a main file. Raises Unreadable.

    `is_strict` has miniwdl check that what may be missing is not used where it must be there.
    """
    import WDL

    try:
        return WDL.load(str(main), check_quant=is_strict)
    except (
        WDL.Error.SyntaxError,
        WDL.Error.ImportError,
        WDL.Error.ValidationError,
        WDL.Error.MultipleValidationErrors,
    ) as error:
        raise Unreadable(error) from error
