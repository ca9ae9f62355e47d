"""The docs site, built by tools/docs. Pages are Markdown; docs/reference is made from the code."""

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).with_name("extensions")))

project = "omics_provider"
author = copyright = "the authors of omics_provider"  # noqa: A001  # Sphinx's own name for it

extensions = ["myst_parser", "reference", "linked_files"]
exclude_patterns = ["examples", "extensions"]
# Anchors as on GitHub, so that links to headings work in both places.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
nitpicky = True

html_theme = "furo"
html_title = "omics_provider"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def setup(app: Sphinx) -> None:
    """Take sample sheets as plain text: Pygments knows no CSV."""
    app.add_lexer("csv", TextLexer)
