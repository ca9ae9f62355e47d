"""Take pipelines apart for tools that read one script, or one object: tools/pipelines calls it.

    python tools/take_apart.py FOLDER .gitlab-ci.yml stack.yaml...

writes each job of GitLab CI as NAME.sh, and each Stack of the Operator's files as stack-N.yaml.
"""

import sys
from pathlib import Path
from typing import Any

import yaml


def main(folder: Path, gitlab: Path, *operator: Path) -> None:
    """Write the parts into the folder; it is an error if a file has none."""
    scripts = jobs(yaml.safe_load(gitlab.read_text("utf-8")))
    stacks = [stack for file in operator for stack in stacks_of(file)]
    if not scripts:
        sys.exit(f"take_apart: no job in {gitlab}")
    for name, lines in scripts.items():
        (folder / f"{name}.sh").write_text("\n".join(["set -eo pipefail", *lines]) + "\n", "utf-8")
    for number, stack in enumerate(stacks):
        (folder / f"stack-{number}.yaml").write_text(yaml.safe_dump(stack), "utf-8")


def stacks_of(file: Path) -> list[dict[str, Any]]:
    """Return the Stacks of a file that holds several objects."""
    found = yaml.safe_load_all(file.read_text("utf-8"))
    stacks = [each for each in found if each["kind"] == "Stack"]
    if not stacks:
        sys.exit(f"take_apart: no Stack in {file}")
    return stacks


def jobs(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return what each job of GitLab CI runs: its own lines after those of what it extends."""
    found = {}
    for name, job in document.items():
        if isinstance(job, dict) and "script" in job:
            base = document[job["extends"]] if "extends" in job else {}
            before = job.get("before_script", base.get("before_script", []))
            found[name.replace(" ", "-")] = [*before, *job["script"]]
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
