"""The team's files, and its git repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

Files = dict[str, str]
Change = Callable[[Files], None]

SHEET: Final = "samples.csv"
WDL: Final = "germline/main.wdl"
PROGRAM: Final = "__main__.py"
SETTINGS: Final = "settings.json"
README: Final = "README.md"

#: The `gb` of a sample stands for its size, and so for how long its run takes in the emulator.
FIRST: Final[Mapping[str, str]] = {
    PROGRAM: """\
import json

import pulumi
from omics_provider import OmicsRun, OmicsRunCache, OmicsRunGroup, OmicsWorkflow, RunCohort

with open("settings.json") as file:
    settings = json.load(file)
place = {
    "role_arn": "arn:aws:iam::123456789012:role/omics",
    "output_uri": "s3://results/panel",
    "storage_type": "STATIC",
}
workflow = OmicsWorkflow("germline", definition="germline", name="germline")
group = OmicsRunGroup("lab", max_runs=settings["max_runs"])
cache = OmicsRunCache("lab", cache_s3_location="s3://results/cache")
RunCohort(
    "panel",
    samples="samples.csv",
    template={
        **place,
        "workflow_id": workflow.id,
        "workflow_version_name": workflow.version_name,
        "run_group_id": group.id,
        "cache_id": cache.id,
        "cache_behavior": "CACHE_ON_FAILURE",
        "tags": settings["tags"],
    },
    parameters={"sample": "{sample}", "cram": "{cram}", "depth": int},
    overrides=lambda row: {
        "rerun": settings["rerun"].get(row["sample"]),
        "tags": {"emulator:seconds": str(int(row["gb"]) * 300)},
    },
)
""",
    SETTINGS: """\
{
  "max_runs": 40,
  "tags": {"project": "panel"},
  "rerun": {}
}
""",
    SHEET: "sample,cram,depth,gb\n",
    WDL: """\
version 1.0

workflow Germline {
  input {
    String sample
    File cram
    Int depth
  }
  call align { input: cram = cram }
  call call_variants { input: bam = align.bam, depth = depth }
  call report { input: vcf = call_variants.vcf, sample = sample }
  output { File page = report.page }
}

task align {
  input { File cram }
  command { bwa-mem2 mem ~{cram} }
  output { File bam = "a.bam" }
  runtime { cpu: 16  memory: "32 GB"  docker: "bwa" }
}

task call_variants {
  input { File bam  Int depth }
  command { gatk HaplotypeCaller -I ~{bam} }
  output { File vcf = "a.vcf.gz" }
  runtime { cpu: 8  memory: "32 GB"  docker: "gatk" }
}

task report {
  input { File vcf  String sample }
  command { multiqc ~{sample} }
  output { File page = "report.html" }
  runtime { cpu: 4  memory: "8 GB"  docker: "multiqc" }
}
""",
    README: "# The panel\n\nA row of samples.csv is a run.\n",
    # The emulator and the state's backend stand for what is elsewhere.
    ".gitignore": "/backend/\n/omics.db*\n/command-*.log\n/preview.json\n__pycache__/\n",
}


class Repository:
    """The team's repository: every commit is on main, and a change of files."""

    def __init__(self, folder: Path, project: Mapping[str, str]) -> None:
        """Make it in `folder`; `project` are Pulumi's own files, which the first commit brings."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.files: Files = {**FIRST, **project}
        self._git("init", "--quiet", "--initial-branch", "main")

    def commit(self, message: str, change: Change) -> str:
        """Change the files, commit them, and give the commit's id."""
        change(self.files)
        for name, text in self.files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD")

    def check_out(self, commit: str, workspace: Path) -> None:
        """Make `workspace` what a pipeline sees of a commit; ignored files stay."""
        if not (workspace / ".git").exists():
            self._git("init", "--quiet", folder=workspace)
        self._git("fetch", "--quiet", str(self.folder), "main", folder=workspace)
        self._git("checkout", "--quiet", "--force", "--detach", commit, folder=workspace)
        self._git("clean", "--quiet", "--force", "-d", folder=workspace)

    def count(self) -> int:
        """Give the number of commits."""
        return int(self._git("rev-list", "--count", "HEAD"))

    def _git(self, *arguments: str, folder: Path | None = None) -> str:
        identity = ("-c", "user.name=The team", "-c", "user.email=team@example.org")
        done = subprocess.run(
            ["git", *identity, "-c", "core.autocrlf=false", *arguments],
            cwd=folder or self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()


# Changes -------------------------------------------------------------------------------------


def edit(name: str, before: str, after: str) -> Change:
    """Give the change of one text of a file, which is there once."""

    def change(files: Files) -> None:
        assert files[name].count(before) == 1, f"{name} has {before!r} not once"
        files[name] = files[name].replace(before, after)

    return change


def rows(*added: str) -> Change:
    """Give the change that adds rows to the sheet."""

    def change(files: Files) -> None:
        files[SHEET] += "".join(f"{row}\n" for row in added)

    return change


def without(sample: str) -> Change:
    """Give the change that takes a sample's row out."""

    def change(files: Files) -> None:
        lines = files[SHEET].splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"{sample},")]
        assert len(kept) == len(lines) - 1, f"{sample} is not in the sheet once"
        files[SHEET] = "".join(kept)

    return change


def turned(files: Files) -> None:
    """Turn the order of rows and columns round, add a column that nothing uses, write CRLF."""
    header, *lines = files[SHEET].splitlines()
    turned = [",".join([*line.split(",")[::-1], "lab 3"]) for line in lines[::-1]]
    files[SHEET] = "\r\n".join([",".join([*header.split(",")[::-1], "note"]), *turned, ""])


def turned_back(files: Files) -> None:
    """Undo `turned`."""
    header, *lines = files[SHEET].splitlines()
    back = [",".join(line.split(",")[-2::-1]) for line in [header, *lines[::-1]]]
    files[SHEET] = "\n".join([*back, ""])


def several(*changes: Change) -> Change:
    """Give all changes, one after the other, as one."""

    def change(files: Files) -> None:
        for each in changes:
            each(files)

    return change
