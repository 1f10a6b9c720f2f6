#!/usr/bin/env bash
# The tests that need Apple hardware, in one command: tests/apple/run.sh [PREFIX of mlx-c, default Homebrew's]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() { echo "tests/apple/run.sh: $*" >&2; exit 1; }

[ "$(uname -sm)" = 'Darwin arm64' ] || fail 'this needs a Mac with Apple silicon.'
command -v dotnet > /dev/null || fail "the .NET 10 SDK is needed ('dotnet' is not on the PATH): https://dot.net/download"
xcode-select -p > /dev/null 2>&1 || fail "Apple's command line tools are needed: run 'xcode-select --install'."
prefix=${1:-${MLX_C_PREFIX:-}}
if [ -z "$prefix" ]; then
    command -v brew > /dev/null || fail "give the prefix of mlx-c, or install Homebrew and run 'brew install mlx-c'."
    prefix=$(brew --prefix mlx-c)
fi
[ -f "$prefix/lib/libmlxc.dylib" ] || fail "no $prefix/lib/libmlxc.dylib; run 'brew install mlx-c' or give a prefix."
prefix=$(cd "$prefix" && pwd)
export MLX_C_PREFIX=$prefix
unset DOTMLX_LIBRARY

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "== Every suite, on the reference library and on MLX ($prefix)"
./build.sh --target=Test

echo '== Metal: it is the default device, it agrees with the CPU, a kernel of one'"'"'s own runs'
dotnet test tests/apple/MetalTests -c Release --nologo

echo '== The digits sample on the GPU'
dotnet run --project samples/Digits -c Release -- --output "$work/digits" | tee "$work/log"
grep -q '^MLX ' "$work/log" || fail 'the digits sample did not run on MLX'
accuracy=$(sed -n 's/^held-out accuracy \([0-9.]*\) %.*/\1/p' "$work/log")
awk -v a="${accuracy:-0}" 'BEGIN { exit !(a >= 97) }' || fail "held-out accuracy ${accuracy:-unknown} % is below 97 %"

echo '== The packages in new projects: framework-dependent, single file, NativeAOT'
./build.sh --target=TestPackages --mlx-c="$prefix"

echo '== The packed libraries name nothing outside their folder and are signed'
package=$(ls artifacts/packages/DotMlx.Runtime.osx-arm64.*.nupkg) || fail 'no DotMlx.Runtime.osx-arm64 was packed'
unzip -q "$package" 'runtimes/*' -d "$work/package"
native=$work/package/runtimes/osx-arm64/native
[ -f "$native/mlx.metallib" ] || fail "$package has no mlx.metallib"
for library in "$native"/*.dylib; do
    codesign --verify --strict "$library" || fail "$library has no valid signature"
    if otool -L "$library" | tail -n +2 | grep -vE '^[[:space:]]+(/usr/lib/|/System/|@loader_path/)'; then
        fail "$library loads something from outside the package"
    fi
    if otool -l "$library" | grep -A2 'cmd LC_RPATH' | grep 'path '; then
        fail "$library looks for libraries outside the package"
    fi
done
cat "$native/versions.json"
echo 'All of it passed.'
