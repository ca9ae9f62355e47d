"""Renews what docs/waiting.md shows of the examples, from real runs of them.

    python tools/capture.py            renews the page
    python tools/capture.py --check    tells what differs, but for ids, times and lengths

Needs `pulumi` on PATH. Each example is copied to a folder of its own, with a backend and a key
of its own, and the commands of the page are run there in order, in a terminal: `pulumi up` draws
what it draws for a person. The page itself says what is run. It has three kinds of marked blocks:

    <!-- file: NAME/FILE -->    the text of a file
    <!-- run: NAME -->          commands after `$ `, and what they wrote
    <!-- live: NAME -->         the display of an update while it waits
"""

from __future__ import annotations

import difflib
import fcntl
import itertools
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "waiting.md"
EXAMPLES: Final = PAGE.parent / "examples"

_ROWS, _COLUMNS = 60, 150
_LONGEST_SECONDS: Final = 120.0
_CURSOR_ASKED, _CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"

_BLOCK: Final = re.compile(
    r"^<!-- (?P<kind>file|run|live): (?P<what>\S+) -->\n```(?P<language>\w+)\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SEQUENCE: Final = re.compile(
    r"\x1b\[(?P<count>\d*)(?P<end>[@-~])|\x1b\[[?\d;]*[@-~]|\x1b\].*?\x1b\\|\r|\n"
)
_LIVE: Final = re.compile(r"\d+ (?:pending|starting|running|stopping).* oldest \d\d:\d\d:\d\d")


