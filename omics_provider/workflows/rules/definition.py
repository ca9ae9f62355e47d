"""A workflow definition on its way to the service: which files, which bytes, which identity.

Sources: developer guide, page workflow-defn-packaging (size, main file); botocore's model of
CreateWorkflowRequest.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from omics_provider.base.values import canonical

#: Bytes of a zip that a request can carry; 100 MB in S3 (developer guide, workflow-defn-packaging:
#: "4.4 MB").
MAX_ZIP_BYTES: Final = 4_400_000
#: What can't be a definition: reading stops there.
MAX_READ_BYTES: Final = 100_000_000

_ENGINES: Final = {".wdl": "WDL", ".nf": "NEXTFLOW", ".cwl": "CWL"}
SUFFIXES: Final = tuple(_ENGINES)
_LEFT_OUT: Final = frozenset({"__pycache__", "Thumbs.db"})
#: The oldest time that a zip can hold.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_PLAIN, _PROGRAM = 0o100644, 0o100755
_PROGRAMS: Final = (b"#!", b"\x7fELF")

Files = Mapping[str, bytes]


def is_left_out(name: str) -> bool:
    """Tell whether a file or folder of this name is no part of a definition.

    Hidden ones are left out (.git, .nextflow, .DS_Store, .venv), and what Python leaves behind.
    """
    return name.startswith(".") or name in _LEFT_OUT or name.endswith(".pyc")


def zipped(files: Files) -> bytes:
    """Return the files, path within the definition to content, as a zip.

    The same files give the same bytes with the same zlib: names are sorted, times are fixed, and a
    file is executable if it begins as a script or program does, whatever the file system says.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            mode = _PROGRAM if files[name].startswith(_PROGRAMS) else _PLAIN
            entry.external_attr = mode << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()


def with_unix_ends(files: Files) -> Files:
    """Return the files with the line ends of texts as git keeps them, LF for CRLF.

    A text is UTF-8 without a NUL. A checkout on Windows is the same definition then.
    """
    return {name: _with_unix_ends(content) for name, content in files.items()}


def _with_unix_ends(content: bytes) -> bytes:
    if b"\r\n" not in content or b"\0" in content:
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    return content.replace(b"\r\n", b"\n")


def digest(files: Files) -> str:
    """Return the identity of a definition, 64 hexadecimal digits: names and contents, no more.

    It is not made of the zip's bytes, which depend on the zlib at hand.
    """
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(canonical([name, hashlib.sha256(files[name]).hexdigest()]).encode())
    return whole.hexdigest()


def version_identity(parts: Mapping[str, Any]) -> str:
    """Return the identity of a version: of the definition and of all that is fixed with it.

    `parts` are by the API's names; those without a value count as not there.
    """
    given = {name: value for name, value in parts.items() if value is not None}
    return hashlib.sha256(canonical(given).encode()).hexdigest()


def version_name(identity: str) -> str:
    """Return the name of the version with this identity."""
    return f"sha-{identity[:16]}"


def is_made_name(name: str) -> bool:
    """Tell whether `version_name` gave this name."""
    hexadecimal = name.removeprefix("sha-")
    return (
        len(name) == 20 and len(hexadecimal) == 16 and set(hexadecimal) <= set("0123456789abcdef")
    )


def problems(files: Files, engine: str | None, main: str | None) -> Iterator[str]:
    """Say why the service can't take these files, as far as names and sizes tell."""
    if main is not None and main not in files:
        near = [name for name in sorted(files) if PurePosixPath(name).name == main.split("/")[-1]]
        hint = f": did you mean {near[0]}?" if near else ""
        yield f"has no file {main}, which main names{hint}"
    elif main is None:
        yield from _no_main(files, engine)
    yield from _too_large(files)


def _too_large(files: Files) -> Iterator[str]:
    if sum(map(len, files.values())) <= MAX_ZIP_BYTES:
        return
    size = len(zipped(files))
    if size > MAX_ZIP_BYTES:
        yield (
            f"has {size:,} bytes as a zip, and a request can carry {MAX_ZIP_BYTES:,}: remove "
            f"files that no task needs, or put the zip into S3 and give its URI"
        )


def _no_main(files: Files, engine: str | None) -> Iterator[str]:
    candidates = [name for name in files if _engine_of(name) is not None]
    if engine is not None:
        candidates = [name for name in candidates if engine.startswith(str(_engine_of(name)))]
    if not candidates:
        yield f"has no {engine or 'WDL, Nextflow or CWL'} file"
        return
    engines = sorted({str(_engine_of(name)) for name in candidates})
    if len(engines) > 1:
        yield f"has files of {' and '.join(engines)}: name the language with engine"
        return
    top = _nearest(candidates)
    if len(top) > 1 and not any(PurePosixPath(name).stem == "main" for name in top):
        yield f"has {', '.join(sorted(top))}, and none is called main: name the main file with main"


def _nearest(names: Iterable[str]) -> list[str]:
    """Return the names that are nearest to the root: the service looks no deeper."""
    found = list(names)
    depth = min(name.count("/") for name in found)
    return [name for name in found if name.count("/") == depth]


def _engine_of(name: str) -> str | None:
    return _ENGINES.get(PurePosixPath(name).suffix)
