"""What `make test` adds to pytest: a log in build/, and how to run again what has failed.

A plugin: `pytest -p tests.journal`. What pytest itself prints stays as it is.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

LOG: Final = Path("build", "test.log")
"""Everything that the last `make test` printed; below the project's folder."""
MOST: Final = 30
"""Failed tests that are told; the log has them all."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Copy to the log what is printed. Workers print nothing: they have no reporter."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return
    path = config.rootpath / LOG
    path.parent.mkdir(exist_ok=True)
    log = path.open("w", encoding="utf-8", buffering=1)
    config.add_cleanup(log.close)
    # pytest has no public place for this; its own plugin pastebin does the same.
    printed = reporter._tw.write

    def write(text: str, **style: Any) -> None:
        printed(text, **style)
        log.write(text)

    reporter._tw.write = write


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Say, after pytest's own summary, how to run each failed test again."""
    yield
    reports = [
        report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, ())
    ]
    failed = list(dict.fromkeys(report.nodeid for report in reports))
    if not failed:
        return
    terminalreporter.section(f"run one again, in the project's folder: {len(failed)} failed")
    for name in failed[:MOST]:
        terminalreporter.line(f". tools/env && pytest {shlex.quote(name)}")
    if len(failed) > MOST:
        terminalreporter.line(f"… and {len(failed) - MOST} more")
    terminalreporter.line(f"The whole output: {LOG}")
