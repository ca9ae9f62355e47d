"""What has been started for which sample: the index, and what a changed sheet adds to it.

The index names each sample with a hash of all the settings that its run was started with, the
batch's shared ones included. So a preview can tell what is new without 100,000 rows in the state.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from omics_provider.base.values import canonical
from omics_provider.base.words import some

from .batch_table import MERGED

#: Bytes of an index, as text, that may be kept in the state itself.
MOST_IN_STATE: Final = 8_000
#: Half of an index is random digits, of which four bits a byte are left when it is packed.
_SURELY_TOO_LARGE: Final = 8 * MOST_IN_STATE
_FORMAT: Final = 1
_HASH: Final = 32
_NAMED: Final = 5

_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class Index(NamedTuple):
    """Hashes by sample id: of those declared last, and of `left`, declared earlier.

    A sample that comes back unchanged has run already.
    """

    samples: Mapping[str, str]
    left: Mapping[str, str]

    def content(self) -> bytes:
        """Return its bytes: the same for the same index."""
        parts = {"format": _FORMAT, "samples": self.samples, "left": self.left}
        return _encode(parts).encode()

    @staticmethod
    def of(content: bytes) -> Index:
        """Read what `content` wrote."""
        parts = json.loads(content)
        return Index(parts["samples"], parts["left"])


EMPTY: Final = Index({}, {})


class Plan(NamedTuple):
    """What a sheet asks for beside what has been started: sample ids, in order.

    `then` is the index to keep once `new` and `changed` have been started.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: int
    then: Index

    @property
    def to_start(self) -> tuple[str, ...]:
        """The samples that the next batch runs, in the order of their ids."""
        return tuple(sorted((*self.new, *self.changed)))

    def told(self) -> str:
        """Return one sentence on what will be started, and one on what is left alone."""
        parts = [
            f"{len(ids):,} {what} ({_named(ids)})"
            for what, ids in (("new", self.new), ("changed", self.changed))
            if ids
        ]
        many = len(self.to_start)
        starts = (
            f"{many:,} {_samples(many)} to start in a further batch: {', '.join(parts)}."
            if parts
            else "No sample to start."
        )
        stays = f" {self.same:,} unchanged: no run starts again."
        gone = (
            f" No longer declared: {len(self.removed):,} ({_named(self.removed)}); "
            "what was started for it stays as it is."
            if self.removed
            else ""
        )
        return starts + stays + gone


def _named(ids: Iterable[str]) -> str:
    return some(sorted(ids), _NAMED)


def _samples(many: int) -> str:
    return "sample" if many == 1 else "samples"


def hashes(
    rows: Iterable[Mapping[str, Any]],
    defaults: Mapping[str, Any],
    rerun: Any = None,
) -> dict[str, str]:
    """Return for each row's sample the hash of all that its run is started with.

    A row goes before the defaults; parameters and runTags are merged (API reference,
    InlineSetting). `rerun` is any JSON value, by sample id or for all of them, whose change
    stands for a new run.
    """
    # Without what is merged: the same text for every row that has nothing else of its own.
    plain = {name: value for name, value in defaults.items() if name not in MERGED}
    shared = json.loads(canonical(plain))
    merged = {name: json.loads(canonical(defaults.get(name, {}))) for name in MERGED}
    found = {}
    for row in rows:
        whole = {**shared, **row}
        for name, value in merged.items():
            whole[name] = {**value, **row.get(name, {})}
        sample = whole.pop("runSettingId")
        again = rerun.get(sample) if isinstance(rerun, Mapping) else rerun
        if again is not None:
            whole["rerun"] = again
        found[sample] = hashlib.sha256(_encode(whole).encode()).hexdigest()[:_HASH]
    return found


def plan(started: Index, wanted: Mapping[str, str]) -> Plan:
    """Compare the hashes of the declared samples with those that were started."""
    known = {**started.left, **started.samples}
    new = tuple(name for name in wanted if name not in known)
    changed = tuple(n for n, hashed in wanted.items() if known.get(n, hashed) != hashed)
    left = {name: hashed for name, hashed in known.items() if name not in wanted}
    return Plan(
        new,
        changed,
        tuple(name for name in started.samples if name not in wanted),
        len(wanted) - len(new) - len(changed),
        Index(dict(wanted), left),
    )


def packed(content: bytes) -> bytes:
    """Return the compressed bytes, the same for the same content."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def unpacked(content: bytes) -> bytes:
    """Return what `packed` compressed. Raises OSError or EOFError where it is damaged."""
    return gzip.decompress(content)


def as_text(content: bytes) -> str | None:
    """Return an index's content as text for the state, None where it is too large for that."""
    if len(content) > _SURELY_TOO_LARGE:
        return None
    text = base64.b85encode(packed(content)).decode()
    return text if len(text) <= MOST_IN_STATE else None


def from_text(text: str) -> bytes:
    """Return the content that `as_text` wrote."""
    return unpacked(base64.b85decode(text))
