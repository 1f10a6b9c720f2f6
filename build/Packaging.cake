// The packages: the managed ones, the reference library, and an installed mlx-c staged as a runtime package.

DirectoryPath Packages => root.Combine("artifacts/packages");

DirectoryPath Staging => root.Combine("artifacts/staging");

DotNetMSBuildSettings PackSettings() => BuildSettings().WithProperty("ContinuousIntegrationBuild", "true");

/// One build makes all packages, so that shared projects are restored and compiled once.
void PackManaged() => DotNetPack($"{root}/packaging/Packages.slnf", new DotNetPackSettings
{
    Configuration = configuration,
    OutputDirectory = Packages,
    NoLogo = true,
    Verbosity = DotNetVerbosity.Minimal,
    MSBuildSettings = PackSettings(),
});

/// Runs packaging/Staging, which lays out a package below artifacts/staging, and packs the result.
void PackRuntime(ProcessArgumentBuilder staging)
{
    EnsureDirectoryDoesNotExist(Staging);
    DotNetRun($"{root}/packaging/Staging/Staging.csproj", staging.Append("--output").AppendQuoted(Staging.FullPath), new DotNetRunSettings { Configuration = configuration });
    foreach (FilePath package in GetFiles($"{Staging}/*/package.props"))
        DotNetPack($"{root}/packaging/Runtime.csproj", new DotNetPackSettings
        {
            Configuration = configuration,
            OutputDirectory = Packages,
            NoLogo = true,
            Verbosity = DotNetVerbosity.Minimal,
            MSBuildSettings = PackSettings().WithProperty("StagedPackage", package.FullPath),
        });
}

void PackReferenceRuntime() => PackRuntime(new ProcessArgumentBuilder()
    .Append("reference")
    // The library of this machine, and those of other platforms that a release has put next to it.
    .Append("--libraries").AppendQuoted(root.Combine("artifacts/native").FullPath)
    .Append("--package-version").Append(PackedVersion()));

/// The version that MinVer gave the managed packages, read from the name of a packed file.
string PackedVersion()
{
    const string id = "DotMlx.Bindings";
    return GetFiles($"{Packages}/{id}.*.nupkg").Single().GetFilenameWithoutExtension().FullPath[(id.Length + 1)..];
}

void PackMlxRuntime(string prefix) => PackRuntime(new ProcessArgumentBuilder()
    .Append("mlx")
    .Append("--mlx-c").AppendQuoted(MakeAbsolute(new DirectoryPath(prefix)).FullPath)
    .Append("--revision").Append(Argument("revision", "0")));
