"""Renews what pages under docs/ show of the examples, from real runs of them.

    python tools/capture.py [NAME...]          renews the pages, or these examples alone
    python tools/capture.py --check [NAME...]  tells what differs, but for ids, times and lengths

Needs `pulumi` on PATH. Each example is copied to a folder of its own, with a backend and a key
of its own, and the commands of the page are run there in order, in a terminal: `pulumi up` draws
what it draws for a person. The stack `local` is there already where the example has its
configuration. Else the page's own commands make it, and an emulator's server stands in for AWS.

The page itself says what is run. It has three kinds of marked blocks:

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from screen import Screen

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGES: Final = tuple(
    DOCS / f"{name}.md" for name in ("waiting", "start", "yaml", "how-to", "drift")
)
EXAMPLES: Final = DOCS / "examples"

_ROWS, _COLUMNS = 60, 150
_LONGEST_SECONDS: Final = 120.0
_CURSOR_ASKED, _CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"

_BLOCK: Final = re.compile(
    r"^<!-- (?P<kind>file|run|live): (?P<what>\S+) -->\n```(?P<language>\w+)\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LIVE: Final = re.compile(
    r"(?:\d+ (?:failed|cancelled|deleted), )*"
    r"\d+ (?:pending|starting|running|stopping).* oldest \d\d:\d\d:\d\d"
)


@dataclass
class Stage:
    """A copy of an example, and what its commands have shown."""

    home: Path
    environment: dict[str, str]
    live: str = ""
    _told: int = 0

    @staticmethod
    @contextmanager
    def of(name: str, under: Path) -> Iterator[Stage]:
        """Copy an example and make what its commands need: its stack, or something like AWS."""
        home = under / name
        kept = shutil.ignore_patterns(".omics", "__pycache__")
        shutil.copytree(EXAMPLES / name, home, ignore=kept)
        backend = under / f"{name}-backend"
        backend.mkdir()
        stage = Stage(home, _environment(backend))
        if "runtime: yaml" in (home / "Pulumi.yaml").read_text():
            _install_plugin(stage.environment)
        if (home / "Pulumi.local.yaml").exists():
            subprocess.run(
                ["pulumi", "stack", "init", "local"],
                cwd=home, env=stage.environment, check=True, capture_output=True,
                timeout=_LONGEST_SECONDS,
            )  # fmt: skip
            yield stage
        else:
            with _something_like_aws(stage.environment) as more:
                stage.environment.update(more)
                yield stage

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


def _install_plugin(environment: Mapping[str, str]) -> None:
    """Put the native provider in place, as the page on YAML says."""
    script = Path(sys.executable).with_name("pulumi-resource-omics")
    install = ["pulumi", "plugin", "install", "resource", "omics", version("omics-provider")]
    subprocess.run(
        [*install, "--file", script],
        env=environment, check=True, capture_output=True, timeout=_LONGEST_SECONDS,
    )  # fmt: skip


@contextmanager
def _something_like_aws(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Serve the emulator; give what leads clients of AWS to it."""
    program = [sys.executable, "-m", "omics_provider.emulator", "--port", "0", "--run-seconds", "4"]
    with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
                "AWS_ENDPOINT_URL": server.stdout.readline().strip(),
                "AWS_PAGER": "",
                "AWS_SECRET_ACCESS_KEY": "test",
            }
        finally:
            server.terminate()


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
        # What is installed, not the script that this repository has on PATH.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
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
    with Stage.of(name, under) as stage:
        return _renewed(page, name, stage)


def _renewed(page: str, name: str, stage: Stage) -> str:
    def shown(block: re.Match[str]) -> str:
        if block["what"] != name or block["kind"] != "run":
            return block[0]
        asked = [line[2:] for line in block["text"].splitlines() if line.startswith("$ ")]
        told = [f"$ {command}\n{stage.run(command)}".rstrip() for command in asked]
        return _filled(block, _apart(told))

    def lived(block: re.Match[str]) -> str:
        is_asked = block["what"] == name and block["kind"] == "live"
        return _filled(block, stage.live) if is_asked else block[0]

    return _BLOCK.sub(lived, _BLOCK.sub(shown, page))


def _apart(told: list[str]) -> str:
    """Join commands and what they wrote; a line is left free but between two that are silent."""
    text = told[0]
    for before, after in itertools.pairwise(told):
        are_silent = not ("\n" in before or "\n" in after)
        text += f"\n{after}" if are_silent else f"\n\n{after}"
    return text


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
    (re.compile(r"(?m)Waiting for [\d,]+ runs?\. Ctrl-C.*$"), "BEGINNING"),
    (re.compile(r"\d\d:\d\d:\d\d"), "CLOCK"),
    (re.compile(r"\((?:\d+m)?[\d.]+s\)\.*"), "(LENGTH)"),
    (re.compile(r"(?m)^Duration: .*$"), "Duration: LENGTH"),
    (re.compile(r"[├└]─"), "-"),
    (re.compile(r" +"), " "),
)
#: What resources tell below "Diagnostics:", and where the next one begins.
_TOLD: Final = re.compile(r"(?<=^Diagnostics:\n)(?: .*\n|\n(?= ))+(?=\n)", re.MULTILINE)
_EACH_TOLD: Final = re.compile(r"\n+(?= \S+ \(\S+\):\n)|\n\Z")
#: Lines of runs that are started, or that end, at the same time.
_AT_ONCE: Final = re.compile(r" \S+ - (?:pulumi-python|omics):| Run \S+ \(ID\) ended ")


def normal(text: str) -> list[str]:
    """Return the lines of a block without what varies from run to run.

    That is ids, uuids, times, lengths, what is counted at one moment of a wait, and the order of
    what happens at once, and of the resources that have something to tell.
    """
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    text = _TOLD.sub(lambda told: "\n\n".join(sorted(_EACH_TOLD.split(told[0]))), text)
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
    all_count = cli_version() in _WRITTEN_BY.findall(before)

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
    """Renew the pages, or tell what differs."""
    names = [each for each in arguments if each != "--check"]
    code = 0
    for path in PAGES:
        page = path.read_text("utf-8")
        wanted = [name for name in examples(page) if not names or name in names]
        now, told = _again(page, wanted)
        sys.stdout.write("".join(f"{line}\n" for line in told))
        if "--check" in arguments:
            code = 1 if told else code
        elif "Traceback" in now:
            sys.stdout.write(f"An example broke: {path.name} is left as it is.\n")
            code = 1
        else:
            path.write_text(_WRITTEN_BY.sub(cli_version(), now), "utf-8")
    return code


def _again(page: str, names: list[str]) -> tuple[str, list[str]]:
    now = with_files(page)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            now = renewed(now, name, Path(folder))
    return now, [line for name in names for line in differences(name, page, now)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
