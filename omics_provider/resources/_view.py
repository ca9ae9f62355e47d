"""What a wait shows meanwhile, through Pulumi's own log: one for all waits of a program."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, get_args
from weakref import WeakKeyDictionary

import psutil
import pulumi

from omics_provider.base.errors import SettingsError
from omics_provider.engine.process import find_engine
from omics_provider.waits.replaced import Told
from omics_provider.waits.rules import progress
from omics_provider.waits.watcher import News, Watcher

#: `line`: one line that is always current. `log`: a line a minute, and where runs have changed
#: their states. Both tell each end.
Progress = Literal["auto", "line", "log", "off"]

_KEY: Final = "progress"
_LINE_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 60.0
#: Changes within so many seconds share a line.
_CHANGE_SECONDS: Final = 10.0


class LiveView:
    """Shows what watchers see, as long as something is waited for. Lives in the event loop."""

    def __init__(
        self,
        progress: Progress,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._watchers: list[Watcher] = []
        self._progress = progress
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._waits = 0
        self._shown = ""
        self._has_begun = False

    def begin(self, watchers: Iterable[Watcher]) -> None:
        """Show what happens at these places, too, from now on."""
        self._watchers += [each for each in watchers if each not in self._watchers]
        self._waits += 1
        if self._task is None and self._progress != "off":
            self._task = asyncio.ensure_future(self._show())

    def end(self) -> None:
        """Tell what has happened; with the last wait, stop."""
        self._waits -= 1
        self._tell_news()
        if self._waits == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    def teller(self) -> Callable[[Told], None]:
        """Return what tells, from another thread, of what was replaced and is ended meanwhile."""
        loop = asyncio.get_running_loop()

        def tell(told: Told) -> None:
            # The program may be over by then.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell_replaced, told)

        return tell

    def _tell_replaced(self, told: Told) -> None:
        for words in told.refused:
            pulumi.log.warn(words)
        if told.words and self._progress != "off":
            pulumi.log.info(told.words)

    def _tally(self) -> progress.Tally:
        return progress.together([watcher.tally() for watcher in self._watchers])

    async def _show(self) -> None:
        said, states = self._clock(), progress.states(self._tally())
        while True:
            await self._sleep(_LINE_SECONDS)
            self._tell_beginning()
            self._tell_news()
            if self._progress == "line":
                self._tell_line(ephemeral=True)
                continue
            now, silent = progress.states(self._tally()), self._clock() - said
            if silent >= _LOG_SECONDS or (now != states and silent >= _CHANGE_SECONDS):
                said, states = self._clock(), now
                self._tell_line(ephemeral=False)

    def _tell_beginning(self) -> None:
        if self._has_begun or not all(watcher.has_looked for watcher in self._watchers):
            return
        words = progress.beginning(self._tally())
        if words:
            self._has_begun = True
            pulumi.log.info(words)

    def _tell_line(self, *, ephemeral: bool) -> None:
        now = progress.line(self._tally(), datetime.now(UTC))
        if now and now != self._shown:
            self._shown = now
            pulumi.log.info(now, ephemeral=ephemeral)

    def _tell_news(self) -> None:
        for watcher in self._watchers:
            self._tell_those(watcher.news())

    def _tell_those(self, news: News) -> None:
        for error in news.trouble:
            pulumi.log.warn(progress.trouble(error))
        for words in news.refused:
            pulumi.log.warn(words)
        if self._progress != "off":
            for words in news.retries:
                pulumi.log.info(words)
            if news.is_over:
                pulumi.log.info(progress.OVER)
            for event in progress.events(news.ends):
                pulumi.log.info(event)


_views: WeakKeyDictionary[asyncio.AbstractEventLoop, LiveView] = WeakKeyDictionary()


def view() -> LiveView:
    """Return the program's view: one for all that it waits for, wherever that is."""
    loop = asyncio.get_running_loop()
    if loop not in _views:
        _views[loop] = LiveView(_progress())
    return _views[loop]


def _progress() -> Progress:
    asked = pulumi.Config("omics").get(_KEY) or "auto"
    if asked not in get_args(Progress):
        raise SettingsError(
            "Configuration",
            f"omics:{_KEY} is none of {', '.join(get_args(Progress))}",
            advice=f"Set it with: pulumi config set omics:{_KEY} auto.",
        )
    return chosen(asked, os.environ)


def chosen(asked: str, environment: Mapping[str, str]) -> Progress:
    """Return how to show progress: as asked, or as fits the Pulumi CLI that this works for."""
    if asked in ("line", "log", "off"):
        return asked  # type: ignore[return-value]  # mypy does not narrow by `in`
    engine = find_engine()
    if "--suppress-progress" in engine.command:
        return "off"
    if engine.process is None or environment.get("CI") or "--non-interactive" in engine.command:
        return "log"
    return "line" if _is_on_terminal(engine.process) else "log"


def _is_on_terminal(process: psutil.Process) -> bool:
    output = Path(f"/proc/{process.pid}/fd/1")
    try:
        return str(output.readlink()).startswith(("/dev/pts/", "/dev/tty"))
    except FileNotFoundError:
        # Not Linux. A controlling terminal is the next best sign; Windows knows none.
        return hasattr(process, "terminal") and process.terminal() is not None
    except PermissionError:
        return False
