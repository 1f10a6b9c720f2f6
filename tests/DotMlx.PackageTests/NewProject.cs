using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DotMlx.PackageTests;

/// <summary>A console project outside the repository that knows DotMlx only through the packed files.</summary>
internal sealed class NewProject : IDisposable
{
    public NewProject(string? runtimePackage)
    {
        Folder = Directory.CreateTempSubdirectory("dotmlx-package-").FullName;
        string application = Path.Combine(AppContext.BaseDirectory, "Application");
        File.Copy(Path.Combine(application, "Program.cs"), Path.Combine(Folder, "Program.cs"));
        Write("Application.csproj", Path.Combine(application, "Application.csproj.txt"));
        Write("nuget.config", Path.Combine(application, "nuget.config"));

        void Write(string name, string template) => File.WriteAllText(
            Path.Combine(Folder, name),
            File.ReadAllText(template)
                .Replace("VERSION", PackedFiles.Version, StringComparison.Ordinal)
                .Replace("PACKAGES", PackedFiles.Folder, StringComparison.Ordinal)
                .Replace("MACHINE", MachinePackages, StringComparison.Ordinal)
                .Replace("RUNTIME", runtimePackage is null ? "" : $"""<PackageReference Include="{runtimePackage}" Version="{PackedFiles.Version}" />""", StringComparison.Ordinal));
    }

    public static string Rid { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    public string Folder { get; }

    /// <summary>DOTMLX_LIBRARY of what is started; empty for DotMlx's own choice.</summary>
    public string Library { get; init; } = "reference";

    private static string MachinePackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public Result Dotnet(params string[] arguments) => Start("dotnet", arguments);

    public Result Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Packages of these tests go to the project's own folder, so that no earlier build of the same version is found.
        start.Environment["NUGET_PACKAGES"] = Path.Combine(Folder, "packages");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTMLX_LIBRARY"] = Library;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output + errors.GetAwaiter().GetResult());
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal sealed record Result(int Exit, string Text)
    {
        public Result Succeeded()
        {
            Assert.That(Exit, Is.Zero, Text);
            return this;
        }

        public string Line(string start) => Text.Split('\n').Single(line => line.StartsWith(start + " ", StringComparison.Ordinal))[(start.Length + 1)..].Trim();
    }
}
