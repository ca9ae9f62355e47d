"""An SDK for each language: generated, and type-checked together with the schema's examples.

All of it lies in one folder:

    schema.json                 what the SDKs are made from
    nodejs/, python/, go/       the SDKs
    pulumi-omics-VERSION.tgz    the compiled nodejs/, as `npm install` takes it
    examples/LANGUAGE/          the programs of the schema's descriptions
    programs/LANGUAGE/          a program's project, state and emulator
    node_modules/               what tsc needs, pinned by package-lock.json beside this module
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import go_build
from common import CannotWorkError
from places import Project

HERE = Path(__file__).parent
#: Seconds that one tool may take: Go compiles all of Pulumi's SDK the first time.
LIMIT = 1800.0
#: Name of an example's file, by the language that the schema gives it.
FILES = {"typescript": "{}.ts", "python": "{}.py", "go": "{}/main.go"}
#: What pins a Go program's modules: as tools/engine/cli does, and those that the CLI lacks.
PROGRAM = HERE / "program"
GO_MODULE = "omics-provider/sdk/go"
#: What the Go SDK imports of other modules.
GO_IMPORTS = ("github.com/pulumi/pulumi/sdk/v3", "github.com/blang/semver")


class Skipped(Exception):
    """A language that can't be checked on this machine, and why."""


class Failed(Exception):
    """What a tool said that found something wrong."""


