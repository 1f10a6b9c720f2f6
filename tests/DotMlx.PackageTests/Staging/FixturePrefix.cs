using System.Text;
using DotMlx.Generator;
using DotMlx.Generator.Api;
using DotMlx.Staging;

namespace DotMlx.PackageTests.Staging;

/// <summary>A folder with stand-ins for the files of an installed mlx-c, and a stager with stand-ins for the platform's tools.</summary>
internal sealed class FixturePrefix : IDisposable
{
    public const string SystemLibrary = "/usr/lib/libSystem.B.dylib", Metal = "/System/Library/Frameworks/Metal.framework/Versions/A/Metal";

    private static readonly byte[] MachO = [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0x00, 0x00, 0x01];

    private readonly string _tools;

    public FixturePrefix()
    {
        Folder = Directory.CreateTempSubdirectory("dotmlx-prefix-").FullName;
        Log = Path.Combine(Folder, "tools.log");
        File.WriteAllText(Log, "");
        Environment.SetEnvironmentVariable("TOOL_LOG", Log);
        _tools = Directory.CreateDirectory(Path.Combine(Folder, "tools")).FullName;
        foreach (string tool in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Tools"))
            .Where(file => !file.EndsWith(".md", StringComparison.Ordinal)))
        {
            string copy = Path.Combine(_tools, Path.GetFileName(tool));
            File.Copy(tool, copy);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    public static Generation Known { get; } = new(PackedFiles.Repository);

    public string Folder { get; }

    public string Log { get; }

    public string[] ToolCalls => File.ReadAllLines(Log);

    /// <summary>A stager that finds tools only in the fixture's folder.</summary>
    public Stager Stager => new(PackedFiles.Repository, new Tools(_tools), Path.Combine(Folder, "staged"));

    /// <summary>Writes the headers of a known version, and MLX's version.h next to the libraries of MLX.</summary>
    public void Headers(string prefix, string version, string? mlx = null)
    {
        ApiVersion api = Known.ReadApi(version);
        HeaderTree.Write(Path.Combine(prefix, "include"), api);
        if (mlx is not null) VersionHeader(prefix, mlx);
    }

    public void VersionHeader(string prefix, string mlx)
    {
        string[] parts = mlx.Split('.');
        Directory.CreateDirectory(Path.Combine(prefix, "include", "mlx"));
        File.WriteAllText(Path.Combine(prefix, "include", "mlx", "version.h"), $"""
            #pragma once
            #define MLX_VERSION_MAJOR {parts[0]}
            #define MLX_VERSION_MINOR {parts[1]}
            #define MLX_VERSION_PATCH {parts[2]}
            #define MLX_VERSION_NUMERIC (100000 * MLX_VERSION_MAJOR)

            """);
    }

    /// <summary>Homebrew's layout: opt/mlx-c and opt/mlx, each with its own lib folder, and absolute install names.</summary>
    public string Homebrew(string version, string mlx, string mlxcMinimum = "14.0", string mlxMinimum = "14.0", string[]? mlxNeeds = null,
        string[]? mlxRpaths = null)
    {
        string mlxc = Path.Combine(Folder, "opt", "mlx-c"), other = Path.Combine(Folder, "opt", "mlx");
        Headers(mlxc, version);
        VersionHeader(other, mlx);
        KnownVersion known = Known.Versions.Versions.Single(v => v.Name == version);
        Dylib(
            Path.Combine(mlxc, "lib", "libmlxc.dylib"),
            [$"ID {mlxc}/lib/libmlxc.dylib", $"DEP {other}/lib/libmlx.dylib", $"DEP {SystemLibrary}", "RPATH /opt/homebrew/lib",
                $"MINOS {mlxcMinimum}", .. known.Present.Select(s => $"SYM {s}"), "SIGNED"]);
        Dylib(
            Path.Combine(other, "lib", "libmlx.dylib"),
            [$"ID {other}/lib/libmlx.dylib", $"DEP {Metal}", .. (mlxNeeds ?? []).Select(need => $"DEP {need}"), $"DEP {SystemLibrary}",
                .. (mlxRpaths ?? []).Select(path => $"RPATH {path}"), $"MINOS {mlxMinimum}", "SIGNED"]);
        File.WriteAllText(Path.Combine(other, "lib", "mlx.metallib"), "MTLB kernels");
        return mlxc;
    }

    public static void Dylib(string file, params string[] lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, [.. MachO, .. Encoding.UTF8.GetBytes("\n" + string.Join("\n", lines) + "\n")]);
        // Homebrew installs libraries with these permissions.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    public void AddTool(string name, string script)
    {
        string file = Path.Combine(_tools, name);
        File.WriteAllText(file, script);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>Lets the stager find a tool of this machine. Without the tool, the test is skipped.</summary>
    public void RequireTool(string name)
    {
        string? file = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (file is null) Assert.Ignore($"Needs {name}: install the package {name} (apt-get install {name}).");
        File.CreateSymbolicLink(Path.Combine(_tools, name), file!);
    }

    public void RemoveTool(string name) => File.Delete(Path.Combine(_tools, name));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
