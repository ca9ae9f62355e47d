"""Shows, on a page of its own, each file of the repository that a page links to.

On GitHub a link to ../tests/engine/waits/test_wait.py opens the file. So it does on the site: the
link is led to a page with the file's text. A linked folder is one page with all its files.

Pages of the reference are not in git. A link to what they are made of, such as
../omics_provider/resources/run.py#OmicsRun, opens that file on GitHub. On the site it is led to
reference/OmicsRun.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "files"
REFERENCE = "reference"
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json"}
_LINK = re.compile(
    r"(?<=\]\()(?!https?://|mailto:|#|/)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?(?=\))"
)
_FENCE = re.compile(r"^(`{3,})[^\n]*\n.*?^\1\s*$", re.MULTILINE | re.DOTALL)
_SHOWN_BY_SPHINX = {".md", ".svg", ".png"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the pages after those of the reference, and lead the links to them."""
    app.connect("builder-inited", _make_pages, priority=600)
    app.connect("source-read", _lead_links)
    return {"version": "1", "parallel_read_safe": True}


def _make_pages(app: Sphinx) -> None:
    docs = Path(app.srcdir)
    pages = {}
    for page in docs.rglob("*.md"):
        if page.relative_to(docs).parts[0] not in (FOLDER, "examples"):
            for target in _targets(page.read_text("utf-8"), page.parent, docs):
                pages[_page_of(target, docs)] = _page(target, docs)
    folder = docs / FOLDER
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        if old not in pages:
            old.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _lead_links(app: Sphinx, docname: str, content: list[str]) -> None:
    docs = Path(app.srcdir)
    content[0] = led(content[0], (docs / docname).parent, docs)


def led(text: str, folder: Path, docs: Path) -> str:
    """Return the text of a page in `folder` with its links as the site has them."""

    def of(link: re.Match[str]) -> str:
        target = _target(link, folder, docs)
        if target is None:
            return link[0]
        page = _reference(link, docs) or _page_of(target, docs)
        return os.path.relpath(page, folder)

    return _outside_code(text, lambda part: _LINK.sub(of, part))


def _outside_code(text: str, change: Any) -> str:
    parts: list[str] = []
    at = 0
    for fence in _FENCE.finditer(text):
        parts += [change(text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, change(text[at:])])


def _targets(text: str, folder: Path, docs: Path) -> Iterator[Path]:
    for link in _LINK.finditer(_FENCE.sub("", text)):
        target = _target(link, folder, docs)
        if target is not None and not _reference(link, docs):
            yield target


def _reference(link: re.Match[str], docs: Path) -> Path | None:
    """Return the page of the reference that a link into a source file names."""
    if not link["path"].endswith(".py") or not link["anchor"]:
        return None
    return docs / REFERENCE / f"{link['anchor'][1:]}.md"


def _target(link: re.Match[str], folder: Path, docs: Path) -> Path | None:
    """Return the file or folder that a link means, where Sphinx has no page of it."""
    target = Path(os.path.normpath(folder / link["path"]))
    is_ours = target.is_relative_to(docs.parent) and target.exists()
    is_a_page = target.suffix in _SHOWN_BY_SPHINX and target.is_relative_to(docs)
    return target if is_ours and not is_a_page else None


def _page_of(target: Path, docs: Path) -> Path:
    name = str(target.relative_to(docs.parent)).replace(os.sep, "-")
    return docs / FOLDER / f"{name}.md"


def _page(target: Path, docs: Path) -> str:
    title = target.relative_to(docs.parent)
    files = sorted(target.rglob("*")) if target.is_dir() else [target]
    shown = [f"---\norphan: true\n---\n\n# {title}\n"]
    for file in files:
        if file.is_file() and not _is_hidden(file.relative_to(docs.parent)):
            if target.is_dir():
                shown.append(f"## {file.relative_to(target)}\n")
            shown.append(f"{_block(file)}\n")
    return "\n".join(shown)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _block(file: Path) -> str:
    text = file.read_text("utf-8").rstrip()
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", text) or [""]))
    return f"{fence}{LANGUAGES.get(file.suffix, 'text')}\n{text}\n{fence}"
