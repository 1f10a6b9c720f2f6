using System.Buffers.Binary;

namespace DotMlx.Staging;

/// <summary>
/// Staging on macOS with Apple silicon: install names below @loader_path, and a new ad hoc signature, because changing a library
/// invalidates its signature.
/// </summary>
internal sealed class MachOLibraries(Tools tools) : ILibraryFormat
{
    private const uint Magic = 0xfeedfacf, Universal = 0xbebafeca, Arm64 = 0x0100000c;

    private const string LoaderPath = "@loader_path/";

    private static readonly string[] System = ["/usr/lib/", "/System/"];

    internal static bool IsMachO(ReadOnlySpan<byte> head) =>
        head.Length >= 8 && BinaryPrimitives.ReadUInt32LittleEndian(head) is Magic or Universal;

    public string FileName(string name) => $"lib{name}.dylib";

    public bool IsOfTheSystem(string needed) => System.Any(start => needed.StartsWith(start, StringComparison.Ordinal));

    public bool MayComeFromTheSystem(string needed) => false;

    public LibraryFacts Read(string library)
    {
        RequireArm64(library);
        Commands commands = ReadCommands(library);
        string folder = Path.GetDirectoryName(Path.GetFullPath(library))!;
        return new LibraryFacts(
            "osx-arm64",
            Dependencies(library),
            [.. commands.Rpaths.Select(path => path.Replace("@loader_path", folder, StringComparison.Ordinal))],
            commands.Minimum is { } minimum ? $"macOS {minimum}" : null,
            [],
            tools.Run("nm", "-gjU", library).Select(symbol => symbol.StartsWith('_') ? symbol[1..] : symbol)
                .ToHashSet(StringComparer.Ordinal));
    }

    public void Relocate(string library, IReadOnlyCollection<string> neighbors)
    {
        string own = Path.GetFileName(library);
        tools.Run("install_name_tool", "-id", LoaderPath + own, library);
        foreach (string needed in Dependencies(library)
            .Where(needed => neighbors.Contains(Path.GetFileName(needed)) && needed != LoaderPath + Path.GetFileName(needed)))
            tools.Run("install_name_tool", "-change", needed, LoaderPath + Path.GetFileName(needed), library);
        foreach (string path in ReadCommands(library).Rpaths) tools.Run("install_name_tool", "-delete_rpath", path, library);

        string[] foreign = [.. Dependencies(library).Where(needed =>
            !IsOfTheSystem(needed)
            && !(needed.StartsWith(LoaderPath, StringComparison.Ordinal) && neighbors.Contains(needed[LoaderPath.Length..])))];
        if (foreign.Length > 0)
            throw new StagingException($"'{own}' loads {string.Join(", ", foreign)}, which other Macs don't necessarily have: build MLX "
                + $"against the system's own libraries.");
        tools.Run("codesign", "--force", "--sign", "-", library);
        tools.Run("codesign", "--verify", library);
    }

    private static void RequireArm64(string library)
    {
        Span<byte> head = stackalloc byte[8];
        using FileStream file = File.OpenRead(library);
        if (file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length || !IsMachO(head))
            throw new StagingException($"'{library}' is not a Mach-O library.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) == Universal)
            throw new StagingException($"'{library}' contains several architectures; extract the one for Apple "
                + $"silicon out of it: lipo -thin arm64.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) != Arm64)
            throw new StagingException($"'{library}' is not for arm64; MLX runs on Apple silicon.");
    }

    /// <summary>Lists the libraries that a library loads, without its own name, which otool lists first.</summary>
    private string[] Dependencies(string library)
    {
        string? own = tools.Run("otool", "-D", library).Skip(1).FirstOrDefault();
        // The lines are "libmlxc.dylib:" and then "PATH (compatibility version 0.0.0, current version 0.0.0)".
        return [.. tools.Run("otool", "-L", library).Skip(1).Select(line => line.Split(" (")[0]).Where(name => name != own)];
    }

    private Commands ReadCommands(string library)
    {
        string command = "";
        string? minimum = null;
        var rpaths = new List<string>();
        foreach (string line in tools.Run("otool", "-l", library))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["cmd", string name]:
                    command = name;
                    break;
                case [string key, string version] when (command, key) is ("LC_BUILD_VERSION", "minos")
                    or ("LC_VERSION_MIN_MACOSX", "version"):
                    minimum = version;
                    break;
                case ["path", ..] when command == "LC_RPATH":
                    rpaths.Add(line["path ".Length..line.LastIndexOf(" (offset ", StringComparison.Ordinal)]);
                    break;
            }
        }
        return new Commands(minimum, rpaths);
    }

    private sealed record Commands(string? Minimum, IReadOnlyList<string> Rpaths);
}
