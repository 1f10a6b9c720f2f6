#!/usr/bin/env bash
# The tests that need Apple hardware, in one command: tests/apple/run.sh [--quick] [PREFIX of mlx-c, default Homebrew's]
#   --quick   two minutes instead of half an hour: MLX loads, the GPU is the default and agrees with the CPU, a training step, a kernel, memory
# At the first failure, the script names the failed step and writes one file to send.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() { echo "tests/apple/run.sh: $*" >&2; exit 1; }

quick=
if [ "${1:-}" = --quick ]; then quick=yes; shift; fi
case ${1:-} in -*) fail "unknown option '$1'; there is --quick." ;; esac

[ "$(uname -sm)" = 'Darwin arm64' ] || fail 'this needs a Mac with Apple silicon.'
command -v dotnet > /dev/null || fail "the .NET 10 SDK is needed ('dotnet' is not on the PATH): https://dot.net/download"
rid=$(dotnet --info | sed -n 's/^ *RID: *//p' | head -1)
[ "$rid" = osx-arm64 ] || fail "'dotnet' is for ${rid:-another system}: install the .NET 10 SDK for Arm64 (https://dot.net/download)."
xcode-select -p > /dev/null 2>&1 || fail "Apple's command line tools are needed: run 'xcode-select --install'."
prefix=${1:-${MLX_C_PREFIX:-}}
if [ -z "$prefix" ]; then
    command -v brew > /dev/null || fail "give the prefix of mlx-c, or install Homebrew and run 'brew install mlx-c'."
    prefix=$(brew --prefix mlx-c)
fi
[ -f "$prefix/lib/libmlxc.dylib" ] || fail "no $prefix/lib/libmlxc.dylib; run 'brew install mlx-c' or give a prefix."
prefix=$(cd "$prefix" && pwd)
export MLX_C_PREFIX=$prefix
# Turns off TF32, to which Apple's neural accelerators round float32 factors. MLX reads the variable when a process first needs it.
export MLX_ENABLE_TF32=0
unset DOTMLX_LIBRARY

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report=$work/dotmlx-apple-report
mkdir "$report"
log=$report/output.txt

# MLX's version is in its headers, and mlx-c's version is in the name of its folder in Homebrew.
mlx_version() {
    local header
    for header in "$prefix/include/mlx/version.h" "$(dirname "$prefix")/mlx/include/mlx/version.h"; do
        if [ -f "$header" ]; then
            awk '/#define MLX_VERSION_(MAJOR|MINOR|PATCH) / { v = v s $3; s = "." } END { print v }' "$header"
            return
        fi
    done
    echo 'of unknown version'
}
mlxc_version() {
    local real
    real=$(cd -P "$prefix" && pwd)
    case $real in
    */Cellar/mlx-c/*) basename "$real" ;;
    *) echo "at $real" ;;
    esac
}
machine="$(sysctl -n machdep.cpu.brand_string), macOS $(sw_vers -productVersion) ($(sw_vers -buildVersion)), MLX $(mlx_version), mlx-c $(mlxc_version), DotMlx $(git rev-parse --short HEAD 2> /dev/null || echo 'without git')"
echo "$machine" | tee "$report/machine.txt"

# Prints a title and runs one step. If the step fails, writes the report and ends the script.
step() {
    local title=$1
    shift
    echo "== $title" | tee -a "$log"
    if ! "$@" 2>&1 | tee -a "$log"; then
        give_up "$title"
    fi
}

failed_tests() {
    # A failed test is in a TRX file with its name, but a process that dies writes none.
    find artifacts/test-results -name '*.trx' -newer "$report/machine.txt" -exec cat {} + 2> /dev/null |
        sed -n 's/.*<UnitTestResult .*testName="\([^"]*\)".*outcome="Failed".*/\1/p' |
        sed 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' | sort -u
}

