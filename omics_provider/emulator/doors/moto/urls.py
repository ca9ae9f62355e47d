"""Where moto finds omics: every path belongs to the one response class."""

from __future__ import annotations

from .responses import OmicsResponse

url_bases = [r"https?://(?:[a-z-]+-)?omics\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/.*$": OmicsResponse.dispatch}
