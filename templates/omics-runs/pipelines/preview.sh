#!/usr/bin/env bash
# Writes report.md: what an update of $OMICS_STACK would do, why, and what it costs. Changes nothing.
# Ends with 0, with 1 where the preview failed, with 3 where a rule of policy.yaml would be broken.
set -euo pipefail

rm -f report.md
rules=()
if [ -f policy.yaml ]; then
    rules=(--policy policy.yaml)
fi
status=0
python -m omics_provider preview --stack "${OMICS_STACK:?is not set: the stack to preview}" \
    ${rules[@]+"${rules[@]}"} --output report.md 2>preview.err || status=$?
cat preview.err >&2

if [ ! -s report.md ]; then
    # Pulumi did not come as far as a preview: a wrong stack, no rights, no backend.
    {
        printf '### There is no preview\n\n'
        tail -c 20000 preview.err | sed 's/^/    /'
    } >report.md
fi
exit "$status"
