"""References: what import jobs bring into a reference store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources, check_tags

from . import files, jobs
from .content import BadContentError, index_of
from .kept import READ_SET, REFERENCE, REFERENCE_IMPORT_JOB, Inside, listed, long_id, own_id
from .reference_stores import ReferenceStores

_ID: Final = re.compile(r"[0-9]+")


class References:
    """The operations on references and on the jobs that import them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        store = context.params["referenceStoreId"]
        ReferenceStores(context).find(store)
        self._store = store
        self._references = Inside(context, REFERENCE, store)
        self._jobs = Inside(context, REFERENCE_IMPORT_JOB, store)

    def list_references(self) -> dict[str, Any]:
        """ListReferences."""
        return listed(self._context, "references", self._references.all(), self._item)

    def get_reference_metadata(self) -> dict[str, Any]:
        """GetReferenceMetadata."""
        found = self._found()
        return {
            **self._item(found),
            "files": {name: files.shown(file, False) for name, file in found.doc["files"].items()},
            "creationType": "IMPORT",
            "creationJobId": found.doc["job"],
        }

    def get_reference(self) -> dict[str, Any]:
        """GetReference: a part of a file, or a range of that part."""
        params = self._context.params
        file = self._found().doc["files"][params.get("file", "SOURCE").lower()]
        return {"payload": files.within(files.part(self._context, file), params.get("range"))}

    def delete_reference(self) -> None:
        """DeleteReference: refused while read sets have it as their reference."""
        found = self._found()
        arn = self._arn(found)
        for each in Resources(self._context, READ_SET.name, READ_SET.label).all():
            if each.doc["referenceArn"] == arn:
                raise ConflictException(
                    f"Reference {own_id(found)} is the reference of read set {own_id(each)}."
                )
        self._references.remove(found)

    def start_reference_import_job(self) -> dict[str, Any]:
        """StartReferenceImportJob."""
        sources = self._context.params["sources"]
        for source in sources:
            check_tags(source.get("tags", {}))
        return jobs.start(self._context, self._jobs, "referenceStoreId", self._import)

    def get_reference_import_job(self) -> dict[str, Any]:
        """GetReferenceImportJob."""
        return jobs.got(self._context, self._jobs)

    def list_reference_import_jobs(self) -> dict[str, Any]:
        """ListReferenceImportJobs."""
        return jobs.page(self._context, "importJobs", self._jobs)

    def _import(self, source: Mapping[str, Any], job_id: str) -> jobs.Source:
        """Bring one reference in, to be there when the job ends."""
        uri = source["sourceFile"]
        try:
            fasta = files.fetched(self._context, uri, "FASTA")
            index = index_of(fasta)
        except BadContentError as error:
            return jobs.Source(source, problem=str(error))
        reference = long_id(self._context, REFERENCE.name)
        place = files.place(
            self._context, self._store, f"referenceStore/{self._store}/reference/{reference}"
        )
        doc = {
            "description": source.get("description"),
            "md5": hashlib.md5(fasta, usedforsecurity=False).hexdigest(),
            "files": {
                "source": files.keep(self._context, f"{place}/source", "FASTA", uri, fasta),
                "index": files.keep(self._context, f"{place}/index", "FASTA-index", uri, index),
            },
            "job": job_id,
        }
        ends = jobs.ends(self._context)
        self._references.add(reference, doc, source["name"], source.get("tags"), ends)
        return jobs.Source(source, made={"referenceId": reference})

    def _found(self) -> Resource:
        return self._references.find(self._context.params["id"])

    def _arn(self, found: Resource) -> str:
        return self._context.arn(f"referenceStore/{found.id}")

    def _item(self, found: Resource) -> dict[str, Any]:
        return {
            "id": own_id(found),
            "arn": self._arn(found),
            "referenceStoreId": self._store,
            "md5": found.doc["md5"],
            "status": "ACTIVE",
            "name": found.name,
            "description": found.doc["description"],
            "creationTime": found.created,
            "updateTime": found.created,
        }


def holds_reference(context: Context, arn: str) -> bool:
    """Say whether a reference is there in the caller's account and region."""
    store, _, reference = arn.removeprefix(context.arn("referenceStore/")).partition("/reference/")
    if not (_ID.fullmatch(store) and _ID.fullmatch(reference)):
        return False
    return Inside(context, REFERENCE, store).get(reference) is not None
