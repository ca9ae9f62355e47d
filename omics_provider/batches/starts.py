"""Starting batches exactly once: what an earlier update left behind, then what is still missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base import errors
from omics_provider.base.identity import MARK, Mark, start_token
from omics_provider.base.keys import ATTEMPT, SETTLED, STACK
from omics_provider.base.table import MAX_TAGS
from omics_provider.base.values import canonical
from omics_provider.batches.rules.index import Index, Plan
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.providers import _host

from . import folder
from .rules import index as batch_index
from .rules import lifecycle, table
from .rules import rows as batch_rows

if TYPE_CHECKING:
    from .calls import Batches
    from .files import BatchFiles

Live = dict[str, Any]
Inputs = Mapping[str, Any]

#: Tag of a batch: the attempt of its resource, and the digest of the index with what has been
#: started, this batch included.
INDEX_MARK: Final = MARK + "index"
#: How far the clock of the machine that ran a failed update may have been off.
_CLOCKS: Final = timedelta(minutes=15)

#: Hashes of declared samples by what they were made of: diff and update ask for the same.
_hashed: dict[tuple[str, str], dict[str, str]] = {}


@dataclass
class Place:
    """Where a resource's batches and files are; `files` is None where there is no S3."""

    batches: Batches
    files: BatchFiles | None
    urn: str

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


def batch_name(place: Place, inputs: Inputs) -> str:
    """Return the name of all batches of a resource: its own, where the program gives none.

    So one ListBatch finds them all.
    """
    if "batchName" in inputs:
        return str(inputs["batchName"])
    own = Mark.of(str(inputs.get(STACK, "")), place.urn, "").resource
    return f"{place.name[:48] or 'batch'}-{own[:12]}"


def wanted(inputs: Inputs) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the declared rows, and the hash of each sample's effective settings."""
    sha256 = str(inputs["samples"]["sha256"])
    rows = batch_rows.rows(_folder(inputs).rows(sha256))
    shared = table.defaults(inputs)
    key = (
        sha256,
        batch_rows.digest(
            canonical([shared, inputs.get("rerun")]).encode("utf-8", "surrogatepass")
        ),
    )
    if key not in _hashed:
        _hashed.clear()
        _hashed[key] = batch_index.hashes(rows, shared, inputs.get("rerun"))
    return rows, _hashed[key]


def recorded_index(place: Place, recorded: Inputs, inputs: Inputs) -> Index:
    """Return the index that the state names.

    Raises OmicsError where it can't be had: nothing then tells what has run.
    """
    kept = recorded["index"]
    if "text" in kept:
        return Index.of(batch_index.from_text(str(kept["text"])))
    return Index.of(_index(place, str(kept["sha256"]), str(kept.get("uri", "")), inputs))


def _index(place: Place, sha256: str, uri: str, inputs: Inputs) -> bytes:
    content = _folder(inputs).index(sha256)
    if content is None and uri and place.files is not None:
        try:
            content = batch_index.unpacked(place.files.load(uri))
        except (errors.OmicsError, OSError, EOFError) as error:
            raise _no_index(sha256, uri, f": {error}") from error
    if content is None or batch_rows.digest(content) != sha256:
        raise _no_index(sha256, uri, "")
    return content


def _no_index(sha256: str, uri: str, why: str) -> errors.OmicsError:
    return errors.OmicsError(
        "Reading the index",
        f"{uri or f'the index {sha256[:12]}…'} can't be had{why}, so nothing tells which samples "
        "have run",
        advice="Nothing was started. Put the file back, or undo the change of the samples, or set "
        'on_change="all", which replaces the batches and runs everything again.',
    )


def _folder(inputs: Inputs) -> folder.Folder:
    return folder.Folder(Path(str(inputs[table.FOLDER])))


