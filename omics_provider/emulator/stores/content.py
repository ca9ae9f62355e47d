"""The files of references and read sets: what an import looks at, and what it makes of them."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

PART_SIZE: Final = 104_857_600
_GZIP: Final = b"\x1f\x8b"
_STARTS: Final = {"FASTQ": _GZIP, "BAM": _GZIP, "UBAM": _GZIP, "CRAM": b"CRAM"}
_READ_LENGTH: Final = 50


class BadContentError(ValueError):
    """A file is not of the type that it should be of."""


def information(size: int) -> dict[str, int]:
    """Give what the metadata say of a file of this size."""
    return {
        "totalParts": -(-size // PART_SIZE),
        "partSize": PART_SIZE,
        "contentLength": size,
    }


def part(content: bytes, number: int, size: int = PART_SIZE) -> bytes | None:
    """Give a part of a file, or None where it has no part of this number."""
    return content[(number - 1) * size : number * size] or None


def index_of(fasta: bytes) -> bytes:
    """Give the index of a FASTA file, as `samtools faidx` makes it: the file's .fai."""
    return "".join(f"{each}\n" for each in _contigs(fasta)).encode()


@dataclass
class _Contig:
    """One sequence of a FASTA file, with what its index says."""

    name: str
    offset: int
    length: int = 0
    bases: int = 0
    width: int = 0

    def add(self, line: bytes) -> None:
        bases = len(line.rstrip(b"\r\n"))
        self.length += bases
        self.bases, self.width = self.bases or bases, self.width or len(line)

    def __str__(self) -> str:
        return f"{self.name}\t{self.length}\t{self.offset}\t{self.bases}\t{self.width}"


def _contigs(fasta: bytes) -> Iterator[_Contig]:
    contig: _Contig | None = None
    place = 0
    for line in fasta.splitlines(keepends=True):
        place += len(line)
        if line.startswith(b">"):
            if contig is not None:
                yield contig
            words = line[1:].split()
            contig = _Contig(words[0].decode("utf-8", "replace") if words else "", place)
        elif contig is not None:
            contig.add(line)
        else:
            raise BadContentError("The file does not begin as FASTA does.")
    if contig is None:
        raise BadContentError("The file is empty.")
    yield contig


def check_reads(file_type: str, content: bytes) -> None:
    """Refuse a file of reads that does not begin as its type does."""
    if not content.startswith(_STARTS[file_type]):
        raise BadContentError(f"The file does not begin as {file_type} does.")


def etag(file_type: str, family: str, content: bytes) -> str:
    """Give HealthOmics' ETag of a file of reads, by the algorithm family of its store.

    Of FASTQ it is the hash of what is compressed. Of other types the service hashes the
    alignments, and the emulator the file.
    """
    hashed = hashlib.new(family.removesuffix("up").lower(), usedforsecurity=False)
    hashed.update(_unpacked(content) if file_type == "FASTQ" else content)
    return hashed.hexdigest()


def counts(content: bytes) -> dict[str, int]:
    """Give how many reads and bases a FASTQ file has."""
    sequences = _unpacked(content).splitlines()[1::4]
    return {"totalReadCount": len(sequences), "totalBaseCount": sum(map(len, sequences))}


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise BadContentError("The file is not a complete gzip file.") from error


def made_up(file_type: str, seed: str) -> bytes:
    """Give a small file of a type, always the same for a seed.

    It stands for a file that can't be looked at, in a door that has no S3.
    """
    chance = random.Random(ascii(seed))  # noqa: S311  # a file that repeats, no secret
    bases = "".join(chance.choices("ACGT", k=_READ_LENGTH))
    if file_type == "FASTA":
        return f">chr1\n{bases}\n".encode()
    if file_type == "CRAM":
        return b"CRAM" + bases.encode()
    return gzip.compress(
        f"@{chance.getrandbits(32)}\n{bases}\n+\n{'I' * len(bases)}\n".encode(), mtime=0
    )


def sequence_information(file_type: str, contents: list[bytes]) -> dict[str, Any]:
    """Give what is told of the reads; their numbers are read from FASTQ alone."""
    counted = [counts(each) for each in contents] if file_type == "FASTQ" else []
    names = counted[0] if counted else ()
    return {
        **{name: sum(each[name] for each in counted) for name in names},
        "alignment": "UNALIGNED" if file_type in ("FASTQ", "UBAM") else "ALIGNED",
    }
