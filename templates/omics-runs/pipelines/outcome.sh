#!/usr/bin/env bash
# Says in Markdown how the update ended: what Pulumi has to tell, from update.log.
set -euo pipefail

if [ ! -f update.log ]; then
    printf '### Nothing was updated\n\nThe update was not begun.\n'
    exit
fi
printf '### The update\n\n'
# Indented by four, no line of a program can be Markdown.
if grep -q '^Diagnostics:' update.log; then
    sed -n '/^Diagnostics:/,$p' update.log | tail -c 200000 | sed 's/^/    /'
else
    tail -n 100 update.log | tail -c 200000 | sed 's/^/    /'
fi
