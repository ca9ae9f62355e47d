"""A definition's identity, its zip, and what shows to be wrong with it."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_provider.workflows.rules import definition

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\\\x00"), min_size=1, max_size=20)
FILES = st.dictionaries(NAMES, st.binary(max_size=100), max_size=5)


@given(FILES)
def test_the_order_of_the_files_counts_for_nothing(files: dict[str, bytes]) -> None:
    shuffled = dict(random.sample(list(files.items()), len(files)))
    assert definition.digest(shuffled) == definition.digest(files)
    assert definition.zipped(shuffled) == definition.zipped(files)


@given(FILES, FILES)
def test_other_files_have_another_digest(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (definition.digest(one) == definition.digest(other)) is (one == other)


def test_line_ends_of_texts_count_for_nothing_where_they_are_made_alike() -> None:
    files = {"main.wdl": b"version 1.0\n\n", "a.bin": b"\0\r\n", "b.bin": b"\xff\r\n"}
    crlf = {**files, "main.wdl": b"version 1.0\r\n\r\n"}
    assert definition.with_unix_ends(crlf) == files
    # What has such line ends already keeps its digest for ever.
    assert definition.with_unix_ends(files) == files
    old_mac = {"main.wdl": b"version 1.0\r"}
    assert definition.with_unix_ends(old_mac) == old_mac


def test_the_digest_is_the_same_for_ever() -> None:
    # Another value would make a new version of every workflow in every stack.
    files = {"main.wdl": b"version 1.0\n", "sub/task.wdl": b"x"}
    identity = definition.version_identity({"engine": "WDL", "__digest": definition.digest(files)})
    assert definition.digest(files) == DIGEST
    assert definition.version_name(identity) == NAME


DIGEST = "50b6d2a9e561c5aaa5750a5bf60a9492d36e6f79841f52f588e87caca6b26935"
NAME = "sha-08031ebad6c83beb"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": b"bc"}, {"ab": b"c"}),
        ({"a": b"", "b": b""}, {"a": b""}),
        ({"a/b": b"x"}, {"a": b"x"}),
    ],
)
def test_names_and_contents_do_not_run_together(
    one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    assert definition.digest(one) != definition.digest(other)


def test_the_zip_has_fixed_times_sorted_names_and_modes_by_content() -> None:
    files = {"z.sh": b"#!/bin/sh\n", "main.nf": b"workflow {}", "bin/tool": b"\x7fELF\x00"}
    with zipfile.ZipFile(io.BytesIO(definition.zipped(files))) as archive:
        assert archive.namelist() == ["bin/tool", "main.nf", "z.sh"]
        assert {e.date_time for e in archive.filelist} == {(1980, 1, 1, 0, 0, 0)}
        modes = {e.filename: oct(e.external_attr >> 16 & 0o777) for e in archive.filelist}
        assert modes == {"bin/tool": "0o755", "main.nf": "0o644", "z.sh": "0o755"}
        assert {e.create_system for e in archive.filelist} == {3}
        assert {name: archive.read(name) for name in files} == files


@pytest.mark.parametrize(
    ("name", "out"),
    [
        (".git", True), (".nextflow.log", True), (".DS_Store", True), ("__pycache__", True),
        ("x.pyc", True), ("Thumbs.db", True), ("main.wdl", False), ("git", False), ("a.b", False),
    ],
)  # fmt: skip
def test_what_is_left_out(name: str, out: bool) -> None:
    assert definition.is_left_out(name) is out


def test_a_part_without_a_value_is_no_part() -> None:
    with_none = definition.version_identity({"engine": None, "main": "a"})
    assert with_none == definition.version_identity({"main": "a"})
    assert with_none != definition.version_identity({"main": "b"})
    assert with_none != definition.version_identity({"engine": "a"})


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("sha-0123456789abcdef", True), ("sha-0123456789abcdeg", False), ("1.0", False),
        ("sha-0123456789abcde", False), ("0123456789abcdef0123", False),
    ],
)  # fmt: skip
def test_a_made_name_is_known(name: str, made: bool) -> None:
    assert definition.is_made_name(name) is made


@pytest.mark.parametrize(
    ("names", "engine", "main", "why"),
    [
        (["main.wdl"], None, None, None),
        (["align.wdl"], None, None, None),
        (["main.wdl", "other.wdl"], None, None, None),
        (["top.wdl", "sub/main.wdl", "sub/b.wdl"], None, None, None),
        (["a.wdl", "b.nf"], "NEXTFLOW", None, None),
        (["a.wdl", "b.wdl"], None, "b.wdl", None),
        (["a.wdl"], "WDL_LENIENT", None, None),
        (["readme.md"], None, None, "has no WDL, Nextflow or CWL file"),
        (["a.wdl"], "CWL", None, "has no CWL file"),
        ([], None, None, "has no WDL, Nextflow or CWL file"),
        (["a.wdl", "b.nf"], None, None, "files of NEXTFLOW and WDL: name the language with engine"),
        (["b.wdl", "a.wdl"], None, None, "has a.wdl, b.wdl, and none is called main"),
        (["a.wdl", "b.wdl", "sub/main.wdl"], None, None, "none is called main"),
        (["wf/b.wdl"], None, "b.wdl", "no file b.wdl, which main names: did you mean wf/b.wdl?"),
        (["a.wdl"], None, "x.wdl", "has no file x.wdl, which main names"),
    ],
)
def test_main_files(
    names: list[str], engine: str | None, main: str | None, why: str | None
) -> None:
    found = list(definition.problems(dict.fromkeys(names, b""), engine, main))
    if why is None:
        assert found == []
    else:
        assert len(found) == 1
        assert why in found[0]


def test_a_zip_that_a_request_can_not_carry() -> None:
    text = {"main.wdl": b"version 1.0\n", "big.txt": b"a" * (definition.MAX_ZIP_BYTES + 1)}
    # It is the zip's size that counts.
    assert list(definition.problems(text, None, None)) == []
    noise = random.Random(1).randbytes(definition.MAX_ZIP_BYTES + 1)
    (problem,) = definition.problems({**text, "big.txt": noise}, None, None)
    assert "a request can carry 4,400,000" in problem
    assert "give its URI" in problem
