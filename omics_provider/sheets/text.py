"""Sample sheets as text: CSV and TSV with their many spellings, and the bytes that hold them."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .table import Problem, Table, shown

#: First bytes of files that are no text.
_NO_TEXT: Final = (
    (b"PK\x03\x04", "this is an Excel workbook or another zip file: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "this is an old Excel workbook: save the sheet as CSV"),
    (b"\x1f\x8b", "this is a compressed file: unpack it"),
)
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Delimiters by format, the likeliest first.
_DELIMITERS: Final = {"csv": ",\t;", "tsv": "\t,;", None: "\t,;"}
_SOMETHING: Final = re.compile(r"^.*[^\s,;].*$", re.MULTILINE)
#: Lines by which the delimiter is told.
_TRIED: Final = 20
_QUOTED: Final = re.compile(r'"[^"\n]*"')
#: First line that says to Excel what separates cells.
_SEPARATOR: Final = re.compile(r'"?sep=([,;\t|])"?[,;\t ]*(?=\n|$)', re.IGNORECASE)
#: How a sample sheet of an Illumina instrument begins.
_SECTION: Final = re.compile(
    r'[\s,;]*"?\[(Header|Reads|Settings|Data|Manifests|\w+_(?:Settings|Data))\]'
)
#: How Terra writes the header of the column with the ids: entity:sample_id.
ENTITY: Final = "entity:"


def decoded(data: bytes) -> tuple[str, list[Problem]]:
    """Return the text of a file, and what can't be read of it.

    UTF-8 with or without a byte order mark, and UTF-16 with one, as Excel writes "Unicode text".
    """
    for sign, reason in _NO_TEXT:
        if data.startswith(sign):
            return "", [Problem(0, reason)]
    if data.startswith(_UTF16):
        try:
            return data.decode("utf-16"), []
        except UnicodeDecodeError:
            return "", [Problem(0, "this is broken UTF-16: save the sheet as UTF-8")]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        bad = [line for line, part in enumerate(lines, 1) if not _is_utf8(part)]
        reason = "is not UTF-8: save the sheet as UTF-8"
        return data.decode("utf-8-sig", "replace"), [Problem(line, reason) for line in bad]


def _is_utf8(part: bytes) -> bool:
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True


def unified(text: str) -> tuple[str, list[Problem]]:
    r"""Return `text` with \n line ends and no byte order mark, and its lines with NUL bytes."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" not in text:
        return text, []
    bad = [line for line, part in enumerate(text.split("\n"), 1) if "\0" in part]
    if text.count("\0") > len(text) // 4:
        return "", [Problem(0, "every other byte is NUL, as in UTF-16: save the sheet as UTF-8")]
    return text.replace("\0", ""), [Problem(line, "has a NUL byte") for line in bad]


def sections(text: str) -> Table | None:
    """Return the finding that a sheet has the sections of an Illumina instrument's, else None."""
    found = _SECTION.match(text)
    if found is None:
        return None
    reason = (
        f"this is a sample sheet of an Illumina instrument, with sections such as [{found[1]}]: "
        "save the table below [Data] or [BCLConvert_Data] as a separate CSV, with its header "
        "first. Then name the column of ids, such as Sample_ID"
    )
    return Table(problems=[Problem(text.count("\n", 0, found.start(1)) + 1, reason)])


def read(text: str, format: str | None) -> Table:  # noqa: A002  # the argument's public name
    """Read CSV or TSV. Cells are stripped of blanks around them, rows without a cell left out."""
    table = Table()
    header: tuple[str, ...] | None = None
    width = 0
    for line, cells in _records(text, format, table.problems):
        if header is None:
            cells = [unicodedata.normalize("NFC", cell) for cell in cells]
            header = tuple(cell.removeprefix(ENTITY) for cell in cells)
            width = len(_trimmed(header))
            table.columns, table.header_line = header[:width], line
            table.problems += _bad_header(line, cells)
        elif (reason := _ragged(cells, width)) is not None:
            table.problems.append(Problem(line, reason))
        else:
            table.rows.append((line, tuple(cells[:width])))
    return table


def entity_column(text: str, format: str | None) -> str | None:  # noqa: A002
    """Return the column that a Terra sheet marks as its ids, None in other sheets."""
    for _, cells in _records(text, format, []):
        marked = [cell for cell in cells if cell.startswith(ENTITY)]
        return marked[0].removeprefix(ENTITY) if marked else None
    return None


def _delimiter(text: str, format: str | None) -> str | None:  # noqa: A002
    """Return what separates cells, None where there is no cell with anything in it."""
    found = itertools.islice(_SOMETHING.finditer(text), _TRIED)
    lines = [_QUOTED.sub("", line[0]) for line in found]
    if not lines:
        return None

    def fits(delimiter: str) -> tuple[int, int]:
        """Return how many lines have as many as the header, and how many those are."""
        count = lines[0].count(delimiter)
        return (sum(line.count(delimiter) == count for line in lines), count) if count else (0, 0)

    # Of equal ones the first, and so the likeliest.
    return max(_DELIMITERS[format], key=fits)


def _records(
    text: str,
    format: str | None,  # noqa: A002
    problems: list[Problem],
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the line where each row with a cell begins, and its stripped cells."""
    said = _SEPARATOR.match(text)
    text = text[said.end() :] if said else text
    delimiter = said[1] if said else _delimiter(text, format)
    if delimiter is None:
        return
    reader: Any = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"can't be read as a row ({error}): look for a quote that is not closed"
            problems.append(Problem(line, reason))
            continue
        if any(cells):
            yield line, cells


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _ragged(cells: Sequence[str], width: int) -> str | None:
    if len(cells) == width:
        return None
    # An empty cell at the end of a row is a cell all the same; beyond the header it is nothing.
    if len(cells) > width and not any(cells[width:]):
        return None
    return f"has {len(cells)} cells, the header has {width}"


def _bad_header(line: int, cells: Sequence[str]) -> Iterator[Problem]:
    names = [cell.removeprefix(ENTITY) for cell in cells if cell]
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(line, f"the column {shown(name)} occurs {count} times")
    if sum(cell.startswith(ENTITY) for cell in cells) > 1:
        yield Problem(line, f"more than one column begins with {ENTITY}")
