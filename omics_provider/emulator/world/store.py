"""The state: one SQLite file that any number of processes share.

Every call is one transaction that takes the write lock at once (BEGIN IMMEDIATE), so calls
of all processes follow one another and each sees what those before it did. The file is in
WAL mode with `synchronous=NORMAL`: a process that is killed at any moment loses nothing that
it had answered (a power cut may lose the last calls, never the file's integrity).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_BUSY_SECONDS: Final = 60.0

# Each entry moves the file one version forward. Entries are never edited, only added.
MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE runs (
        pk INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        id TEXT NOT NULL,
        uuid TEXT NOT NULL,
        name TEXT,
        run_group_id TEXT,
        batch_id TEXT,
        priority INTEGER NOT NULL,
        retention TEXT NOT NULL,
        created REAL NOT NULL,
        starting REAL,
        running REAL,
        stopping REAL,
        ended REAL,
        outcome TEXT NOT NULL,
        doc TEXT NOT NULL,
        tags TEXT NOT NULL,
        UNIQUE (account, region, id)
    );
    CREATE INDEX runs_in_order ON runs (account, region, pk);
    CREATE INDEX runs_by_name ON runs (account, region, name, pk);
    CREATE INDEX runs_by_group ON runs (account, region, run_group_id, pk);
    CREATE INDEX runs_by_batch ON runs (account, region, batch_id, pk);
    CREATE INDEX runs_by_end ON runs (account, region, ended, pk);

    CREATE TABLE resources (
        pk INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        uuid TEXT NOT NULL,
        name TEXT,
        created REAL NOT NULL,
        doc TEXT NOT NULL,
        tags TEXT NOT NULL,
        UNIQUE (account, region, kind, id)
    );
    CREATE INDEX resources_in_order ON resources (account, region, kind, pk);

    CREATE TABLE counters (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        given INTEGER NOT NULL,
        PRIMARY KEY (account, region, kind)
    ) WITHOUT ROWID;
    CREATE TABLE freed_ids (
        pk INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL
    );
    CREATE INDEX freed_ids_in_order ON freed_ids (account, region, kind, pk);

    CREATE TABLE tokens (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        operation TEXT NOT NULL,
        token TEXT NOT NULL,
        created REAL NOT NULL,
        inputs TEXT NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (account, region, operation, token)
    ) WITHOUT ROWID;

    CREATE TABLE calls (
        pk INTEGER PRIMARY KEY AUTOINCREMENT,
        time REAL NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        operation TEXT NOT NULL,
        status INTEGER,
        fault TEXT,
        run_id TEXT,
        pid INTEGER NOT NULL
    );

    CREATE TABLE faults (
        pk INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        drawn INTEGER NOT NULL,
        struck INTEGER NOT NULL
    );

    CREATE TABLE rates (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        operation TEXT NOT NULL,
        allowance REAL NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (account, region, operation)
    ) WITHOUT ROWID;
    """,
    # 2: runs wait for room, leave traces, fill caches and belong to batches.
    """
    ALTER TABLE runs ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN cpus INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN gpus INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN next_trace REAL;
    CREATE INDEX runs_that_wait ON runs (account, region) WHERE waiting = 1;
    CREATE INDEX runs_to_trace ON runs (next_trace) WHERE next_trace IS NOT NULL;
    CREATE INDEX runs_to_remove ON runs (account, region, retention, pk);

    CREATE TABLE cache_entries (
        cache TEXT NOT NULL,
        key TEXT NOT NULL,
        available REAL NOT NULL,
        uri TEXT NOT NULL,
        run TEXT NOT NULL,
        PRIMARY KEY (cache, key)
    ) WITHOUT ROWID;
    CREATE INDEX cache_entries_by_run ON cache_entries (run);

    CREATE TABLE batch_runs (
        batch TEXT NOT NULL,
        pk INTEGER NOT NULL,
        due REAL,
        setting TEXT NOT NULL,
        setting_id TEXT NOT NULL,
        run_id TEXT,
        run_uuid TEXT,
        submission TEXT,
        reason TEXT,
        message TEXT,
        PRIMARY KEY (batch, pk)
    ) WITHOUT ROWID;
    CREATE INDEX batch_runs_due ON batch_runs (due) WHERE submission IS NULL AND due IS NOT NULL;
    """,
    # 3: long lists by status.
    """
    CREATE INDEX runs_by_outcome ON runs (account, region, outcome, pk);
    """,
    # 4: who called.
    """
    ALTER TABLE calls ADD COLUMN caller TEXT;
    """,
    # 5: runs are executed: which, and by which process.
    """
    CREATE TABLE executions (
        run TEXT PRIMARY KEY,
        pk INTEGER NOT NULL,
        plan TEXT NOT NULL,
        home TEXT,
        admitted INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        worker TEXT,
        folder TEXT
    ) WITHOUT ROWID;
    """,
)


class Store:
    """One state file, or a store in memory for `:memory:`. Safe for threads and after a fork."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = -1

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that holds the file's write lock; an exception undoes all of it."""
        with self._lock:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for reading alone; it waits for no other process."""
        with self._lock:
            yield self._connected()

    def wipe(self) -> None:
        """Forget everything: runs, settings, faults, the log of calls."""
        with self.transaction() as connection:
            for table in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            ).fetchall():
                connection.execute(f"DELETE FROM {table['name']}")  # noqa: S608  # the table is a constant

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        # A connection must not cross a fork: the child opens its own.
        if self._connection is None or self._pid != os.getpid():
            self._connection = _open(self.path)
            self._pid = os.getpid()
        return self._connection


@contextlib.contextmanager
def step(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo what was done in this step of a transaction, where an exception ends it."""
    connection.execute("SAVEPOINT step")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO step")
        raise
    finally:
        connection.execute("RELEASE step")


def noted(connection: sqlite3.Connection, key: str) -> str | None:
    """Give what the file notes under a key, None for nothing."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row["value"])


def note(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Note something in the file, in place of what there was under the key."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def _open(path: str) -> sqlite3.Connection:
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    _migrate(connection, path)
    return connection


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite's busy timeout does not cover this switch of a new file."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise StateTooNewError(path, version)
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number + 1}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


class StateTooNewError(Exception):
    """The state file was written by a newer emulator."""

    def __init__(self, path: str, version: int) -> None:
        super().__init__(
            f"The emulator's state {path} has format {version}; this version of the emulator "
            f"reads up to {len(MIGRATIONS)}. Update omics-provider, or start with another file."
        )


_stores: dict[str, Store] = {}
_stores_lock = threading.Lock()


def open_store(path: str | Path) -> Store:
    """Give the store of a file, shared by everything in this process that uses the file."""
    key = ":memory:" if str(path) == ":memory:" else str(Path(path).expanduser().resolve())
    if key == ":memory:":
        return Store(key)
    with _stores_lock:
        return _stores.setdefault(key, Store(key))
