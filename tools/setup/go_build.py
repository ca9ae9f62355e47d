"""Build the pinned Pulumi with Go.

The sources are modules from the Go module proxy, pinned by the go.mod files
under tools/engine and checked against their go.sum. The two language hosts
are older than the CLI, so they are modules of their own; of all other modules
they pin the CLI's versions, or each other's, and Go compiles those once.
"""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from common import CannotWorkError, digest, run, say
from places import Project
from versions import Version, parse

CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
HOSTS = {
    "host": "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
    "yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
}
"""The language hosts, by the folder of the module that pins them."""
MODULES = ("cli", *HOSTS)
SDK = "github.com/pulumi/pulumi/sdk/v3"
SCRIPTS = {
    "pulumi-language-python-exec": "python/cmd/pulumi-language-python-exec",
    "pulumi-resource-pulumi-python": "python/dist/pulumi-resource-pulumi-python",
}
"""The Python host's two scripts, by their path in the SDK's module."""

SMALL = "github.com/blang/semver"
"""A package of a few kB among the pinned ones: what can fetch it can fetch the rest."""

PINNED = "-mod=readonly"
FLAGS = (
    PINNED,
    "-trimpath",
    "-buildvcs=false",
    "-tags=disable_grpc_modules",
    "-gcflags=all=-dwarf=false",
    "-gcflags=github.com/pb33f/libopenapi/...=-l",
    "-gcflags=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cloud=-l",
)
"""What every build shares, so that Go's cache serves them all.

The tag is Google's own. It leaves out 135 packages that only the gRPC client
of Cloud Storage uses; Pulumi reads gs:// by HTTP. Nothing here is for a
debugger, so the compiler makes no DWARF. It inlines nothing in the reader of
OpenAPI and in `pulumi cloud`, which alone uses that: generic code that took a
quarter of the CLI's time, and no stack goes through it.
"""

COLLECTOR = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
"""A compiler ends before its garbage matters: it collects none below the limit.

With Go's own settings a third of the compilers' time goes to that.
"""

OLDEST_SWITCHING = Version(1, 21, 0)
"""From here on Go fetches by itself the newer Go that a go.mod asks for."""

ANSWER_LIMIT = 120.0
TOOLCHAIN_LIMIT = 300.0
BUILD_LIMIT = 3600.0


@dataclass(frozen=True)
class Go:
    """The `go` on PATH: its version, and the machine it runs on."""

    version: Version
    system: str
    processor: str


def look_at(folder: Path, environ: Mapping[str, str]) -> Go:
    """Ask the `go` on PATH what it is. `folder` has no go.mod, so that no newer Go is fetched."""
    if shutil.which("go", path=environ.get("PATH")) is None:
        raise CannotWorkError("no go on PATH")
    asked = ["go", "env", "GOVERSION", "GOHOSTOS", "GOHOSTARCH"]
    answer = run(asked, limit=ANSWER_LIMIT, cwd=folder, env=environ).split()
    version = parse(answer[0]) if len(answer) == 3 else None
    if version is None:
        raise CannotWorkError(f"`{' '.join(asked)}` gave no version")
    return Go(version, answer[1], answer[2])


def why_not(version: Version, oldest: Version, environ: Mapping[str, str]) -> str | None:
    """Give the reason why a Go won't do, or None. One that can fetch a newer Go will do."""
    if version >= oldest:
        return None
    if version < OLDEST_SWITCHING:
        return f"Go {version} is older than {oldest}, and too old to fetch a newer one"
    setting = environ.get("GOTOOLCHAIN") or "auto"
    if not setting.endswith(("auto", "path")):
        return f"Go {version} is older than {oldest}, and GOTOOLCHAIN={setting} forbids a newer one"
    return None


def environment(go: Go, oldest: Version, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment for the build: for this machine, as pinned, without a C compiler.

    The user's proxy, checksum database and caches stay. So does GOTOOLCHAIN,
    if it is in the environment; a distribution's default that forbids a newer
    Go is lifted for this build if it needs one.
    """
    env = dict(environ) | {
        "CGO_ENABLED": "0",
        "GOFLAGS": PINNED,
        "GOOS": go.system,
        "GOARCH": go.processor,
        "GOWORK": "off",
    }
    if go.version < oldest and not env.get("GOTOOLCHAIN"):
        env["GOTOOLCHAIN"] = "auto"
    return env


def ready(project: Project, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment for a build, once Go is seen to be there and to reach the modules."""
    go = look_at(project.pins, environ)
    reason = why_not(go.version, project.go_version, environ)
    if reason:
        raise CannotWorkError(reason)
    env = environment(go, project.go_version, environ)
    probe(project, go, env)
    return env


def probe(project: Project, go: Go, env: Mapping[str, str]) -> None:
    """Have Go fetch one small module, and a newer Go if it needs that: tells in seconds."""
    old = go.version < project.go_version
    if old:
        say(f"engine: Go {go.version} is older than {project.go_version}: it fetches that one")
    limit = TOOLCHAIN_LIMIT if old else ANSWER_LIMIT
    run(["go", "list", PINNED, SMALL], limit=limit, cwd=project.pins / "cli", env=env)


def pins(project: Project) -> str:
    """Give the digest of all that decides what the build makes."""
    modules = [project.pins / m / f for m in MODULES for f in ("go.mod", "go.sum")]
    return digest([m.read_bytes() for m in modules] + [flag.encode() for flag in FLAGS])


def build(project: Project, folder: Path, env: Mapping[str, str]) -> None:
    """Build the CLI and the hosts into `folder`/bin and copy the Python host's scripts there."""
    cli, out = project.pins / "cli", folder / "bin"
    out.mkdir()
    fetch(project, env)
    named = f"-X {SDK}/go/common/version.Version=v{project.pulumi_version}"
    compile_into(out, cli, CLI, env, linker=f"-s -w {named}")
    for module, host in HOSTS.items():
        compile_into(out, project.pins / module, host, env)
    where = run(["go", "list", "-m", "-f", "{{.Dir}}", SDK], limit=ANSWER_LIMIT, cwd=cli, env=env)
    for name, source in SCRIPTS.items():
        shutil.copyfile(Path(where.strip()) / source, out / name)
        (out / name).chmod(0o755)


def fetch(project: Project, env: Mapping[str, str]) -> None:
    """Fetch the modules of all builds at once: that waits for the network, not for a core."""

    def fetch_for(module: str) -> None:
        package = HOSTS.get(module, CLI)
        args = ["go", "list", *FLAGS, "-deps", "-f", "{{.ImportPath}}", package]
        run(args, limit=BUILD_LIMIT, cwd=project.pins / module, env=env)

    with ThreadPoolExecutor(len(MODULES)) as pool:
        list(pool.map(fetch_for, MODULES))


def compile_into(
    folder: Path, module: Path, package: str, env: Mapping[str, str], *, linker: str = "-s -w"
) -> None:
    """Build a command of a module into `folder`."""
    args = ["go", "build", *FLAGS, "-ldflags", linker, "-o", folder, package]
    run(args, limit=BUILD_LIMIT, cwd=module, env=COLLECTOR | dict(env))
