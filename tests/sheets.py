"""A sample sheet that has to be right, as the tests of its reader want it."""

from __future__ import annotations

from typing import Any

from omics_provider.sheets.sheet import Sheet, SheetError, Source, parsed


def read_sheet(source: Source, **options: Any) -> Sheet:
    """Read a sheet. Raises SheetError with everything that is wrong."""
    sheet, problems = parsed(source, **options)
    if problems:
        raise SheetError(sheet.name, problems, sheet.unit)
    return sheet
