"""Run caches: task outputs that later runs find again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.life import COMPLETED, FAILED, Life
from omics_provider.emulator.world.resources import Resource, Resources

_MOST: Final = 1000
DEFAULT_BEHAVIOR: Final = "CACHE_ON_FAILURE"


class Caches:
    """The operations on run caches."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._caches = Resources(context, "runCache", "Run cache")

    def create_run_cache(self) -> dict[str, Any]:
        """CreateRunCache."""
        context, params = self._context, self._context.params
        self._caches.hold_quota(_MOST)
        doc = {
            "cacheS3Uri": params["cacheS3Location"],
            "cacheBehavior": params.get("cacheBehavior", DEFAULT_BEHAVIOR),
            "description": params.get("description"),
            "cacheBucketOwnerId": params.get("cacheBucketOwnerId"),
        }
        cache = self._caches.add(
            context.new_id("runCache"), params.get("name"), doc, params.get("tags", {})
        )
        return {
            "arn": self._caches.arn(cache),
            "id": cache.id,
            "status": "ACTIVE",
            "tags": cache.tags,
        }

    def get_run_cache(self) -> dict[str, Any]:
        """GetRunCache."""
        cache = self.find(self._context.params["id"])
        return {
            **self._item(cache),
            "description": cache.doc.get("description"),
            "cacheBucketOwnerId": cache.doc.get("cacheBucketOwnerId"),
            "tags": cache.tags,
        }

    def list_run_caches(self) -> dict[str, Any]:
        """ListRunCaches."""
        return self._caches.page(self._item)

    def update_run_cache(self) -> None:
        """UpdateRunCache: what is not given stays."""
        params = self._context.params
        cache = self.find(params["id"])
        changes: dict[str, Any] = {
            name: params[name] for name in ("cacheBehavior", "description") if name in params
        }
        self._caches.change(cache, params.get("name", cache.name), {**cache.doc, **changes})

    def delete_run_cache(self) -> None:
        """DeleteRunCache: refused while an active run uses it; the data stays where it is."""
        cache = self.find(self._context.params["id"])
        if self._context.has_active_run("json_extract(doc, '$.cache.uuid') = ?", cache.uuid):
            raise ConflictException(f"Run cache {cache.id} is used by active runs.")
        self._context.connection.execute("DELETE FROM cache_entries WHERE cache = ?", (cache.uuid,))
        self._caches.remove(cache)

    def find(self, cache_id: str) -> Resource:
        """Find a cache by its id."""
        return self._caches.find(cache_id)

    def _item(self, cache: Resource) -> dict[str, Any]:
        return {
            "arn": self._caches.arn(cache),
            "id": cache.id,
            "name": cache.name,
            "status": "ACTIVE",
            "cacheBehavior": cache.doc["cacheBehavior"],
            "cacheS3Uri": cache.doc["cacheS3Uri"],
            "creationTime": cache.created,
        }


def task_key(digest: str, version: str | None, parameters: Any, task: str) -> str:
    """Give the key under which a task's outputs are found: the same work has the same key."""
    work = json.dumps([digest, version, parameters, task], sort_keys=True)
    return hashlib.sha256(work.encode()).hexdigest()


def stored_at(cache: Mapping[str, Any], run: Life, task: Life) -> float | None:
    """Give when a cache gets the outputs of a task, None where it never does.

    CACHE_ALWAYS keeps them once the task has completed, CACHE_ON_FAILURE once the run has failed.
    """
    if task.outcome != COMPLETED or run.ended is None:
        return None
    if cache["behavior"] == "CACHE_ALWAYS":
        return run.ended if task.ended is None else task.ended
    return run.ended if run.outcome == FAILED else None


def entry_uri(cache: Mapping[str, Any], run_id: str, task_id: str, entry_uuid: str) -> str:
    """Give where a task's outputs lie in the S3 location of a cache."""
    return f"{cache['uri'].rstrip('/')}/{cache['uuid']}/{run_id}/{task_id}/{entry_uuid}/"


def hits(context: Context, cache: str, keys: Iterable[str], now: float) -> dict[str, str]:
    """Give the S3 URI for each key that the cache (by uuid) holds at `now`."""
    found = {}
    for key in keys:
        row = context.connection.execute(
            "SELECT uri FROM cache_entries WHERE cache = ? AND key = ? AND available <= ?",
            (cache, key, now),
        ).fetchone()
        if row is not None:
            found[key] = row["uri"]
    return found


def fill(context: Context, cache: str, run: str, entries: Mapping[str, tuple[float, str]]) -> None:
    """Let the cache hold entries of a run, each from a time on and at a URI."""
    context.connection.executemany(
        "INSERT INTO cache_entries VALUES (?, ?, ?, ?, ?) ON CONFLICT (cache, key) DO UPDATE"
        " SET available = min(available, excluded.available)",
        [(cache, key, available, uri, run) for key, (available, uri) in entries.items()],
    )


def forget_unfinished(context: Context, run: str) -> None:
    """Take back what a run was going to leave in a cache after now."""
    context.connection.execute(
        "DELETE FROM cache_entries WHERE run = ? AND available > ?", (run, context.now)
    )
