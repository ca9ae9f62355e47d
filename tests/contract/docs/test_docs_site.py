"""The pages of the docs site fit together: links, anchors, navigation. `make docs` builds them."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import omics_provider

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
#: Made by the build, so not there before it: docs/extensions.
MADE = ("reference", "files")
WRITTEN = sorted(
    path
    for path in DOCS.rglob("*.md")
    if path.relative_to(DOCS).parts[0] not in (*MADE, "examples")
)

#: A name that each SVG has, and no address.
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'

#: What the pages of the reference are made of, by their names.
SOURCES = {
    "commands": ROOT / "omics_provider" / "commands" / "cli.py",
    "failures": ROOT / "omics_provider" / "explain" / "rules" / "reasons.py",
    **{
        name: Path(inspect.getfile(found))
        for name in omics_provider.__all__
        if inspect.isclass(found := getattr(omics_provider, name)) or inspect.isfunction(found)
    },
}


def linked_files() -> ModuleType:
    """Return the extension that leads the links of the site."""
    folder = str(DOCS / "extensions")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("linked_files")
    finally:
        sys.path.remove(folder)


_FENCE = re.compile(r"^(`{3,})[^\n]*\n.*?^\1\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|mailto:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
_HEADING = re.compile(r"^(#{1,6}) +(.*?)\s*$", re.MULTILINE)
_TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[tuple[int, str]]:
    return [(len(m[1]), m[2]) for m in _HEADING.finditer(_FENCE.sub("", text))]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    seen: Counter[str] = Counter()
    found = set()
    for _, heading in headings(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Return the links of a page that lead nowhere."""
    broken = []
    for link in _LINK.finditer(_FENCE.sub("", text)):
        target = page.parent / link["path"] if link["path"] else page
        if target != page and (not target.exists() or is_made(target)):
            broken.append(f"{link[0]}: no such file")
        elif link["anchor"] and target.suffix == ".py":
            if SOURCES.get(link["anchor"]) != target.resolve():
                broken.append(f"{link[0]}: not what reference/{link['anchor']}.md is made of")
        elif link["anchor"]:
            there = text if target == page else target.read_text("utf-8")
            if link["anchor"] not in anchors(there):
                broken.append(f"{link[0]}: no such heading")
    return broken


def is_made(target: Path) -> bool:
    """Tell whether a page is one that the build makes: a reader on the code host has none."""
    return any(target.resolve().is_relative_to(DOCS / folder) for folder in MADE)


def navigation() -> list[str]:
    """Return what docs/index.md lists, in order."""
    text = (DOCS / "index.md").read_text("utf-8")
    lines = [line for tree in _TOCTREE.findall(text) for line in tree.splitlines()]
    return [line for line in lines if line and not line.startswith(":")]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_has_one_title_and_no_gap_between_levels(page: Path) -> None:
    levels = [level for level, _ in headings(page.read_text("utf-8"))]
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_page_is_in_the_navigation_once() -> None:
    pages = {str(path.relative_to(DOCS).with_suffix("")) for path in WRITTEN} - {"index"}
    listed = navigation()
    assert [name for name, times in Counter(listed).items() if times > 1] == []
    topics = {page for page in pages if "/" not in page}
    assert topics - set(listed) == set(), "Add the page to a toctree of docs/index.md."
    assert set(listed) - topics == {"adr/*", "reference/*"}


def test_the_site_asks_nothing_of_the_network() -> None:
    sources = [DOCS / "conf.py", *(DOCS / "static").iterdir()]
    asking = [
        path.name
        for path in sources
        if re.search(r"https?:|@import|url\(", path.read_text().replace(NAMESPACE, ""))
    ]
    assert asking == []


def test_each_promise_has_its_tests() -> None:
    said, held = (DOCS / "promises.md").read_text("utf-8").split("## The tests of each promise")
    rows = r"^\| (?!-|promise)(.+?) \| (.*) \|$"
    promises = dict(re.findall(rows, said, re.MULTILINE))
    tests = dict(re.findall(rows, held, re.MULTILINE))
    assert len(promises) > 5
    assert list(tests) == list(promises)
    assert all("](../tests/" in linked for linked in tests.values())


def test_every_key_of_the_configuration_is_on_its_page() -> None:
    package = (ROOT / "omics_provider").rglob("*.py")
    sources = [path for path in package if "emulator" not in path.parts]
    read = {
        key for path in sources for key in re.findall(r'"(omics:[a-z][a-zA-Z]+)"', path.read_text())
    }
    assert len(read) > 4
    page = (DOCS / "configuration.md").read_text("utf-8")
    rows = re.findall(r"^\| (`omics:.*?) \|", page, re.MULTILINE)
    assert read - {key for row in rows for key in re.findall(r"omics:[a-zA-Z]+", row)} == set()


# The checks above can fail -----------------------------------------------------------------------

RUN = "../omics_provider/resources/run.py"


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("[x](no-such.md)", "no such file"),
        ("[x](waiting.md#no-such)", "no such heading"),
        ("[x](#no-such)", "no such heading"),
        ("[x](reference/OmicsRun.md)", "no such file"),
        ("[x](../omics_provider/resources/run.py#NoSuch)", "not what reference/NoSuch.md"),
        ("[x](../omics_provider/resources/run.py#RunCohort)", "not what reference/RunCohort.md"),
    ],
)
def test_a_broken_link_is_found(link: str, why: str) -> None:
    (told,) = broken_links(DOCS / "page.md", f"# A page\n\n{link}\n")
    assert why in told


def test_links_that_hold_are_passed() -> None:
    text = f"# A page\n\n[1](waiting.md#a-chain) [2](#a-page) [3]({RUN}#OmicsRun) [4](adr)\n"
    assert broken_links(DOCS / "page.md", f"{text}\n```text\n[5](no-such.md)\n```\n") == []


def test_a_link_to_the_source_of_a_reference_page_leads_there_on_the_site() -> None:
    text = f"[`a`]({RUN}#OmicsRun) [b]({RUN}) [c](waiting.md#x)\n"
    assert linked_files().led(text, DOCS, DOCS) == (
        "[`a`](reference/OmicsRun.md) [b](files/omics_provider-resources-run.py.md)"
        " [c](waiting.md#x)\n"
    )
    # Below a folder, as the decisions are, and no page of the file is made for it.
    assert linked_files().led(f"[a](../{RUN}#OmicsRun)", DOCS / "adr", DOCS) == (
        "[a](../reference/OmicsRun.md)"
    )
    assert list(linked_files()._targets(f"[a]({RUN}#OmicsRun)", DOCS, DOCS)) == []


def test_anchors_are_those_of_github() -> None:
    text = "# `a_b`: Is it?\n## [A link](x.md)\n## Twice\n## Twice\n```sh\n# no heading\n```\n"
    assert anchors(text) == {"a_b-is-it", "a-link", "twice", "twice-1"}
