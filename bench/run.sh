#!/usr/bin/env bash
# The end-to-end benchmark: our dataplane beside the kernel's own path. `./build.sh bench` installs, builds and calls this.
# usage: run.sh [--quick] [options]; `run.sh --help` lists them, README.md says what the figures mean.
set -euo pipefail
readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dotnet build "$here/EndToEnd" -c Release -v q -nologo >&2
exec "$here/EndToEnd/bin/Release/net10.0/EndToEnd" run "$@"
