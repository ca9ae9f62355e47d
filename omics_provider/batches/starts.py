"""Starting batches exactly once: what an earlier update left behind, then what is still missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from omics_provider.base import diff, errors
from omics_provider.base.identity import MARK, Mark, start_token, with_marks
from omics_provider.base.keys import ATTEMPT, SETTLED, STACK
from omics_provider.base.values import canonical
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.engine.urn import urn_in
from omics_provider.runs.rules import lifecycle as run_life
from omics_provider.service import start_loop

from . import folder
from .calls import Batches
from .rules import batch_table, lifecycle
from .rules import index as batch_index
from .rules import rows as batch_rows
from .rules.index import Index, Plan

Live = dict[str, Any]
Inputs = Mapping[str, Any]
#: Ends a batch of an interrupted start where all is to run again.
End = Callable[[Live], None]

#: Tag of a batch: the attempt of its resource, and the digest of the index with what has been
#: started, this batch included.
INDEX_MARK: Final = MARK + "index"


class Hashes:
    """The hashes of declared samples that an update has made last: diff and update ask for them."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, str], dict[str, str]] | None = None

    def of(self, key: tuple[str, str], make: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Return the hashes of what `key` stands for, made where they are not the last ones."""
        found = self._last
        if found is None or found[0] != key:
            found = self._last = key, make()
        return found[1]


def batch_name(urn: str, inputs: Inputs) -> str:
    """Return the name of all batches of a resource: its own, where the program gives none.

    So one ListBatch finds them all.
    """
    if "batchName" in inputs:
        return str(inputs["batchName"])
    own = _resource(urn, inputs)
    return f"{urn.rpartition('::')[2][:48] or 'batch'}-{own[:12]}"


def _resource(urn: str, inputs: Inputs) -> str:
    """Return what the marks of a resource's batches say of it, where its `inputs` were declared."""
    stack = str(inputs.get(STACK, ""))
    return Mark.of(stack, urn_in(stack, urn), "").resource


def wanted(hashes: Hashes, inputs: Inputs) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the declared rows, and the hash of each sample's effective settings."""
    sha256 = str(inputs["samples"]["sha256"])
    rows = batch_rows.rows(_folder(inputs).rows(sha256))
    shared, rerun = batch_table.defaults(inputs), inputs.get("rerun")
    beside = batch_rows.digest(canonical([shared, rerun]).encode("utf-8", "surrogatepass"))
    return rows, hashes.of((sha256, beside), lambda: batch_index.hashes(rows, shared, rerun))


def recorded_index(batches: Batches, recorded: Inputs, inputs: Inputs) -> Index:
    """Return the index that the state names.

    Raises OmicsError where it can't be had: nothing then tells what has run.
    """
    kept = recorded["index"]
    if "text" in kept:
        return Index.of(batch_index.from_text(str(kept["text"])))
    return Index.of(_index(batches, str(kept["sha256"]), str(kept.get("uri", "")), inputs))


def _index(batches: Batches, sha256: str, uri: str, inputs: Inputs) -> bytes:
    content = _folder(inputs).index(sha256)
    if content is None and uri and batches.files is not None:
        try:
            content = batch_index.unpacked(batches.files.load(uri))
        except (errors.OmicsError, OSError, EOFError) as error:
            raise _no_index(sha256, uri, f": {error}") from error
    if content is None or batch_rows.digest(content) != sha256:
        raise _no_index(sha256, uri, "")
    return content


def _no_index(sha256: str, uri: str, why: str) -> errors.OmicsError:
    return errors.OmicsError(
        "Reading the index",
        f"{uri or f'the index {sha256[:12]}…'} can't be read{why}, so it is not known which "
        f"samples have run",
        advice="Nothing was started. Put the file back, or undo the change of the samples. Or "
        'let a change run "all": that replaces the batches, and runs every sample again.',
    )


def _folder(inputs: Inputs) -> folder.Folder:
    return folder.Folder(Path(str(inputs[batch_table.FOLDER])))


@dataclass
class Cohort:
    """The batches of one resource while an update works on them."""

    call: Call
    batches: Batches
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

    def start(
        self, token: str, state: StackState, earlier: tuple[EarlierStart, ...], end: End
    ) -> None:
        """Start one batch with all samples, but what earlier starts of the resource have started.

        `token` is its requestId, `state` what the stack recorded before this update created
        anything; `earlier` are the starts that the state names and no resource records. Raises
        Unconfirmed where no answer tells whether a batch has started.
        """
        self.earlier = [start.inputs for start in earlier]
        for live in [*self.interrupted(earlier), *self.lost(state, earlier)]:
            self.take(live, end)
        again = next((start for start in earlier if start.is_for(self.inputs)), None)
        if again and not self.kept:
            self._repeat(again, end)
        self.start_missing(token)

    # What an earlier update left behind --------------------------------------------------------

    def marked(self, fits: Callable[[Mark], bool], since: datetime | None = None) -> Iterator[Live]:
        """Give the batches of this resource whose mark fits, oldest first.

        `since` leaves out those that were created before.
        """
        known = {each["uuid"] for each in self.kept}
        ids = {each["id"] for each in self.kept}
        names = {batch_name(self.call.urn, each) for each in (self.inputs, *self.earlier)}
        found = [item for name in sorted(names) for item in self.batches.named(name)]
        items = [item for item in found if item["id"] not in ids]
        for item in sorted(items, key=lambda each: str(each["createdAt"])):
            if since and datetime.fromisoformat(item["createdAt"]) < since:
                continue
            live = self.batches.find(item["id"])
            mark = Mark.on(live) if live else None
            if live and live["uuid"] not in known and mark is not None and fits(mark):
                yield live

    def interrupted(self, earlier: tuple[EarlierStart, ...]) -> Iterator[Live]:
        """Give the batches that `earlier` starts made, which the state names."""
        tokens = {start.token for start in earlier}
        if tokens:
            yield from self.marked(lambda mark: mark.token in tokens)

    def lost(self, state: StackState, earlier: tuple[EarlierStart, ...]) -> Iterator[Live]:
        """Give the batches that other creates made for this resource, and that nothing names.

        `earlier` are the starts that the state names: they are no part of it.
        """
        since = state.lost_since or state.unnoticed_since(self.call.update.engine.began)
        if since is not None:
            fits = state.lost(str(self.inputs.get(STACK, "")), self.call.urn, earlier)
            yield from self.marked(fits, since)

    def further(self) -> Iterator[Live]:
        """Give the batches that interrupted updates of this very resource have started."""
        attempt = self.inputs.get(ATTEMPT)
        if attempt:
            own = {_resource(self.call.urn, each) for each in (self.inputs, *self.earlier)}
            for live in self.marked(lambda mark: mark.resource in own):
                if _index_mark(live)[0] == attempt:
                    yield live

    def take(self, live: Live, end: End) -> None:
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
            self.index = Index.of(_index(self.batches, sha256, uri, self.inputs))
        if "tags" in self.inputs:
            tags = diff.tag_change(run_life.live_tags(live), self.inputs["tags"])
            self.batches.retag(str(live["arn"]), tags)
        mark = Mark.on(live)
        token = mark.token if mark else ""
        kept = lifecycle.started(live, token, int(live.get("totalRuns") or 0), "")
        self.kept.append(lifecycle.refreshed(kept, live))
        self.call.warn(
            f"An interrupted update started batch {live['id']} ({live['status']}) for this "
            f"resource. This update takes the batch over, and starts none of its samples again."
        )

    def _repeat(self, earlier: EarlierStart, end: End) -> None:
        """Send an earlier start again, and keep its batch if it still stands for something.

        An equal request makes it one batch, whoever sends it first.
        """
        own = {**earlier.inputs, batch_table.FOLDER: self.inputs[batch_table.FOLDER]}
        then = replace(self, inputs=own, kept=[])

        def send() -> Live:
            then.start_missing(earlier.token)
            return then.kept[0]

        live = start_loop.sent_again(
            send,
            self.batches.find,
            lambda: self.find(earlier.token),
            _is_released,
        )
        if live is None:
            return
        if not then.kept:
            self.take(live, end)
        elif lifecycle.can_stand(live):
            self.kept = [lifecycle.refreshed(then.kept[0], live)]
            self.index = then.index
            tags = diff.tag_change(own.get("tags", {}), self.inputs.get("tags", {}))
            self.batches.retag(str(live["arn"]), tags)

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
            stack, self.call.urn, ":".join([attempt, before, then, *sorted(self.ended)])
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
            "batchName": batch_name(self.call.urn, self.inputs),
            "requestId": token,
            "defaultRunSetting": batch_table.defaults(self.inputs),
            "batchRunSettings": settings,
            "tags": self._tags(token, batch_rows.digest(then.content())),
        }
        try:
            return self.batches.start(arguments, look=lambda: self._seen(token))
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
        marks = {INDEX_MARK: own, **Mark.of(stack, self.call.urn, token).tags(stack)}
        return with_marks(marks, self.inputs.get("tags", {}))

    def _settings(self, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
        """Return the batchRunSettings of `rows`, with the URI of their file where one is needed."""
        if len(rows) <= batch_table.MOST_INLINE:
            return {"inlineSettings": rows}, ""
        content = self._file_of(rows)
        prefix = str(self.inputs.get("settingsUri", "")).rstrip("/")
        if not prefix or self.batches.files is None:
            raise errors.OmicsError(
                "StartRunBatch",
                f"{len(rows):,} samples are to start, which need a file in S3",
                advice="Give the batch a place for settings in S3. Nothing was started.",
            )
        uri = f"{prefix}/{batch_rows.digest(content)}.json"
        self.batches.files.keep(uri, content, look_first=True)
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
        if uri and self.batches.files is not None:
            self.batches.files.keep(uri, batch_index.packed(content), look_first=False)
            self.note["uri"] = uri
        elif not text:
            raise errors.OmicsError(
                "StartRunBatch",
                f"the index of {len(index.samples) + len(index.left):,} samples is too large for "
                "the state",
                advice="Give the batch a place for settings in S3: the index is then a file "
                "there. Nothing "
                "was started.",
            )


def _index_uri(inputs: Inputs, sha256: str) -> str:
    prefix = str(inputs.get("settingsUri", "")).rstrip("/")
    return f"{prefix}/{sha256}.index.json.gz" if prefix else ""


def _is_released(live: Mapping[str, Any]) -> bool:
    """Tell whether a batch has lost its mark, which alone is taken off what outlives its resource.

    One that shows none of our tags may be too young to show any: it must not start twice.
    """
    return bool(_index_mark(live)[1]) and Mark.on(live) is None


def _index_mark(live: Mapping[str, Any]) -> tuple[str, str]:
    """Return the attempt and the digest of the index that a batch's tag names."""
    attempt, _, sha256 = str((live.get("tags") or {}).get(INDEX_MARK, "")).partition(".")
    return attempt, sha256
