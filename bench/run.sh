#!/usr/bin/env bash
# The end-to-end benchmark: our dataplane beside the kernel's own path. `./build.sh bench` installs, builds and calls this.
# usage: run.sh [scale|policies|cni|hold|soak] [options]; `run.sh --help` lists them, README.md says what the figures mean.
set -euo pipefail
readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly program="$here/EndToEnd/bin/Release/net10.0/EndToEnd"
# `./build.sh bench` has just built everything: asking MSBuild again would take longer than two measurements.
if [ ! -x "$program" ] || [ -n "$(find "$here/EndToEnd" "$here/../tests/Testing" -name '*.cs' -newer "$program.dll" -print -quit)" ]; then
    dotnet build "$here/EndToEnd" -c Release -v q -nologo >&2
fi
exec "$program" "$@"
