import sqlite3

from omics_provider.emulator.execution import recovery
from omics_provider.emulator.world import processes
from omics_provider.emulator.world.store import Store, open_store

GONE = "999999999 1.00"


def test_processes_of_a_lost_run_end_while_other_calls_can_write(tmp_path, monkeypatch):
    store, other = open_store(tmp_path / "state.db"), Store(tmp_path / "state.db")
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO executions (run, pk, plan, owner, worker) VALUES ('lost', 1, '{}', ?, ?)",
            (GONE, GONE),
        )
    written = []

    def end_group(identity, _patience):
        with other.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('a call', 'of another process')")
        written.append(identity)

    monkeypatch.setattr(processes, "end_group", end_group)
    cleared = recovery.clear(store)
    assert (written, cleared) == ([GONE], {"lost"})
    with store.transaction() as connection:
        assert _lost(connection) == 1
        recovery.settle(connection, cleared, 0.0)
        assert _lost(connection) == 0


def test_a_run_that_is_lost_after_the_look_is_left_to_the_next(tmp_path):
    store = open_store(tmp_path / "state.db")
    cleared = recovery.clear(store)
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO executions (run, pk, plan, owner) VALUES ('lost', 1, '{}', ?)", (GONE,)
        )
        recovery.settle(connection, cleared, 0.0)
        assert _lost(connection) == 1
    assert recovery.clear(store) == {"lost"}


def _lost(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT count(*) FROM executions").fetchone()[0]
