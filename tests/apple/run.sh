#!/usr/bin/env bash
# The tests that need Apple hardware, in one command: tests/apple/run.sh [PREFIX of mlx-c, default Homebrew's]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ "$(uname -sm)" = 'Darwin arm64' ] || { echo 'tests/apple/run.sh: this needs a Mac with Apple silicon.' >&2; exit 1; }
prefix=${1:-${MLX_C_PREFIX:-$(brew --prefix mlx-c)}}
[ -f "$prefix/lib/libmlxc.dylib" ] || { echo "tests/apple/run.sh: no $prefix/lib/libmlxc.dylib; run 'brew install mlx-c' or give a prefix." >&2; exit 1; }
export MLX_C_PREFIX=$prefix
unset DOTMLX_LIBRARY

echo '== Every suite, on the reference library and on MLX'
./build.sh --target=Test

echo '== Metal'
dotnet test tests/apple/MetalTests -c Release --nologo

echo '== The digits sample on the GPU'
output=$(mktemp -d)
dotnet run --project samples/Digits -c Release -- --output "$output" | tee "$output/log"
grep -q '^MLX ' "$output/log"
accuracy=$(sed -n 's/^held-out accuracy \([0-9.]*\) %.*/\1/p' "$output/log")
awk -v a="$accuracy" 'BEGIN { exit !(a >= 97) }' || { echo "held-out accuracy $accuracy % is below 97 %" >&2; exit 1; }

echo '== The packages in new projects'
./build.sh --target=TestPackages --mlx-c="$prefix"

echo '== The staged libraries name nothing outside their folder'
staged=artifacts/staging/DotMlx.Runtime.osx-arm64/runtimes/osx-arm64/native
for library in "$staged"/*.dylib; do
    codesign --verify "$library"
    if otool -L "$library" | tail -n +2 | grep -vE '^[[:space:]]+(/usr/lib/|/System/|@rpath/|@loader_path/)'; then
        echo "$library loads something from outside the package" >&2
        exit 1
    fi
done
echo 'All of it passed.'
