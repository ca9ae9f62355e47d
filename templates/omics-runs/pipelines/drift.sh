#!/usr/bin/env bash
# Writes drift.md: what has changed in AWS since the last update of $OMICS_STACK. Changes nothing.
# Ends with 0 where nothing has, with 4 where something has, with 1 where it can't be told.
set -euo pipefail

stack=${OMICS_STACK:?is not set: the stack to look at}
rm -f drift.md
status=0
# The drift check, in this one place. 7 is Pulumi's code for changes that were not expected.
pulumi refresh --preview-only --expect-no-changes --diff --non-interactive --color never \
    --stack "$stack" >drift.log 2>&1 || status=$?
cat drift.log

case $status in
0) heading='No drift' ended=0 ;;
7) heading='Changed by hand since the last update' ended=4 ;;
*) heading='Whether anything was changed by hand could not be told' ended=1 ;;
esac
{
    printf '### %s\n\n' "$heading"
    # Indented by four, no line of a program can be Markdown.
    tail -c 50000 drift.log | sed 's/^/    /'
} >drift.md
exit "$ended"
