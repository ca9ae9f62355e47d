"""Read sets: what import jobs bring into a sequence store, and what archives and activates it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, check_tags

from . import content, files, jobs, tiers
from .kept import (
    READ_SET,
    READ_SET_ACTIVATION_JOB,
    READ_SET_IMPORT_JOB,
    Inside,
    listed,
    long_id,
    own_id,
)
from .references import holds_reference
from .sequence_stores import SequenceStores

_ALIGNED: Final = frozenset({"BAM", "CRAM"})
_NOT_THERE: Final = "The specified readset does not exist."
_ACTIVE_ALREADY: Final = (
    "No activation needed as read set is already in ACTIVATING or ACTIVE state."
)
# What of a source becomes a fact of its read set.
_TOLD: Final = ("subjectId", "sampleId", "description", "referenceArn", "generatedFrom")


class ReadSets:
    """The operations on read sets and on the jobs that import and activate them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        store = SequenceStores(context).find(context.params["sequenceStoreId"])
        self._store = store
        self._sets = Inside(context, READ_SET, store.id)
        self._imports = Inside(context, READ_SET_IMPORT_JOB, store.id)
        self._activations = Inside(context, READ_SET_ACTIVATION_JOB, store.id)

    def list_read_sets(self) -> dict[str, Any]:
        """ListReadSets."""
        return listed(self._context, "readSets", self._sets.all(), self._item)

    def get_read_set_metadata(self) -> dict[str, Any]:
        """GetReadSetMetadata."""
        found = self._found()
        told = {name: files.shown(file, True) for name, file in found.doc["files"].items()}
        return {**self._item(found), "files": told, "creationJobId": found.doc["job"]}

    def get_read_set(self) -> dict[str, Any]:
        """GetReadSet: a part of a file, of a read set that is ACTIVE."""
        found = self._found()
        status = tiers.status(found, self._context.now)
        if status != tiers.ACTIVE:
            raise ConflictException(f"Read set {own_id(found)} is {status}, not ACTIVE.")
        name = self._context.params.get("file", "SOURCE1")
        file = found.doc["files"].get(name.lower())
        if file is None:
            raise ResourceNotFoundException(f"Read set {own_id(found)} has no file {name}")
        payload = files.part(self._context, file)
        self._sets.change(found, tiers.used(found, self._context.now))
        return {"payload": payload}

    def batch_delete_read_set(self) -> dict[str, Any]:
        """BatchDeleteReadSet: those that are not there are told one by one."""
        errors = []
        for wanted in self._context.params["ids"]:
            found = self._sets.get(wanted)
            if found is None:
                errors.append({"id": wanted, "code": "", "message": _NOT_THERE})
            else:
                self._sets.remove(found)
        return {"errors": errors} if errors else {}

    def start_read_set_import_job(self) -> dict[str, Any]:
        """StartReadSetImportJob."""
        for source in self._context.params["sources"]:
            self._check(source)
        return jobs.start(self._context, self._imports, "sequenceStoreId", self._import)

    def get_read_set_import_job(self) -> dict[str, Any]:
        """GetReadSetImportJob."""
        return jobs.got(self._context, self._imports)

    def list_read_set_import_jobs(self) -> dict[str, Any]:
        """ListReadSetImportJobs."""
        return jobs.page(self._context, "importJobs", self._imports)

    def start_read_set_activation_job(self) -> dict[str, Any]:
        """StartReadSetActivationJob."""
        return jobs.start(self._context, self._activations, "sequenceStoreId", self._activate)

    def get_read_set_activation_job(self) -> dict[str, Any]:
        """GetReadSetActivationJob."""
        return jobs.got(self._context, self._activations)

    def list_read_set_activation_jobs(self) -> dict[str, Any]:
        """ListReadSetActivationJobs."""
        return jobs.page(self._context, "activationJobs", self._activations)

    def _check(self, source: Mapping[str, Any]) -> None:
        """Hold a source to the rules that botocore's model does not have."""
        check_tags(source.get("tags", {}))
        file_type, reference = source["sourceFileType"], source.get("referenceArn")
        if file_type in _ALIGNED and reference is None:
            raise ValidationException(f"A source of type {file_type} needs a referenceArn")
        if file_type != "FASTQ" and "source2" in source["sourceFiles"]:
            raise ValidationException(f"A source of type {file_type} has one file, not source2")
        if reference is not None and not holds_reference(self._context, reference):
            raise ValidationException(f"There is no reference {reference}")

    def _import(self, source: Mapping[str, Any], job_id: str) -> jobs.Source:
        """Bring one read set in, to be there when the job ends."""
        file_type, uris = source["sourceFileType"], source["sourceFiles"]
        family = self._store.doc["eTagAlgorithmFamily"]
        shown = {
            **source,
            "tags": {
                **source.get("tags", {}),
                "aws:omics:sampleId": source["sampleId"],
                "aws:omics:subjectId": source["subjectId"],
            },
        }
        try:
            bodies = {
                name: files.fetched(self._context, uri, file_type) for name, uri in uris.items()
            }
            for body in bodies.values():
                content.check_reads(file_type, body)
            etags = {name: content.etag(file_type, family, body) for name, body in bodies.items()}
            information = content.sequence_information(file_type, list(bodies.values()))
        except content.BadContentError as error:
            return jobs.Source(shown, problem=str(error))
        read_set = long_id(self._context, READ_SET.name)
        place = files.place(
            self._context, self._store.id, f"sequenceStore/{self._store.id}/readSet/{read_set}"
        )
        ends = jobs.ends(self._context)
        doc = {
            **{name: source.get(name) for name in _TOLD},
            "fileType": file_type,
            "sequenceInformation": information,
            "etag": {"algorithm": f"{file_type.removeprefix('U')}_{family}", **etags},
            "files": {
                name: files.keep(
                    self._context, f"{place}/{_own_name(name, uris)}", file_type, uris[name], body
                )
                for name, body in bodies.items()
            },
            "job": job_id,
            **tiers.of_import(source.get("tags", {}), ends),
        }
        self._sets.add(read_set, doc, source.get("name"), source.get("tags"), ends)
        return jobs.Source(shown, made={"readSetId": read_set})

    def _activate(self, source: Mapping[str, Any], _job_id: str) -> jobs.Source:
        found = self._sets.get(source["readSetId"])
        if found is None:
            return jobs.Source(source, problem=_NOT_THERE)
        if tiers.status(found, self._context.now) != tiers.ARCHIVED:
            return jobs.Source(source, made={"statusMessage": _ACTIVE_ALREADY})
        self._sets.change(found, tiers.activated(found, jobs.ends(self._context)))
        return jobs.Source(source)

    def _found(self) -> Resource:
        return self._sets.find(self._context.params["id"])

    def _item(self, found: Resource) -> dict[str, Any]:
        doc = found.doc
        told = ("subjectId", "sampleId", "description", "referenceArn", "fileType", "etag")
        return {
            **{name: doc[name] for name in told},
            "id": own_id(found),
            "arn": self._context.arn(f"sequenceStore/{found.id}"),
            "sequenceStoreId": self._store.id,
            "status": tiers.status(found, self._context.now),
            "name": found.name,
            "sequenceInformation": {
                **doc["sequenceInformation"],
                "generatedFrom": doc["generatedFrom"],
            },
            "creationTime": found.created,
            "creationType": "IMPORT",
        }


def _own_name(name: str, uris: Mapping[str, str]) -> str:
    """Give the name that a file has in the store: its own, unless both have the same."""
    own = uris[name].rsplit("/", 1)[-1]
    others = [uri.rsplit("/", 1)[-1] for other, uri in uris.items() if other != name]
    return f"{name}_{own}" if own in others or not own else own
