namespace DotMlx.Bindings;

/// <summary>A known mlx-c version and the exported symbols by which it is recognized.</summary>
internal sealed partial record KnownMlxc(MlxcVersions Flag, string Name, string Commit, string Mlx, string[] Present, string[] Absent)
{
    private const int MismatchesShown = 4;

    internal bool Fits(Func<string, bool> exports) => Array.TrueForAll(Present, s => exports(s)) && !Array.Exists(Absent, s => exports(s));

    /// <summary>Returns the first symbols that show that a library isn't this version.</summary>
    internal string Mismatches(Func<string, bool> exports)
    {
        string[] all = [.. Present.Where(s => !exports(s)).Select(s => $"{s} is missing"), .. Absent.Where(exports)
            .Select(s => $"{s} should not exist")];
        return string.Join(", ", all.Take(MismatchesShown)) + (all.Length > MismatchesShown ? ", …" : "");
    }
}
