#!/usr/bin/env bash
# Restores the Cake tool and passes the arguments on: ./build.sh --target=Test (--help lists the targets).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
command -v dotnet > /dev/null || { echo "build.sh: the .NET 10 SDK is needed ('dotnet' is not on the PATH): https://dot.net/download" >&2; exit 1; }
dotnet tool restore --verbosity quiet
# Arguments after '--' belong to the script, even --version and --help.
exec dotnet cake build.cake -- "$@"