@dataclass(frozen=True)
class Work:
    """The folder of the SDKs, the program that generates them, and the examples by language."""

    project: Project
    folder: Path
    sdkgen: Path
    examples: Mapping[str, Mapping[str, str]]

    @property
    def schema(self) -> Path:
        """The schema's file."""
        return self.folder / "schema.json"

    def generate(self, language: str) -> Path:
        """Write the SDK of a language anew; give its folder."""
        sdk = self.folder / language
        shutil.rmtree(sdk, ignore_errors=True)
        self.run([self.sdkgen, "generate", language, self.schema, sdk])
        return sdk

    def write_examples(self, language: str) -> Path:
        """Write the examples of a language anew; give their folder."""
        place = self.folder / "examples" / language
        shutil.rmtree(place, ignore_errors=True)
        for name, code in self.examples[language].items():
            file = place / FILES[language].format(_snake(name))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(code, "utf-8")
        return place

    def run(
        self,
        args: Sequence[object],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        *,
        is_quiet: bool = True,
    ) -> None:
        """Run a tool. What a quiet one says is something wrong, whatever its exit code."""
        words = [str(arg) for arg in args]
        done = subprocess.run(
            words,
            cwd=cwd or self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        if done.returncode or (is_quiet and done.stdout.strip()):
            raise Failed(f"$ {' '.join(words)}\n{done.stdout.rstrip()}")


def schema(work: Work) -> str:
    """Have Pulumi's own binder read the schema; a warning is wrong, too."""
    work.run([work.sdkgen, "check", work.schema])
    return f"{work.folder.name}/schema.json: Pulumi's binder"


def typescript(work: Work) -> str:
    """Compile the SDK with its own settings, then the examples against what that has made."""
    if shutil.which("npm") is None:
        raise Skipped("no npm on PATH")
    sdk = work.generate("nodejs")
    _install(work)
    tsc = work.folder / "node_modules" / ".bin" / "tsc"
    work.run([tsc, "--strict"], sdk)
    # As a published package has it: the module asks for its version there.
    shutil.copy(sdk / "package.json", sdk / "bin")
    for old in work.folder.glob("*.tgz"):
        old.unlink()
    pack = ["npm", "pack", "--silent", "--pack-destination", work.folder]
    work.run(pack, sdk / "bin", is_quiet=False)
    examples = work.write_examples("typescript")
    shutil.copy(HERE / "tsconfig.json", examples)
    shutil.copy(work.project.root / "templates" / "omics-runs-typescript" / "index.ts", examples)
    work.run([tsc], examples)
    return f"{work.folder.name}/nodejs: tsc --strict"


def _install(work: Work) -> None:
    lock = HERE / "package-lock.json"
    installed = work.folder / "package-lock.json"
    is_there = (work.folder / "node_modules").is_dir() and installed.is_file()
    if is_there and installed.read_bytes() == lock.read_bytes():
        return
    installed.unlink(missing_ok=True)
    shutil.copy(HERE / "package.json", work.folder)
    shutil.copy(lock, installed)
    # The lock has each package's digest. No package's script runs: types are all that is needed.
    args = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    try:
        work.run(args)
    except Failed:
        installed.unlink()
        raise


#: What mypy finds in every SDK that the pinned generator writes: an enum's default is a text there,
#: and an optional secret is passed on as if it were given.
GENERATORS_OWN = ("assignment", "arg-type", "return-value")


def python(work: Work) -> str:
    """Check the SDK as far as its generator can write types, the examples strictly."""
    sdk = work.generate("python")
    mypy = [sys.executable, "-m", "mypy", "--config-file=", "--no-error-summary"]
    # A part of what the SDK imports is not needed here, such as what reads its own version.
    mypy += ["--ignore-missing-imports", "--cache-dir", str(work.folder / ".mypy_cache")]
    # Its pyproject.toml names it here.
    shutil.copy(sdk / "pulumi_omics" / "README.md", sdk)
    known = [f"--disable-error-code={code}" for code in GENERATORS_OWN]
    env = {**os.environ, "MYPYPATH": str(sdk)}
    work.run([*mypy, *known, "-p", "pulumi_omics"], sdk, env)
    examples = work.write_examples("python")
    found = sorted(examples.glob("*.py"))
    work.run([*mypy, "--strict", "--follow-imports=silent", *found], examples, env)
    return f"{work.folder.name}/python: mypy, the examples with --strict"


def go(work: Work) -> str:
    """Vet the SDK and the examples, with the versions that the engine is built with."""
    try:
        env = go_build.ready(work.project, os.environ)
    except CannotWorkError as error:
        raise Skipped(str(error)) from None
    sdk = work.generate("go")
    version = f"go {work.project.go_version}"
    pinned = (PROGRAM / "go.mod").read_text("utf-8")
    wanted = "".join(f"\t{name} {_version(name, pinned)}\n" for name in GO_IMPORTS)
    module = f"module {GO_MODULE}\n\n{version}\n\nrequire (\n{wanted})\n"
    (sdk / "go.mod").write_text(module, "utf-8")
    examples = work.write_examples("go")
    write_go_module(examples, sdk)
    # With the flags of the engine's build: what both import is compiled once.
    work.run(["go", "vet", *go_build.FLAGS, f"{GO_MODULE}/...", "./..."], examples, env)
    return f"{work.folder.name}/go: go vet"


def write_go_module(folder: Path, sdk: Path) -> None:
    """Pin what the Go programs of a folder import."""
    pinned = (PROGRAM / "go.mod").read_text("utf-8")
    mine = f"replace {GO_MODULE} => {os.path.relpath(sdk, folder)}"
    whole = re.sub(rf"^replace {GO_MODULE} => .*$", mine, pinned, flags=re.MULTILINE)
    (folder / "go.mod").write_text(whole, "utf-8")
    shutil.copy(PROGRAM / "go.sum", folder)


def dotnet(_work: Work) -> str:
    """Say that there is no SDK for .NET."""
    raise Skipped("the pinned Pulumi has no generator for .NET in its Go modules")


STEPS: Final[Mapping[str, Callable[[Work], str]]] = {
    "schema": schema,
    "typescript": typescript,
    "python": python,
    "go": go,
    "dotnet": dotnet,
}


def _version(module: str, pinned: str) -> str:
    found = re.search(rf"^\t{re.escape(module)} (\S+)", pinned, re.MULTILINE)
    if found is None:
        raise Failed(f"tools/languages/program/go.mod does not pin {module}")
    return found[1]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