class Screen:
    """The lines of a terminal, as far as `pulumi` moves about in them."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """Take what a program wrote."""
        at = 0
        for found in _SEQUENCE.finditer(text):
            self._write(text[at : found.start()])
            at = found.end()
            self._obey(found)
        self._write(text[at:])

    def _write(self, text: str) -> None:
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)

    def _obey(self, found: re.Match[str]) -> None:
        if found[0] == "\r":
            self._column = 0
        elif found[0] == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        elif found["end"] == "A":
            self._row = max(0, self._row - int(found["count"] or 1))
        elif found["end"] == "K":
            self.lines[self._row] = self.lines[self._row][: self._column]

    def shown(self) -> str:
        """Return the text, without blanks at the ends of lines and of the text."""
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")


@dataclass
class Stage:
    """A copy of an example, and what its commands have shown."""

    home: Path
    environment: dict[str, str]
    live: str = ""
    _told: int = 0

    @staticmethod
    def of(name: str, under: Path) -> Stage:
        """Copy an example and make its stack."""
        home = under / name
        kept = shutil.ignore_patterns(".omics", "__pycache__")
        shutil.copytree(EXAMPLES / name, home, ignore=kept)
        backend = under / f"{name}-backend"
        backend.mkdir()
        stage = Stage(home, _environment(backend))
        subprocess.run(
            ["pulumi", "stack", "init", "local"],
            cwd=home, env=stage.environment, check=True, capture_output=True,
            timeout=_LONGEST_SECONDS,
        )  # fmt: skip
        return stage

    def run(self, command: str) -> str:
        """Run a command in a terminal and return what was left on the screen."""
        screen = Screen()
        terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        with subprocess.Popen(
            ["sh", "-c", command],
            cwd=self.home, env=self.environment, start_new_session=True,
            stdin=inside, stdout=inside, stderr=inside,
        ) as process:  # fmt: skip
            os.close(inside)
            try:
                for text in _pieces(terminal):
                    screen.feed(text)
                    self._keep_live(screen.shown())
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        os.close(terminal)
        code = process.returncode
        shown = screen.shown().replace(str(self.home), f"docs/examples/{self.home.name}")
        return f"{shown}\n[exit code {code}]" if code else shown

    def _keep_live(self, shown: str) -> None:
        """Keep the display in which most is told of the runs that are waited for."""
        tally = _LIVE.search(shown, max(shown.rfind("Updating ("), 0))
        if tally and tally[0].count(",") >= self._told:
            self._told = tally[0].count(",")
            begin = shown.rfind("Updating (", 0, tally.start())
            self.live = re.sub(r"(?<=running)\.+|(?<=s\))\.+", "", shown[max(begin, 0) :])


def _environment(backend: Path) -> dict[str, str]:
    """Return an environment without AWS, Pulumi or continuous integration in it."""
    kept = ("HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": str(_COLUMNS),
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "example",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(backend.with_name(f"{backend.name}-home")),
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "TERM": "xterm",
    }


def _pieces(terminal: int) -> Iterator[str]:
    """Give what is written to a terminal until it is closed, and answer where the cursor is."""
    end = time.monotonic() + _LONGEST_SECONDS
    left = b""
    while True:
        if not select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0]:
            raise TimeoutError(f"a command did not end within {_LONGEST_SECONDS:.0f} s")
        try:
            read = os.read(terminal, 65536)
        except OSError:
            # Linux tells the end of a terminal so.
            read = b""
        if not read:
            return
        if _CURSOR_ASKED in read:
            os.write(terminal, _CURSOR_ANSWER)
        left += read
        # Not inside a character or a sequence.
        whole = max(left.rfind(b"\n") + 1, len(left) if left.endswith(b"\r") else 0)
        if whole:
            yield left[:whole].decode()
            left = left[whole:]


# The page ----------------------------------------------------------------------------------------


def examples(page: str) -> list[str]:
    """Return the names of the examples that a page runs, in order."""
    found = (block["what"] for block in _BLOCK.finditer(page) if block["kind"] == "run")
    return list(dict.fromkeys(found))


def blocks(page: str, name: str) -> list[str]:
    """Return the text of each block of an example."""
    return [block["text"] for block in _BLOCK.finditer(page) if _example(block) == name]


def with_files(page: str) -> str:
    """Return the page with the files as they are. It needs no engine."""
    return _BLOCK.sub(
        lambda block: _filled(block, _file(block)) if block["kind"] == "file" else block[0], page
    )


def renewed(page: str, name: str, under: Path) -> str:
    """Return the page with what an example shows now, run in the folder `under`."""
    stage = Stage.of(name, under)

    def shown(block: re.Match[str]) -> str:
        if block["what"] != name or block["kind"] != "run":
            return block[0]
        asked = [line[2:] for line in block["text"].splitlines() if line.startswith("$ ")]
        told = [f"$ {command}\n{stage.run(command)}".rstrip() for command in asked]
        return _filled(block, "\n\n".join(told))

    def lived(block: re.Match[str]) -> str:
        is_asked = block["what"] == name and block["kind"] == "live"
        return _filled(block, stage.live) if is_asked else block[0]

    return _BLOCK.sub(lived, _BLOCK.sub(shown, page))


def _example(block: re.Match[str]) -> str:
    return block["what"].partition("/")[0]


def _file(block: re.Match[str]) -> str:
    return (EXAMPLES / block["what"]).read_text("utf-8")


def _filled(block: re.Match[str], text: str) -> str:
    head, _, _ = block[0].partition("\n")
    return f"{head}\n```{block['language']}\n{text.rstrip()}\n```"


# What may differ ---------------------------------------------------------------------------------

_VARIES: Final = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"(?<!\d)\d{7}(?!\d)"), "ID"),
    (_LIVE, "TALLY"),
    (re.compile(r"\d\d:\d\d:\d\d"), "CLOCK"),
    (re.compile(r"\((?:\d+m)?[\d.]+s\)\.*"), "(LENGTH)"),
    (re.compile(r"(?m)^Duration: .*$"), "Duration: LENGTH"),
    (re.compile(r"[├└]─"), "-"),
    (re.compile(r" +"), " "),
)
#: Lines of runs that are started, or that end, at the same time.
_AT_ONCE: Final = re.compile(r" \S+ - pulumi-python:| Run \S+ \(ID\) ended ")


def normal(text: str) -> list[str]:
    """Return the lines of a block without what varies from run to run.

    That is ids, uuids, times, lengths, what is counted at one moment of a wait, and the order of
    what happens at once.
    """
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    lines: list[str] = []
    kinds = itertools.groupby(text.splitlines(), lambda line: bool(_AT_ONCE.match(line)))
    for happens_at_once, group in kinds:
        lines += sorted(group) if happens_at_once else list(group)
    return lines


def differences(name: str, before: str, now: str) -> list[str]:
    """Return what an example shows differently now, as lines of a diff.

    Another Pulumi than the page's may draw in another way. Then what counts is what this project
    says, and the exit codes.
    """
    all_count = cli_version() == _WRITTEN_BY.findall(before)[0]

    def lines(text: str) -> list[str]:
        return [line for line in normal(text) if all_count or _OURS.search(line)]

    return [
        line
        for old, new in zip(blocks(before, name), blocks(now, name), strict=True)
        for line in difflib.unified_diff(lines(old), lines(new), "page", "run", lineterm="")
    ]


_WRITTEN_BY: Final = re.compile(r"(?<=with Pulumi )v[\d.]+\d")
_OURS: Final = re.compile(
    r"^\$ |Run \S+ \(ID\) |\d runs: |Next: |Runs: |Failed task: |Not read: |^\[exit code "
)


def cli_version() -> str:
    """Return the version of the `pulumi` on PATH, such as v3.259.0."""
    asked = subprocess.run(["pulumi", "version"], check=True, capture_output=True, text=True)
    return asked.stdout.strip()


def main(arguments: list[str]) -> int:
    """Renew the page, or tell what differs."""
    page = now = PAGE.read_text("utf-8")
    now = with_files(now)
    with tempfile.TemporaryDirectory() as folder:
        for name in examples(page):
            now = renewed(now, name, Path(folder))
    told = [line for name in examples(page) for line in differences(name, page, now)]
    sys.stdout.write("".join(f"{line}\n" for line in told))
    if arguments == ["--check"]:
        return 1 if told else 0
    if "Traceback" in now:
        sys.stdout.write("An example broke: the page is left as it is.\n")
        return 1
    PAGE.write_text(_WRITTEN_BY.sub(cli_version(), now), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
