// The packages: two managed ones, the reference library, and an installed mlx-c staged as a runtime package.

using System.Text.Json;

DirectoryPath Packages => root.Combine("artifacts/packages");

DotNetMSBuildSettings PackSettings() => BuildSettings().WithProperty("ContinuousIntegrationBuild", "true");

void PackProject(string project) => DotNetPack($"{root}/{project}", new DotNetPackSettings
{
    Configuration = configuration,
    OutputDirectory = Packages,
    NoLogo = true,
    Verbosity = DotNetVerbosity.Minimal,
    MSBuildSettings = PackSettings(),
});

/// Packs a staged tree, laid out as in the package.
void PackRuntime(string id, string description, DirectoryPath staged) =>
    DotNetPack($"{root}/packaging/Runtime.csproj", new DotNetPackSettings
    {
        Configuration = configuration,
        OutputDirectory = Packages,
        NoLogo = true,
        Verbosity = DotNetVerbosity.Minimal,
        MSBuildSettings = PackSettings()
            .WithProperty("RuntimePackageId", id)
            .WithProperty("RuntimeDescription", description.Replace(",", "%2C").Replace(";", "%3B"))
            .WithProperty("StagedFiles", staged.FullPath),
    });

DirectoryPath Stage(string id)
{
    DirectoryPath staged = root.Combine($"artifacts/staging/{id}");
    EnsureDirectoryDoesNotExist(staged);
    EnsureDirectoryExists(NativeFolderOf(staged));
    return staged;
}

DirectoryPath NativeFolderOf(DirectoryPath staged) => staged.Combine($"runtimes/{Rid()}/native");

void PackReferenceRuntime()
{
    const string Id = "DotMlx.Runtime.Reference";
    DirectoryPath staged = Stage(Id);
    CopyFileToDirectory(NativeFolder().CombineWithFilePath(ReferenceLibraryName()), NativeFolderOf(staged));
    using JsonDocument known = KnownVersions();
    string pinned = known.RootElement.GetProperty("pinned").GetString();
    JsonElement version = known.RootElement.GetProperty("versions").EnumerateArray().First(v => v.GetProperty("name").GetString() == pinned);
    WriteVersions(staged, "reference", version);
    PackRuntime(
        Id,
        $"The reference library of DotMlx for {Rid()}: for tests and for trying DotMlx without MLX. Interface of mlx-c {pinned} (MLX {version.GetProperty("mlx")}).",
        staged);
}

void PackMlxRuntime(string prefix)
{
    FilePath library = LibraryIn(prefix) ?? throw new CakeException($"--mlx-c={prefix}: no libmlxc is there (looked in its lib folder).");
    using JsonDocument known = KnownVersions();
    JsonElement version = VersionOfHeaders(new DirectoryPath(prefix).Combine("include"), known);
    string id = $"DotMlx.Runtime.{Rid()}";
    DirectoryPath staged = Stage(id);
    foreach (string name in new[] { "mlxc", "mlx" })
    {
        FilePath from = library.GetDirectory().CombineWithFilePath(library.GetFilename().FullPath.Replace("mlxc", name));
        if (!FileExists(from))
            throw new CakeException($"--mlx-c={prefix}: '{from}' is missing; libmlxc and libmlx are packed together.");
        FilePath to = NativeFolderOf(staged).CombineWithFilePath(from.GetFilename());
        System.IO.File.Copy(from.FullPath, to.FullPath);
        Relocate(to);
    }
    FilePath metallib = library.GetDirectory().CombineWithFilePath("mlx.metallib");
    if (FileExists(metallib))
        CopyFileToDirectory(metallib, NativeFolderOf(staged));
    else if (IsRunningOnMacOs())
        throw new CakeException($"--mlx-c={prefix}: '{metallib}' is missing; MLX finds its kernels beside libmlx.");
    CopyFile($"{root}/packaging/licences/MLX.txt", staged.CombineWithFilePath("LICENSE-MLX.txt"));
    WriteVersions(staged, "mlx", version);
    PackRuntime(id, $"MLX {version.GetProperty("mlx")} and mlx-c {version.GetProperty("name")} for DotMlx on {Rid()}.{MinimumSystem(library)}", staged);
}

/// Makes a staged library find its neighbours in its own folder, wherever that is.
void Relocate(FilePath library)
{
    if (IsRunningOnMacOs())
    {
        Run("install_name_tool", $"-id @rpath/{library.GetFilename()} {library}");
        Run("install_name_tool", $"-add_rpath @loader_path {library}", mayFail: true);
        foreach (string line in Output("otool", $"-L {library}").Skip(1).Select(line => line.Trim().Split(' ')[0]))
            if (line.Contains("libmlx") && !line.StartsWith("@rpath"))
                Run("install_name_tool", $"-change {line} @loader_path/{System.IO.Path.GetFileName(line)} {library}");
        // A changed Mach-O has a broken signature, and Apple silicon runs nothing unsigned.
        Run("codesign", $"--force --sign - {library}");
    }
    else if (IsRunningOnLinux() && OnPath("patchelf"))
        Run("patchelf", $"--set-rpath $ORIGIN {library}");
    else if (IsRunningOnLinux())
        Warning("patchelf is not installed: {0} keeps its rpath. DotMlx loads libmlx first, so its own applications do not need one.", library.GetFilename());
}

string MinimumSystem(FilePath library)
{
    if (!IsRunningOnMacOs())
        return "";
    string minimum = Output("otool", $"-l {library}").Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("minos "));
    return minimum is null ? "" : $" Needs macOS {minimum["minos ".Length..]} or newer.";
}

JsonDocument KnownVersions() => JsonDocument.Parse(System.IO.File.ReadAllText($"{root}/native/versions.json"));

/// The known version whose description in bindings/api agrees with a prefix's own headers.
JsonElement VersionOfHeaders(DirectoryPath headers, JsonDocument known)
{
    JsonElement[] versions = [.. known.RootElement.GetProperty("versions").EnumerateArray()];
    string answer = Output("dotnet", $"run --project bindings/Generator -c {configuration} -- --identify --headers \"{headers}\"").LastOrDefault();
    foreach (JsonElement version in versions)
        if (version.GetProperty("name").GetString() == answer)
            return version;
    string names = string.Join(", ", versions.Select(version => version.GetProperty("name").GetString()));
    throw new CakeException($"The headers in '{headers}' are none of the known mlx-c versions ({names}): add the version with "
        + $"'./build.sh --target=Bindings --headers={headers} --version=NAME' first.");
}

void WriteVersions(DirectoryPath staged, string kind, JsonElement version) => System.IO.File.WriteAllText(
    NativeFolderOf(staged).CombineWithFilePath("versions.json").FullPath,
    JsonSerializer.Serialize(
        new { kind, rid = Rid(), mlxC = version.GetProperty("name").GetString(), commit = version.GetProperty("commit").GetString(), mlx = version.GetProperty("mlx").GetString() },
        new JsonSerializerOptions { WriteIndented = true }) + "\n");

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
