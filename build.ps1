# Restores the Cake tool and passes the arguments on: ./build.ps1 --target=Test (--help lists the targets).
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine("build.ps1: the .NET 10 SDK is needed ('dotnet' is not on the PATH): https://dot.net/download")
    exit 1
}
dotnet tool restore --verbosity quiet
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
# Arguments after '--' belong to the script, even --version and --help.
dotnet cake build.cake '--' @args
exit $LASTEXITCODE
