#!/usr/bin/env bash
# Updates $OMICS_STACK, and keeps what Pulumi says in update.log.
# `exec`, because a cancelled job's Ctrl-C reaches only the process that the runner started: Pulumi
# has to be that process, to end the update in order and to take its lock off the state.
set -euo pipefail

exec pulumi up --yes --skip-preview --non-interactive --color never \
    --stack "${OMICS_STACK:?is not set: the stack to update}" > >(tee update.log) 2>&1
