"""The pictures of the README are those of the pages, and can be read by everybody."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.prose import ROOT, pictures

README = (ROOT / "README.md").read_text("utf-8")


def test_the_pictures_show_what_the_pages_show() -> None:
    old = [
        path.name
        for path, text in pictures.pictures().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert old == [], "Run: python tools/pictures.py"


@pytest.mark.parametrize("name", [path.name for path in pictures.pictures()])
def test_a_picture_has_a_text_and_is_in_the_readme(name: str) -> None:
    svg = (pictures.STATIC / name).read_text("utf-8")
    assert re.search(r"<title id=\"t\">.{20,}</title>\n<desc id=\"d\">.{60,}</desc>", svg)
    assert f"docs/static/{name}" in README
    assert len(re.findall(r"<img [^>]*alt=\"[^\"]{60,}\"", README)) == 2


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("colours", "name"),
    [*product((pictures.LIGHT, pictures.DARK), ("text", "dim", "add", "change", "remove", "code"))],
)
def test_every_colour_can_be_read(colours: dict[str, str], name: str) -> None:
    light, dark = sorted((luminance(colours["back"]), luminance(colours[name])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
