namespace DotMlx.Staging;

/// <summary>
/// Staging on Linux: patchelf sets the run path to $ORIGIN. The system provides all other libraries, and the package's description lists
/// them.
/// </summary>
internal sealed class ElfLibraries(Tools tools) : ILibraryFormat
{
    private const string Origin = "$ORIGIN";

    /// <summary>glibc and the libraries that every .NET needs. For libstdc++, the required version decides.</summary>
    private static readonly string[] Everywhere =
        ["libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libgcc_s.so", "libstdc++.so", "ld-linux", "libc.musl"];

    /// <summary>The folders of the distribution's libraries.</summary>
    private static readonly string[] System = ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"];

    public string FileName(string name) => $"lib{name}.so";

    public bool IsOfTheSystem(string needed) =>
        Everywhere.Any(start => needed.StartsWith(start, StringComparison.Ordinal))
            || System.Any(start => needed.StartsWith(start, StringComparison.Ordinal));

    public bool MayComeFromTheSystem(string needed) => true;

    public LibraryFacts Read(string library)
    {
        var elf = new ElfFile(library);
        string architecture = elf.Machine switch
        {
            ElfFile.X64 => "x64",
            ElfFile.Arm64 => "arm64",
            _ => throw new StagingException($"'{library}' is for ELF machine {elf.Machine}; there are packages for x64 ({ElfFile.X64}) "
                + $"and arm64 ({ElfFile.Arm64})."),
        };
        bool musl = elf.Needed.Any(needed => needed.StartsWith("libc.musl", StringComparison.Ordinal));
        string folder = Path.GetDirectoryName(Path.GetFullPath(library))!;
        IReadOnlyList<string> versions = elf.NeededVersions;
        string[] minimum = [.. new[]
            { Highest(versions, "GLIBC_", "glibc"), Highest(versions, "GLIBCXX_", "libstdc++ with GLIBCXX") }.OfType<string>()];
        return new LibraryFacts(
            $"{(musl ? "linux-musl" : "linux")}-{architecture}",
            elf.Needed,
            [.. elf.Runpath.Select(path => path.Replace(Origin, folder, StringComparison.Ordinal)
                .Replace("${ORIGIN}", folder, StringComparison.Ordinal))],
            minimum.Length == 0 ? null : string.Join(" and ", minimum),
            [.. elf.Needed.Where(needed => !IsOfTheSystem(needed))],
            elf.Exports);
    }

    public void Relocate(string library, IReadOnlyCollection<string> neighbors)
    {
        var elf = new ElfFile(library);
        if (elf.Runpath is [Origin] || (elf.Runpath.Count == 0 && !elf.Needed.Any(neighbors.Contains))) return;
        if (!tools.Has("patchelf"))
            throw new StagingException($"'{Path.GetFileName(library)}' needs the run path '{Origin}', but patchelf, which sets it, isn't on "
                + "the PATH: install the package patchelf (apt-get install patchelf) and pack again.");
        tools.Run("patchelf", "--set-rpath", Origin, library);
        var changed = new ElfFile(library);
        if (changed.Runpath is not [Origin])
            throw new StagingException($"'{library}' still has the run path '{string.Join(':', changed.Runpath)}'.");
    }

    private static string? Highest(IEnumerable<string> versions, string prefix, string name)
    {
        Version? highest = versions.Where(v => v.StartsWith(prefix, StringComparison.Ordinal))
            .Select(v => Version.TryParse(v[prefix.Length..], out Version? version) ? version : null).Max();
        return highest is null ? null : $"{name} {highest}";
    }
}
