using System.Runtime.InteropServices;

namespace DotMlx.PackageTests;

/// <summary>A console project outside the repository that knows DotMlx only through the packages.</summary>
internal sealed class NewProject : IDisposable
{
    /// <param name="packages">The references of the project.</param>
    /// <param name="throughLibrary">Whether the project references DotMlx through a library project.</param>
    /// <param name="program">The folder of these tests that contains the program.</param>
    public NewProject(string[] packages, bool throughLibrary = false, string program = "Application")
    {
        // The real path is needed: on macOS, the temporary folder is behind a link, and loaded files are listed with real paths.
        string folder = Directory.CreateTempSubdirectory("dotmlx-package-").FullName;
        Folder = new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName
            ?? (OperatingSystem.IsMacOS() ? "/private" + folder : folder);
        string references = string.Concat(packages.Select(id =>
            $"""<PackageReference Include="{id}" Version="{PackedFiles.VersionOf(id)}" />"""));
        if (throughLibrary)
        {
            AddProject("Library", "Library", $"""<PackageReference Include="DotMlx" Version="{PackedFiles.VersionOf("DotMlx")}" />""");
            references += """<ProjectReference Include="../Library/Library.csproj" />""";
        }

        AddProject("Application", program, references);
        Write("nuget.config", Path.Combine(AppContext.BaseDirectory, "Application", "nuget.config"), "");
    }

    public static string Rid { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    public string Folder { get; }

    /// <summary>The value of DOTMLX_LIBRARY for child processes; empty for DotMlx's own choice.</summary>
    public string Library { get; init; } = "";

    private string Packages => Path.Combine(Folder, "packages");

    private static string MachinePackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Builds or publishes into the folder app, with warnings as errors.</summary>
    public void Make(string verb, params string[] options)
    {
        Dotnet([verb, Path.Combine("Application", "Application.csproj"), "-c", "Release", "-v", "quiet", "-nologo", "-o", "app",
            .. options]).Succeeded();
        // A DotMlx with the same version in the machine's folder would take precedence over the packed one, so the test would test nothing.
        Assert.That(Path.Combine(Packages, "dotmlx", PackedFiles.VersionOf("DotMlx")), Does.Exist,
            $"DotMlx was not restored from {PackedFiles.Folder}: is one in {MachinePackages}?");
    }

    /// <summary>Starts the built program in an unrelated folder.</summary>
    public Command Start()
    {
        string program = Path.Combine(Folder, "app", OperatingSystem.IsWindows() ? "Application.exe" : "Application");
        return Command.Run(program, [], Path.GetPathRoot(Folder)!, Variables());
    }

    /// <summary>Runs a command in the project's folder.</summary>
    public Command Dotnet(params string[] arguments) => Command.Run("dotnet", arguments, Folder, Variables());

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private Dictionary<string, string> Variables() => new()
    {
        // Packages of these tests go into the project's own folder, so that no earlier build of the same version is found.
        ["NUGET_PACKAGES"] = Packages,
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["DOTMLX_LIBRARY"] = Library,
        ["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(Folder, "extracted"),
    };

    private void AddProject(string name, string program, string references)
    {
        Directory.CreateDirectory(Path.Combine(Folder, name));
        foreach (string code in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, program), "*.cs"))
            File.Copy(code, Path.Combine(Folder, name, Path.GetFileName(code)));
        Write(Path.Combine(name, $"{name}.csproj"), Path.Combine(AppContext.BaseDirectory, name, $"{name}.csproj.txt"), references);
    }

    private void Write(string name, string template, string references) => File.WriteAllText(
        Path.Combine(Folder, name),
        File.ReadAllText(template)
            .Replace("REFERENCES", references, StringComparison.Ordinal)
            .Replace("PACKAGES", PackedFiles.Folder, StringComparison.Ordinal)
            .Replace("MACHINE", MachinePackages, StringComparison.Ordinal));
}
