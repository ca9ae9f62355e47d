"""Tasks as miniwdl runs them: its container backend, by the tools of this package."""

from __future__ import annotations

import logging
import math
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import psutil
import WDL
from WDL._util import StructuredLogMessage as Told
from WDL._util import parse_byte_size
from WDL.runtime import config
from WDL.runtime.backend.cli_subprocess import SubprocessBase, _SubprocessScheduler
from WDL.runtime.error import Terminated

from omics_provider.emulator.execution.runner.containers import images
from omics_provider.emulator.execution.runner.containers.running import Running, Wanted
from omics_provider.emulator.execution.runner.events import Task
from omics_provider.emulator.execution.runner.outcome import INVALID_RESOURCE, Failure
from omics_provider.emulator.world.folder import replaced
from omics_provider.emulator.world.life import PENDING, RUNNING, STARTING

from .desk import Desk, Refused

_GIB: Final = 2**30
# The image's bash, as miniwdl and the service take, or in a small image its only shell. Variables
# come from a file: a command line has a limit.
_SHELL: Final = (
    "s=$(command -v bash || echo /bin/sh); exec $s ../command >> ../stdout.txt 2>> ../stderr.txt"
)


class TaskContainer(SubprocessBase):
    """The container of a task. `desk` is set by `backend`."""

    desk: ClassVar[Desk]
    _limits_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, cfg: config.Loader, run_id: str, host_dir: str) -> None:
        super().__init__(cfg, run_id, host_dir)
        task = self.desk.task
        if task is None:
            raise AssertionError(f"{run_id} runs outside of the desk")
        self._task: Task = task

    @classmethod
    def global_init(cls, cfg: config.Loader, logger: logging.Logger) -> None:
        """Prepare nothing."""

    @classmethod
    def detect_resource_limits(
        cls,
        cfg: config.Loader,  # noqa: ARG003  # the base has it
        logger: logging.Logger,  # noqa: ARG003  # the base has it
    ) -> dict[str, int]:
        """Give the cpus and the memory that the job may use. Several tasks ask at once."""
        with cls._limits_lock:
            if cls._resource_limits is None:
                job = cls.desk.job
                cpus, memory = psutil.cpu_count() or 1, psutil.virtual_memory().total
                cls._resource_limits = {
                    "cpu": min(job.cpus or cpus, cpus),
                    "mem_bytes": min(int((job.memory_gib or memory / _GIB) * _GIB), memory),
                }
                _SubprocessScheduler.global_init(cls._resource_limits)
            return cls._resource_limits

    @property
    def cli_name(self) -> str:
        """The name in miniwdl's log."""
        return "container"

    def process_runtime(
        self, logger: logging.Logger, runtime_eval: dict[str, WDL.Value.Base]
    ) -> None:
        """Take over what the task asks for, before it is cut down to the machine's size."""
        with refused():
            self._task.cpus, self._task.memory_gib = _asked(runtime_eval)
            super().process_runtime(logger, runtime_eval)
            name = self.runtime_values.get("docker")
            self._task.image = name
            self._image = images.find(name, self.desk.job.images)
            self._task.image = self._image.name
            self._tool = self.desk.tools.find(self._image)
        self.desk.tell(self._task, PENDING)

    def reset(self, logger: logging.Logger) -> None:
        """Begin another attempt."""
        self._task.try_again()
        super().reset(logger)
        self.desk.tell(self._task, PENDING)

    def run(self, logger: logging.Logger, command: str) -> None:
        """Run the command once. The end of an attempt that fails is told here."""
        try:
            super().run(logger, command)
        except Exception as error:
            self._keep_log()
            self.desk.failed(self._task, error)
            raise
        self._keep_log()

    def _run(self, logger: logging.Logger, terminating: Callable[[], bool], command: str) -> int:
        cpus = self.runtime_values.get("cpu", 1)
        memory = self.runtime_values.get("memory_reservation", _GIB)
        with _SubprocessScheduler(cpus, memory), self.poll_stderr_context(logger) as poll:
            if terminating():
                raise Terminated(quiet=True)
            self.desk.tell(self._task, STARTING)
            with replaced(Path(self.host_dir, "command")) as new:
                new.write_text(self._exports() + command)
            with refused(), self._scratch() as scratch:
                mounts = [*self.prepare_mounts(), ("/tmp", str(scratch), True)]  # noqa: S108  # in the container
                log = Path(self.host_cli_log_txt(self._tool.name))
                wanted = Wanted(
                    self._image,
                    mounts,
                    f"{self.container_dir}/work",
                    ("/bin/sh", "-c", _SHELL),
                    cpus,
                    memory,
                    log,
                    self.desk.job.folder,
                )
                logger.info(Told(f"{self._tool.name} run", image=self._image.name, log=str(log)))
                running = Running(self._tool, wanted)
                self.desk.tell(self._task, RUNNING)
                with self.task_running_context():
                    ended = running.wait(terminating, poll)
        self._task.exit_code, self._task.metrics = ended.exit_code, ended.metrics
        if terminating():
            raise Terminated(quiet=True)
        return ended.exit_code

    def _run_invocation(self, logger: logging.Logger, cleanup: Any, image: str) -> list[str]:
        raise NotImplementedError  # _run has its own way

    def _exports(self) -> str:
        variables = self.runtime_values.get("env", {})
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Give a folder to be the container's /tmp, as long as it runs."""
        scratch = Path(f"{self.host_work_dir()}.tmp")  # type: ignore[no-untyped-call]
        scratch.mkdir(mode=0o1777)
        scratch.chmod(0o1777)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _keep_log(self) -> None:
        """Put the streams of an attempt into one log, beside those of other tasks."""
        log = self.desk.job.logs / "tasks" / f"{self._task.id}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            for stream in (self.host_stdout_txt(), self.host_stderr_txt()):  # type: ignore[no-untyped-call]
                if Path(stream).is_file():
                    with Path(stream).open("rb") as part:
                        shutil.copyfileobj(part, file)
        self._task.log = log


def backend(desk: Desk) -> type[TaskContainer]:
    """Make the backend for a job."""

    class JobContainer(TaskContainer):
        pass

    JobContainer.desk = desk
    return JobContainer


@contextmanager
def refused() -> Iterator[None]:
    """Pass failures of ours on as miniwdl takes them."""
    try:
        yield
    except Failure as failure:
        raise Refused(failure) from None


def _asked(runtime: dict[str, WDL.Value.Base]) -> tuple[int, float]:
    """Give the vCPUs and the GiB that a task asks for."""
    cpus, memory = 1.0, float(_GIB)
    if "cpu" in runtime:
        cpus = runtime["cpu"].coerce(WDL.Type.Float()).value
    if "memory" in runtime:
        said = runtime["memory"].coerce(WDL.Type.String()).value
        try:
            memory = parse_byte_size(said)
        except ValueError:
            raise Failure(
                INVALID_RESOURCE,
                f"The memory of a task is {said!r}: write a number with a unit, such as 4 GiB.",
            ) from None
    return max(math.ceil(cpus), 1), round(memory / _GIB, 3)
