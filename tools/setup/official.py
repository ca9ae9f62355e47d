"""Run Pulumi's own installer. For the virtual environment's interpreter: needs `pulumi`."""

import subprocess
import sys

from pulumi.automation import PulumiCommand
from semver import VersionInfo


def main(folder: str, version: str) -> int:
    """Install that version into `folder`/bin; print the installer's words if it fails."""
    try:
        PulumiCommand.install(root=folder, version=VersionInfo.parse(version))
    except subprocess.CalledProcessError as error:
        print(error.output.decode(errors="replace"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
