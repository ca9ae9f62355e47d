"""SDKs of other languages for the native provider. Run it in `. tools/env`.

    python tools/languages                    write the schema, check the SDKs, run programs
    python tools/languages build-generator    build sdkgen, print where it is

The SDKs are in build/sdk then. Each line on standard output says what was done for a language; what
a tool finds wrong follows it. The exit code is 1 if anything was.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "setup"))

import programs  # noqa: E402 (the line above makes what it imports known)
import sdks  # noqa: E402
from common import SetupError  # noqa: E402
from generator import generator  # noqa: E402
from places import Project  # noqa: E402

from omics_provider.native.schema import document  # noqa: E402


def main() -> int:
    """Do what the command line asks; give the exit code."""
    if sys.argv[1:] not in ([], ["build-generator"]):
        print(__doc__, file=sys.stderr)
        return 2
    project = Project(ROOT)
    try:
        sdkgen = generator(project, os.environ)
    except (SetupError, OSError) as error:
        print(f"languages: no generator: {error}", file=sys.stderr)
        return 1
    if sys.argv[1:]:
        print(sdkgen)
        return 0
    work = sdks.Work(project, ROOT / "build" / "sdk", sdkgen, examples())
    work.folder.mkdir(parents=True, exist_ok=True)
    work.schema.write_text(document.text(), "utf-8")
    steps = {**sdks.STEPS, **programs.STEPS}
    # Every language is tried, whatever another one comes to.
    is_right = [_is_right(name, check, work) for name, check in steps.items()]
    return 0 if all(is_right) else 1


def examples() -> dict[str, dict[str, str]]:
    """Give the programs of the schema's pages, by language and by the page's name."""
    found: dict[str, dict[str, str]] = {}
    for name in document.names():
        for language, code in document.page(name).examples.items():
            found.setdefault(language, {})[name] = code
    return found


def _is_right(name: str, check: Callable[[sdks.Work], str], work: sdks.Work) -> bool:
    """Check one language, and say in a line what was done."""
    begun = time.monotonic()
    try:
        told = check(work)
    except sdks.Skipped as skipped:
        print(f"{name}: skipped: {skipped}", flush=True)
        return True
    except sdks.Failed as failed:
        print(f"{name}: wrong:\n{failed}", flush=True)
        return False
    print(f"{name}: {told}: no error, {time.monotonic() - begun:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
