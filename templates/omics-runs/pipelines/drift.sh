#!/usr/bin/env bash
# Writes drift.md: what has changed in AWS since the last update of $OMICS_STACK. Changes nothing.
# Ends with 0 where nothing has, with another code where something has or where it can't be told.
set -euo pipefail

stack=${OMICS_STACK:?is not set: the stack to look at}
status=0
# The drift check. It is this one command, and may be another that says the same.
pulumi refresh --preview-only --expect-no-changes --diff --non-interactive --color never \
    --stack "$stack" >drift.log 2>&1 || status=$?
cat drift.log

{
    if [ "$status" -eq 0 ]; then
        printf '### No drift\n\n'
    else
        printf '### What AWS has is not what the state says\n\n'
    fi
    tail -c 50000 drift.log | sed 's/^/    /'
} >drift.md
exit "$status"
