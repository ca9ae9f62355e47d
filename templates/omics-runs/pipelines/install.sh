#!/usr/bin/env bash
# Installs what the program needs into `venv`, the folder that Pulumi.yaml names.
set -euo pipefail

if [ ! -x venv/bin/python ]; then
    python3 -m venv venv
fi
venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
