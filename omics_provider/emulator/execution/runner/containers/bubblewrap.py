"""Containers by bubblewrap: the command that starts one on a folder with a root file system.

The container has no network, a process tree of its own, and a root that can't be written. It can
write to the folders that are bound for writing alone. It ends with the process that started it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

#: What bubblewrap's own messages begin with.
SPEAKS: Final = "bwrap: "

# Folders that each container gets anew.
_OWN: Final = frozenset({"dev", "proc", "sys", "tmp", "mnt"})
# What a container sees of the machine's own root: its programs, and no one's files or sockets.
_PROGRAMS: Final = frozenset(
    {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt", "nix", "gnu"}
)
# What of these is for root's eyes alone.
_SECRETS: Final = ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/ssl/private")
_ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/tmp",  # noqa: S108  # in the container
    "LANG": "C.UTF-8",
}


def invocation(
    bwrap: str,
    root: Path,
    mounts: Iterable[tuple[str, str, bool]],
    directory: str,
    command: Sequence[str],
) -> list[str]:
    """Give the command line. `mounts` are places inside, paths outside, and whether to write."""
    started = [bwrap, "--unshare-all", "--die-with-parent", "--new-session"]
    # As in most containers. And bwrap then waits for the command, so that its cpu is counted.
    started.append("--as-pid-1")
    if os.geteuid() != 0:
        started += ["--unshare-user", "--uid", "0", "--gid", "0"]
    started.append("--clearenv")
    for name, value in _ENVIRONMENT.items():
        started += ["--setenv", name, value]
    started += ["--tmpfs", "/", *_root(root), "--dev", "/dev", "--proc", "/proc"]
    for inside, outside, writable in mounts:
        started += ["--bind" if writable else "--ro-bind", outside, inside]
    return [*started, "--remount-ro", "/", "--chdir", directory, "--", *command]


def _root(root: Path) -> Iterator[str]:
    """Give the options that show each folder of the root, none of which can be written."""
    own = root == Path("/")
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if entry.name in _OWN or (own and entry.name not in _PROGRAMS):
            continue
        inside = f"/{entry.name}"
        if entry.is_symlink():
            yield from ("--symlink", os.readlink(entry.path), inside)
        else:
            yield from ("--ro-bind", entry.path, inside)
    for secret in filter(os.path.exists, _SECRETS if own else ()):
        yield from (("--tmpfs",) if os.path.isdir(secret) else ("--ro-bind", os.devnull))
        yield secret
