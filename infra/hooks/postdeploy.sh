#!/bin/sh
# azd runs this after each deployment, on Linux and macOS. The work is in Python, the same for all systems.
set -eu
cd "$(dirname "$0")/../.."
for python in python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        exec "$python" -m infra.hooks.postdeploy
    fi
done
echo "darkroom: Python 3.11 or later is needed here. Install it, then run 'azd hooks run postdeploy'." >&2
exit 1
