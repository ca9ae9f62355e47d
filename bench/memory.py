"""Peak memory of a command and of everything it starts (Linux: read from /proc)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_EVERY_SECONDS = 0.1
_ROLES = (
    ("plugin", "pulumi.dynamic"),
    ("plugin", "pulumi-resource-omics"),
    ("program", "pulumi-language-python-exec"),
    ("engine", "pulumi"),
)


class Watch(threading.Thread):
    """Samples the resident memory of all processes of one session, until it is stopped.

    `together` is the largest sum seen, `shared_once` the same with each shared page counted once
    (PSS), `by_role` the peak that the kernel recorded (VmHWM) of the largest process of each role;
    all in MiB. The sum `together` counts shared pages once a process.
    """

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self._session = session
        self._ended = threading.Event()
        self.together = 0.0
        self.shared_once = 0.0
        #: Processes of other sessions, which are not looked at again: there may be thousands.
        self._others: set[str] = set()
        self.by_role: dict[str, float] = {}

    def run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._sample()

    def stop(self) -> None:
        """End the sampling."""
        self._ended.set()
        self.join()

    def _sample(self) -> None:
        total = shared_once = 0.0
        names = {name for name in os.listdir("/proc") if name.isdigit()}
        # A number may be given again.
        self._others &= names
        for name in names - self._others:
            folder = Path("/proc", name)
            try:
                if _session(folder) != self._session:
                    self._others.add(name)
                    continue
                now, peak = _memory(folder)
                shared_once += _share(folder)
                role = _role((folder / "cmdline").read_bytes().decode())
            except (FileNotFoundError, ProcessLookupError):
                continue
            total += now
            self.by_role[role] = max(self.by_role.get(role, 0.0), peak)
        self.together = max(self.together, total)
        self.shared_once = max(self.shared_once, shared_once)


def _session(process: Path) -> int:
    # The name, in brackets, may hold blanks; the session is the fourth field behind it.
    return int((process / "stat").read_text().rpartition(")")[2].split()[3])


def _memory(process: Path) -> tuple[float, float]:
    found = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    return _mebibytes(found.get("VmRSS")), _mebibytes(found.get("VmHWM"))


def _share(process: Path) -> float:
    lines = (process / "smaps_rollup").read_text().splitlines()
    return next((_mebibytes(line.removeprefix("Pss:")) for line in lines if line[:4] == "Pss:"), 0)


def _mebibytes(text: str | None) -> float:
    return int(text.split()[0]) / 1024 if text else 0.0


def _role(command: str) -> str:
    return next((role for role, mark in _ROLES if mark in command), "other")
