#!/usr/bin/env bash
# Writes drift.md: what the state of $OMICS_STACK misses. Changes nothing.
# Ends with 0 where nobody needs to look, with 4 where somebody does, with 1 where it can't be told.
set -euo pipefail

rm -f drift.md drift.json
status=0
drift() {
    python -m omics_provider drift --stack "${OMICS_STACK:?is not set: the stack to look at}" "$@"
}

drift --output drift.md 2>drift.err || status=$?
cat drift.err >&2

if [ "$status" -eq 4 ]; then
    # Runs that completed are news, and nothing to do anything about.
    drift --format json --output drift.json || true
    if python - drift.json <<'END'; then status=0; fi
import json, sys

with open(sys.argv[1]) as file:
    found = json.load(file)["findings"]
sys.exit(any(each["drift"] and each["kind"] != "completed" for each in found))
END
fi

if [ ! -s drift.md ]; then
    {
        printf '### Whether there is drift could not be told\n\n'
        tail -c 20000 drift.err | sed 's/^/    /'
    } >drift.md
fi
exit "$status"