give_up() {
    local archive=$PWD/artifacts/apple-report.tar.gz tests
    # If nothing was built, there is no folder of results.
    tests=$(failed_tests) || true
    # The library in use, its versions and devices, and the reason if there is no GPU.
    dotnet run --project src/DotMlx.Tool -c Release -- info > "$report/info.txt" 2>&1 || true
    find artifacts/test-results -name '*.trx' -newer "$report/machine.txt" -exec cp {} "$report" \; 2> /dev/null || true
    # macOS's reports on processes that died.
    find "$HOME/Library/Logs/DiagnosticReports" -name '*.ips' -newer "$report/machine.txt" -exec cp {} "$report" \; 2> /dev/null || true
    { echo "$machine"; echo "failed: $1"; echo "$tests"; } > "$report/summary.txt"
    mkdir -p artifacts
    tar -czf "$archive" -C "$work" "$(basename "$report")"
    {
        echo
        echo "FAILED: $1"
        if [ -n "$tests" ]; then echo "$tests" | sed 's/^/  test: /'; else echo '  no test says so: see the lines above'; fi
        echo "on:     $machine"
        echo "device: $(sed -n 's/^gpu:0 device_name *//p; s/^GPU  */GPU: /p' "$report/info.txt" | tr '\n' ' ')"
        echo "Please send us this one file, which holds the output above, the test results and the versions:"
        echo "  $archive"
    } >&2
    exit 1
}

metal_tests() { dotnet test tests/apple/MetalTests -c Release --nologo --logger 'trx;LogFileName=metal.trx' --logger 'console;verbosity=normal' --results-directory artifacts/test-results/MetalTests "$@"; }

if [ -n "$quick" ]; then
    step 'MLX loads, the GPU is the default and agrees with the CPU, a training step, a kernel, memory' metal_tests --filter TestCategory=Quick
    echo 'The quick tests passed.'
    exit 0
fi

step 'Metal: it is the default device, it agrees with the CPU, kernels of one'"'"'s own run or say what is wrong' metal_tests
step "Every suite, on the reference library and on MLX ($prefix)" ./build.sh --target=Test

digits() {
    local status=0
    dotnet run --project samples/Digits -c Release -- --output "$work/digits" > "$work/digits.txt" || status=$?
    cat "$work/digits.txt"
    [ $status = 0 ] || return $status
    grep -q '^MLX ' "$work/digits.txt" || { echo 'the digits sample did not run on MLX'; return 1; }
    local accuracy
    accuracy=$(sed -n 's/^held-out accuracy \([0-9.]*\) %.*/\1/p' "$work/digits.txt")
    awk -v a="${accuracy:-0}" 'BEGIN { exit !(a >= 97) }' || { echo "held-out accuracy ${accuracy:-unknown} % is below 97 %"; return 1; }
}
step 'The digits sample on the GPU' digits

step 'The packages in new projects: framework-dependent, single file, NativeAOT' ./build.sh --target=TestPackages --mlx-c="$prefix"

package_is_whole() {
    local package native library
    package=$(ls artifacts/packages/DotMlx.Runtime.osx-arm64.*.nupkg) || { echo 'no DotMlx.Runtime.osx-arm64 was packed'; return 1; }
    unzip -q "$package" 'runtimes/*' -d "$work/package" || return
    native=$work/package/runtimes/osx-arm64/native
    [ -f "$native/mlx.metallib" ] || { echo "$package has no mlx.metallib"; return 1; }
    for library in "$native"/*.dylib; do
        codesign --verify --strict "$library" || { echo "$library has no valid signature"; return 1; }
        if otool -L "$library" | tail -n +2 | grep -vE '^[[:space:]]+(/usr/lib/|/System/|@loader_path/)'; then
            echo "$library loads something from outside the package"
            return 1
        fi
        if otool -l "$library" | grep -A2 'cmd LC_RPATH' | grep 'path '; then
            echo "$library looks for libraries outside the package"
            return 1
        fi
    done
    cat "$native/versions.json"
}
step 'The packed libraries name nothing outside their folder and are signed' package_is_whole
echo 'All of it passed.'
