// The properties of the building machine: its runtime identifier, its linker, and the installed mlx-c libraries.

string Rid()
{
    string system = IsRunningOnWindows() ? "win" : IsRunningOnMacOs() ? "osx" : IsMusl() ? "linux-musl" : "linux";
    return $"{system}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
}

bool IsMusl() => RuntimeInformation.RuntimeIdentifier is { } rid && (rid.Contains("musl") || rid.StartsWith("alpine"));

string ReferenceLibraryName() =>
    IsRunningOnWindows() ? "mlxc-reference.dll" : IsRunningOnMacOs() ? "libmlxc-reference.dylib" : "libmlxc-reference.so";

/// NativeAOT links with clang, or with gcc if there is no clang; its own message names neither package.
void RequireLinker()
{
    if (IsRunningOnWindows() || OnPath("clang") || OnPath("gcc"))
        return;
    throw new CakeException(IsRunningOnMacOs()
        ? "NativeAOT needs Apple's linker: run 'xcode-select --install'."
        : "NativeAOT needs a C toolchain (clang or gcc): on Debian and Ubuntu run 'apt-get install gcc libc6-dev', on Fedora 'dnf install gcc'.");
}

bool OnPath(string program) => Context.Tools.Resolve(program) is not null;

/// The prefixes in which DotMlx.Bindings searches for an installed mlx-c, in its order.
IEnumerable<string> InstalledPrefixes()
{
    string[] prefixes =
    [
        EnvironmentVariable("MLX_C_PREFIX"), EnvironmentVariable("HOMEBREW_PREFIX"),
        IsRunningOnMacOs() ? "/opt/homebrew" : null, IsRunningOnLinux() ? "/home/linuxbrew/.linuxbrew" : null,
        IsRunningOnWindows() ? null : "/usr/local",
    ];
    return prefixes.Where(prefix => !string.IsNullOrEmpty(prefix)).Distinct();
}

FilePath LibraryIn(string prefix)
{
    string[] names = IsRunningOnWindows() ? ["mlxc.dll", "libmlxc.dll"] : IsRunningOnMacOs() ? ["libmlxc.dylib"] : ["libmlxc.so"];
    string[] folders = IsRunningOnWindows() ? ["bin", "lib"] : IsRunningOnLinux() ? ["lib", "lib64"] : ["lib"];
    return (from folder in folders from name in names select File($"{prefix}/{folder}/{name}").Path)
        .FirstOrDefault(path => FileExists(path));
}

/// The installed libmlxc; null if there is none, or if DOTMLX_LIBRARY is "reference".
FilePath InstalledLibrary()
{
    string chosen = EnvironmentVariable("DOTMLX_LIBRARY");
    if (chosen == "reference")
        return null;
    if (!string.IsNullOrEmpty(chosen))
        return FileExists(chosen) ? File(chosen).Path : throw new CakeException($"DOTMLX_LIBRARY names no file: '{chosen}'.");
    return InstalledPrefixes().Select(LibraryIn).FirstOrDefault(path => path is not null);
}

void Run(string program, string arguments, bool mayFail = false)
{
    int exit = StartProcess(program, new ProcessSettings { Arguments = arguments });
    if (exit != 0 && !mayFail)
        throw new CakeException($"'{program} {arguments}' ended with exit code {exit}.");
}

IReadOnlyList<string> Output(string program, string arguments)
{
    StartProcess(program, new ProcessSettings { Arguments = arguments, RedirectStandardOutput = true }, out IEnumerable<string> lines);
    return [.. lines];
}
