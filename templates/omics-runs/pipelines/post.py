"""Put a report where people see it: one comment on the pull request, or one issue, kept current.

    python pipelines/post.py comment report.md
    python pipelines/post.py issue drift.md --title "Drift"     opens the issue, or updates it
    python pipelines/post.py close --title "Drift"              closes it, if it is open

It runs in a job of GitHub Actions or GitLab CI and knows what it wrote earlier by a hidden first
line with the stack's name. It needs Python alone.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: GitHub takes 65,536 characters, GitLab more.
LONGEST = 65_000
PAGE = 100


class CannotPostError(Exception):
    """The report could not be posted; the message says why."""


@dataclass(frozen=True)
class Texts:
    """The comments of a pull request, or the issues of a project, in one forge's words."""

    address: str
    token: tuple[str, str]
    #: Where those that there are can be listed, and new ones are posted.
    place: str
    #: Where one of them is, by its number; what carries the number, the text, and the change.
    one: str
    number: str
    text: str
    change: str
    #: The change that closes an issue.
    closed: tuple[str, str] = ("", "")
    #: What an issue must be to be found.
    query: str = ""

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """Send one request and return its answer."""
        request = urllib.request.Request(  # noqa: S310  # the forge's own address
            self.address + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={self.token[0]: self.token[1], "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise CannotPostError(f"{method} {path}: {error.code} {error.reason}: {said}") from None
        except OSError as error:
            raise CannotPostError(f"{method} {path}: {error}") from None

    def all(self) -> Iterator[dict[str, Any]]:
        """Return every comment or issue there, oldest first or not."""
        page = 1
        while True:
            found = self.ask("GET", f"{self.place}?{self.query}per_page={PAGE}&page={page}")
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def own(self, marker: str) -> str | None:
        """Return the address of the one that begins with the marker, if a bot wrote it."""
        for each in self.all():
            writer = each.get("user") or each.get("author") or {}
            is_bot = writer.get("type") == "Bot" or "_bot_" in writer.get("username", "")
            if is_bot and (each.get(self.text) or "").startswith(marker):
                return self.one.format(each[self.number])
        return None

    def put(self, marker: str, report: str, title: str | None = None) -> str:
        """Update what was posted earlier, or post it; say which."""
        text = f"{marker}\n{report}"
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}\n\n(cut: the whole is in the job's artifacts)\n"
        there = self.own(marker)
        if there is not None:
            self.ask(self.change, there, {self.text: text})
            return "updated"
        self.ask("POST", self.place, {self.text: text} | ({"title": title} if title else {}))
        return "posted"

    def close(self, marker: str) -> str:
        """Close the issue that was opened earlier; say whether there was one."""
        there = self.own(marker)
        if there is None:
            return "there is none"
        self.ask(self.change, there, dict([self.closed]))
        return "closed"


def github(kind: str) -> Texts:
    """Return a pull request's comments or a repository's issues, as a job of GitHub sees them."""
    repository = f"/repos/{needed('GITHUB_REPOSITORY')}"
    common = (needed("GITHUB_API_URL"), ("Authorization", f"Bearer {needed('GITHUB_TOKEN')}"))
    if kind == "comment":
        place = f"{repository}/issues/{needed('OMICS_PULL_REQUEST')}/comments"
        one = f"{repository}/issues/comments/{{}}"
        return Texts(*common, place, one, "id", "body", "PATCH")
    place = f"{repository}/issues"
    closed = ("state", "closed")
    return Texts(*common, place, f"{place}/{{}}", "number", "body", "PATCH", closed, "state=open&")


def gitlab(kind: str) -> Texts:
    """Return a merge request's notes or a project's issues, as a job of GitLab sees them."""
    project = f"/projects/{needed('CI_PROJECT_ID')}"
    common = (needed("CI_API_V4_URL"), ("PRIVATE-TOKEN", needed("OMICS_NOTE_TOKEN")))
    if kind == "comment":
        place = f"{project}/merge_requests/{needed('CI_MERGE_REQUEST_IID')}/notes"
        return Texts(*common, place, f"{place}/{{}}", "id", "body", "PUT")
    place = f"{project}/issues"
    closed = ("state_event", "close")
    return Texts(
        *common, place, f"{place}/{{}}", "iid", "description", "PUT", closed, "state=opened&"
    )


def needed(name: str) -> str:
    """Return a variable of the job."""
    value = os.environ.get(name)
    if not value:
        raise CannotPostError(f"{name} is not set: the job's own variables and a token are needed")
    return value


def main() -> int:
    """Post what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="Post a report, or update the one posted before.")
    parser.add_argument("what", choices=("comment", "issue", "close"))
    parser.add_argument("report", nargs="?", type=Path, help="the Markdown, but for close")
    parser.add_argument("--title", help="an issue's title")
    options = parser.parse_args()
    if (options.report is None) != (options.what == "close"):
        parser.error("comment and issue take a report, close takes none")
    kind = "comment" if options.what == "comment" else "issue"
    try:
        texts = github(kind) if os.environ.get("GITHUB_ACTIONS") else gitlab(kind)
        marker = f"<!-- omics-provider: {kind} of {needed('OMICS_STACK')} -->"
        if options.what == "close":
            did = texts.close(marker)
        else:
            did = texts.put(marker, options.report.read_text("utf-8"), options.title)
    except CannotPostError as error:
        sys.stderr.write(f"post: {error}\n")
        return 1
    sys.stdout.write(f"post: {kind}: {did}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
