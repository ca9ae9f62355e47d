"""What a container used: its cpu and memory, looked at while it runs."""

from __future__ import annotations

import time
from typing import Final

import psutil

_GIB: Final = 2**30
_FIRST: Final = 0.02
_LONGEST: Final = 1.0


class Meter:
    """Looks at a process and those below it: often at first, then each second.

    `pid` is None as long as the container's process is not known.
    """

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        self._began = self._looked = time.monotonic()
        self._pause = _FIRST
        self._seconds: dict[tuple[int, float], float] = {}
        self._cpus_most = 0.0
        self._memory: list[tuple[float, int]] = []

    def look(self) -> None:
        """Look, if it is time to."""
        now = time.monotonic()
        if self.pid is None or now - self._looked < self._pause:
            return
        passed, self._looked = now - self._looked, now
        self._pause = min(self._pause * 2, _LONGEST)
        before, resident = sum(self._seconds.values()), 0
        for process in _tree(self.pid):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    used = times.user + times.system
                    self._seconds[process.pid, process.create_time()] = used
                    resident += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        self._memory.append((passed, resident))
        if passed >= _FIRST * 5:  # shorter ones are finer than the kernel's clock
            self._cpus_most = max(self._cpus_most, (sum(self._seconds.values()) - before) / passed)

    def figures(self, cpu_seconds: float | None, largest: int | None) -> dict[str, float | None]:
        """Give the figures of a container that has ended.

        `cpu_seconds` and `largest`, the bytes of its largest process, are what the kernel counted,
        where it did. The second is too much for small tasks, whose process is a copy of this one at
        first: it counts for tasks alone that ended before anybody looked.
        """
        seconds = max(time.monotonic() - self._began, 1e-3)
        average = max(cpu_seconds or 0.0, sum(self._seconds.values())) / seconds
        looked = sum(passed for passed, _ in self._memory)
        seen = sum(passed * size for passed, size in self._memory) / looked if looked else 0.0
        most = max((size for _, size in self._memory), default=0) or largest or 0
        return {
            "cpusAverage": round(average, 4),
            "cpusMaximum": round(max(average, self._cpus_most), 4),
            "memoryAverageGiB": round((seen or most) / _GIB, 6),
            "memoryMaximumGiB": round(most / _GIB, 6),
            "runningSeconds": round(seconds, 3),
        }


def _tree(pid: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