@dataclass
class Cohort:
    """The batches of one resource while an update works on them."""

    place: Place
    inputs: Inputs
    rows: list[dict[str, Any]]
    hashes: dict[str, str]
    #: What the state says of the resource, or of earlier starts: batches may have their names.
    earlier: list[Inputs] = field(default_factory=list)
    index: Index = batch_index.EMPTY
    kept: list[dict[str, Any]] = field(default_factory=list)
    #: uuids of batches that an earlier update started, and that were ended or failed since.
    ended: list[str] = field(default_factory=list)
    #: Where the index is, as the state records it.
    note: dict[str, Any] = field(default_factory=dict)

    # What an earlier update left behind --------------------------------------------------------

    def marked(self, fits: Callable[[Mark], bool], since: str = "") -> Iterator[Live]:
        """Give the batches of this resource whose mark fits, oldest first.

        `since` leaves out those that were created before, by ISO 8601.
        """
        known = {each["uuid"] for each in self.kept}
        ids = {each["id"] for each in self.kept}
        names = {batch_name(self.place, each) for each in (self.inputs, *self.earlier)}
        found = [item for name in sorted(names) for item in self.place.batches.named(name)]
        items = [item for item in found if item["id"] not in ids]
        for item in sorted(items, key=lambda each: str(each["createdAt"])):
            if since and datetime.fromisoformat(item["createdAt"]) < datetime.fromisoformat(since):
                continue
            live = self.place.batches.find(item["id"])
            mark = Mark.on(live) if live else None
            if live and live["uuid"] not in known and mark is not None and fits(mark):
                yield live

    def interrupted(self, earlier: tuple[EarlierStart, ...]) -> Iterator[Live]:
        """Give the batches that `earlier` starts made, which the state names."""
        tokens = {start.token for start in earlier}
        yield from self.marked(lambda mark: mark.token in tokens)

    def lost(self, state: StackState) -> Iterator[Live]:
        """Give the batches that failed creates made for this resource, and that nothing names."""
        since = _lost_since(state)
        if since:
            own = Mark.of(str(self.inputs.get(STACK, "")), self.place.urn, "").resource
            known = state.tokens()
            yield from self.marked(
                lambda mark: mark.resource == own and mark.token not in known, since
            )

    def further(self) -> Iterator[Live]:
        """Give the batches that interrupted updates of this very resource have started."""
        attempt = self.inputs.get(ATTEMPT)
        if attempt:
            own = Mark.of(str(self.inputs.get(STACK, "")), self.place.urn, "").resource
            for live in self.marked(lambda mark: mark.resource == own):
                if _index_mark(live)[0] == attempt:
                    yield live

    def take(self, live: Live, end: Callable[[Live], None]) -> None:
        """Take a batch that an earlier update has started; end it where all is to run again.

        Raises OmicsError where nothing tells what it has started.
        """
        if not lifecycle.can_stand(live):
            self.ended.append(str(live["uuid"]))
            return
        _, sha256 = _index_mark(live)
        then = batch_index.plan(self.index, self.hashes).then
        if sha256 == batch_rows.digest(then.content()):
            self.index = then
        elif self.inputs.get("onChange") == "all":
            end(live)
            return
        else:
            uri = _index_uri(self.inputs, sha256)
            self.index = Index.of(_index(self.place, sha256, uri, self.inputs))
        mark = Mark.on(live)
        token = mark.token if mark else ""
        kept = lifecycle.started(live, token, int(live.get("totalRuns") or 0), "")
        self.kept.append(lifecycle.refreshed(kept, live))
        _host.warn(
            f"An interrupted update started batch {live['id']} ({live['status']}) for this "
            "resource: it is taken, and nothing of it runs again."
        )

    # What is still missing -----------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """What the declared samples ask for beside what has been started."""
        return batch_index.plan(self.index, self.hashes)

    def further_token(self) -> str:
        """Return the requestId of the batch that leads from this index to the declared one."""
        attempt = str(self.inputs.get(ATTEMPT, ""))
        before = batch_rows.digest(self.index.content())
        then = batch_rows.digest(self.plan.then.content())
        stack = str(self.inputs.get(STACK, ""))
        # The requestId of a batch that is over would give that batch back.
        return start_token(
            stack, self.place.urn, ":".join([attempt, before, then, *sorted(self.ended)])
        )

    def start_missing(self, token: str) -> None:
        """Start what is missing, as one batch. Raises Unconfirmed where no answer is clear."""
        plan = self.plan
        self._keep_index(plan.then)
        if plan.to_start:
            chosen = set(plan.to_start)
            rows = [row for row in self.rows if row["runSettingId"] in chosen]
            settings, uri = self._settings(rows)
            answer = self._started(token, settings, plan.then)
            self.kept.append(lifecycle.started(answer, token, len(rows), uri))
        self.index = plan.then

    def recorded(self, settled: Iterable[str] = ()) -> dict[str, Any]:
        """Return the properties to record; `settled` are requestIds of dealt-with starts."""
        found = lifecycle.properties(self.inputs, self.kept, self.note)
        tokens = dict.fromkeys([*settled, *(str(each["requestId"]) for each in self.kept)])
        return {**found, SETTLED: list(tokens)}

    def find(self, token: str) -> Live | None:
        """Return the batch of this requestId, None where there is none."""
        return next(self.marked(lambda mark: mark.token == token), None)

    def _started(self, token: str, settings: Mapping[str, Any], then: Index) -> Live:
        arguments = {
            "batchName": batch_name(self.place, self.inputs),
            "requestId": token,
            "defaultRunSetting": table.defaults(self.inputs),
            "batchRunSettings": settings,
            "tags": self._tags(token, batch_rows.digest(then.content())),
        }
        try:
            return self.place.batches.start(arguments, look=lambda: self._seen(token))
        except errors.Unconfirmed:
            live = self._seen(token)
            if live is None:
                raise
            return live

    def _seen(self, token: str) -> Live | None:
        """Look for the batch after a try without an answer, None also where looking fails."""
        try:
            return self.find(token)
        except errors.OmicsError:
            return None

    def _tags(self, token: str, index: str) -> dict[str, str]:
        stack = str(self.inputs.get(STACK, ""))
        own = f"{self.inputs.get(ATTEMPT, '')}.{index}"
        marks = {INDEX_MARK: own, **Mark.of(stack, self.place.urn, token).tags(stack)}
        tags = {**marks, **self.inputs.get("tags", {})}
        return dict(list(tags.items())[-MAX_TAGS:])

    def _settings(self, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
        """Return the batchRunSettings of `rows`, with the URI of their file where one is needed."""
        if len(rows) <= table.MOST_INLINE:
            return {"inlineSettings": rows}, ""
        content = self._file_of(rows)
        prefix = str(self.inputs.get("settingsUri", "")).rstrip("/")
        if not prefix or self.place.files is None:
            raise errors.OmicsError(
                "StartRunBatch",
                f"{len(rows):,} samples are to start, which need a file in S3",
                advice="Give settings_uri. Nothing was started.",
            )
        uri = f"{prefix}/{batch_rows.digest(content)}.json"
        self.place.files.keep(uri, content, look_first=True)
        return {"s3UriSettings": uri}, uri

    def _file_of(self, rows: list[dict[str, Any]]) -> bytes:
        if len(rows) < len(self.rows):
            return batch_rows.file_of(rows)
        # All of them: the program has written that very file.
        return _folder(self.inputs).rows(str(self.inputs["samples"]["sha256"]))

    def _keep_index(self, index: Index) -> None:
        """Write the index down before anything of it starts."""
        content = index.content()
        sha256 = batch_rows.digest(content)
        _folder(self.inputs).keep_index(sha256, content)
        self.note = {"sha256": sha256, "samples": len(index.samples)}
        uri, text = _index_uri(self.inputs, sha256), batch_index.as_text(content)
        if text:
            self.note["text"] = text
        if uri and self.place.files is not None:
            self.place.files.keep(uri, batch_index.packed(content), look_first=False)
            self.note["uri"] = uri
        elif not text:
            raise errors.OmicsError(
                "StartRunBatch",
                f"the index of {len(index.samples) + len(index.left):,} samples is too large for "
                "the state",
                advice="Give settings_uri: it is written there. Nothing was started.",
            )


def _index_uri(inputs: Inputs, sha256: str) -> str:
    prefix = str(inputs.get("settingsUri", "")).rstrip("/")
    return f"{prefix}/{sha256}.index.json.gz" if prefix else ""


def _index_mark(live: Mapping[str, Any]) -> tuple[str, str]:
    """Return the attempt and the digest of the index that a batch's tag names."""
    attempt, _, sha256 = str((live.get("tags") or {}).get(INDEX_MARK, "")).partition(".")
    return attempt, sha256


def _lost_since(state: StackState) -> str:
    """Return since when a failed update may have started a batch, empty where none has failed."""
    if not state.failing_since:
        return ""
    begin = datetime.fromisoformat(state.failing_since) - _CLOCKS
    if state.succeeded_at:
        begin = max(begin, datetime.fromisoformat(state.succeeded_at))
    return begin.isoformat()
