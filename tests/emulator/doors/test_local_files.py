import pathlib

from omics_provider.emulator.doors.local_files import LocalObjects
from omics_provider.emulator.world import folder
from omics_provider.emulator.world.folder import Folder
from omics_provider.emulator.world.store import open_store


def test_the_head_of_a_large_file_is_told_without_its_content(tmp_path, monkeypatch):
    files = Folder(tmp_path / "files")
    files.write_object("", "", "s3://bucket/reads.bam", b"0123456789")
    objects = LocalObjects(open_store(tmp_path / "state.db"), files, "123456789012")
    whole = objects.answer("GET", "http://host/bucket/reads.bam")
    assert whole.body == b"0123456789"
    monkeypatch.setattr(folder, "_MOST_HASHED", 5)
    monkeypatch.setattr(pathlib.Path, "read_bytes", None)
    head = objects.answer("HEAD", "http://host/bucket/reads.bam")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "10")
    assert head.headers["Last-Modified"] == whole.headers["Last-Modified"]
    assert objects.answer("HEAD", "http://host/bucket/none.bam").status == 404
