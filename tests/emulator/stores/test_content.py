"""What imports make of files."""

import gzip
import hashlib

import pytest

from omics_provider.emulator.stores import content

READS = b"@1\nACGT\n+\nIIII\n@2\nACG\n+\nIII\n"


def test_parts_cover_a_file():
    body = bytes(range(25))
    parts = [content.part(body, number, 10) for number in (1, 2, 3, 4)]
    assert b"".join(parts[:3]) == body
    assert parts[3] is None
    told = content.information(content.PART_SIZE + 1)
    assert told["totalParts"] == 2
    assert content.information(content.PART_SIZE)["totalParts"] == 1


def test_the_etag_of_fastq_is_that_of_what_is_compressed():
    loose, tight = gzip.compress(READS, 0), gzip.compress(READS, 9)
    assert loose != tight
    for family, name in (("MD5up", "md5"), ("SHA256up", "sha256"), ("SHA512up", "sha512")):
        wanted = hashlib.new(name, READS).hexdigest()
        assert content.etag("FASTQ", family, loose) == wanted
        assert content.etag("FASTQ", family, tight) == wanted
    assert content.etag("BAM", "MD5up", loose) == hashlib.md5(loose).hexdigest()


def test_reads_and_bases_are_counted():
    assert content.counts(gzip.compress(READS)) == {"totalReadCount": 2, "totalBaseCount": 7}


@pytest.mark.parametrize("file_type", ["FASTQ", "BAM", "UBAM", "CRAM"])
def test_what_is_made_up_can_be_imported(file_type):
    body = content.made_up(file_type, "s3://bucket/\ud800")
    assert body == content.made_up(file_type, "s3://bucket/\ud800")
    assert body != content.made_up(file_type, "s3://bucket/other")
    content.check_reads(file_type, body)
    assert content.sequence_information(file_type, [body])["alignment"]


@pytest.mark.parametrize("fasta", [b"", b"ACGT\n", b"\n>chr1\nACGT\n"])
def test_what_is_no_fasta_has_no_index(fasta):
    with pytest.raises(content.BadContentError):
        content.index_of(fasta)


def test_a_last_line_without_an_end_is_a_line():
    assert content.index_of(b">a\nACGT\nAC") == b"a\t6\t3\t4\t5\n"


def test_what_is_cut_off_is_refused():
    with pytest.raises(content.BadContentError):
        content.counts(gzip.compress(READS)[:-9])
