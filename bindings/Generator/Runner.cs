using DotMlx.Generator.Api;
using DotMlx.Generator.Sources;

namespace DotMlx.Generator;

/// <summary>Executes the command line after its arguments are parsed.</summary>
internal sealed class Runner(string root, TextWriter output)
{
    private readonly Generation _generation = new(root);

    internal static string FindRoot(string? given)
    {
        for (DirectoryInfo? folder = new(given ?? Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "DotMlx.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("No DotMlx.slnx was found here or above: run inside the repository, or pass --root.");
    }

    internal int Run(string? headers, string? table, string? version, bool check)
    {
        version ??= _generation.Versions.Pinned;
        ApiVersion? fresh = Describe(headers, table, version);
        if (fresh is not null && (headers ?? table) is not null) PrintNeighbor(fresh);

        bool known = _generation.Versions.Versions.Any(v => v.Name == version);
        string[] missing = [.. _generation.Versions.Versions.Select(v => v.Name)
            .Where(v => v != fresh?.Name && !File.Exists(Path.Combine(root, Generation.ApiFile(v))))];
        if (missing.Length > 0)
        {
            if (fresh is not null && !check)
                _generation.Write(new Dictionary<string, string> { [Generation.ApiFile(version)] = ApiJson.Write(fresh) });
            output.WriteLine($"No C# was written: {string.Join(", ", missing.Select(Generation.ApiFile))} must be described first "
                + $"(--headers DIR or --table FILE, with --version).");
            return 1;
        }
        ApiVersion[] versions = [.. _generation.Versions.Versions.Select(v => v.Name == fresh?.Name ? fresh : _generation.ReadApi(v.Name))];
        var files = new SortedDictionary<string, string>(_generation.Sources(versions).ToDictionary(), StringComparer.Ordinal);
        if (fresh is not null) files[Generation.ApiFile(version)] = ApiJson.Write(fresh);

        if (fresh is not null && !known) PrintHowToAdd(fresh);
        IReadOnlyList<string> differences = _generation.Differences(files);
        if (check)
        {
            foreach (string file in differences) output.WriteLine($"differs: {file}");
            output.WriteLine(differences.Count == 0
                ? $"{files.Count} generated files are up to date."
                : $"{differences.Count} of {files.Count} generated files differ: run ./build.sh --target=Bindings and commit.");
            return differences.Count == 0 ? 0 : 1;
        }
        _generation.Write(files);
        output.WriteLine($"{files.Count} files written, {differences.Count} of them changed.");
        return 0;
    }

    /// <summary>Prints the known version that agrees with a folder of headers.</summary>
    internal int Identify(string? headers)
    {
        if (headers is null) throw new InvalidOperationException("--identify needs --headers DIR.");
        if (_generation.Identify(headers) is { } version)
        {
            output.WriteLine(version.Name);
            return 0;
        }
        output.WriteLine($"The headers in '{headers}' agree with none "
            + $"of {string.Join(", ", _generation.Versions.Versions.Select(v => v.Name))}.");
        return 1;
    }

    private ApiVersion? Describe(string? headers, string? table, string version)
    {
        if (table is not null) return _generation.FromTable(table, version);
        if (headers is null)
        {
            // The JSON of other versions is committed, so only the pinned headers have a default folder.
            if (version != _generation.Versions.Pinned)
                throw new InvalidOperationException($"--version {version} needs --headers DIR or --table FILE.");
            headers = DefaultHeaders();
            if (headers is null || !ClangHeaderParser.IsAvailable())
            {
                output.WriteLine($"{(headers is null ? "No headers of mlx-c" : "No clang")} here: {Generation.ApiFile(version)} is used unchanged.");
                return null;
            }
            ApiVersion installed = Generation.FromHeaders(headers, version);
            string recorded = Path.Combine(root, Generation.ApiFile(version));
            bool submodule = headers.StartsWith(Path.Combine(root, "mlx-c.submodule"), StringComparison.Ordinal);
            // An installed mlx-c may be another version, so it must not overwrite the pinned description.
            if (submodule || !File.Exists(recorded) || ApiDifference.Lines(_generation.ReadApi(version), installed).Count == 0)
                return installed;
            output.WriteLine($"The headers in '{headers}' are not those of {version}: {Generation.ApiFile(version)} is used unchanged.");
            return null;
        }
        return Generation.FromHeaders(headers, version);
    }

    internal string? DefaultHeaders()
    {
        string?[] prefixes = [Environment.GetEnvironmentVariable("MLX_C_PREFIX"), Environment.GetEnvironmentVariable("HOMEBREW_PREFIX"),
            "/opt/homebrew", "/usr/local", "/usr"];
        IEnumerable<string> folders = prefixes.Where(p => !string.IsNullOrEmpty(p)).Select(p => Path.Combine(p!, "include"));
        return folders.Prepend(Path.Combine(root, "mlx-c.submodule"))
            .FirstOrDefault(f => File.Exists(Path.Combine(f, "mlx", "c", "mlx.h")));
    }

    private void PrintNeighbor(ApiVersion fresh)
    {
        List<string> order = [.. _generation.Versions.Versions.Select(v => v.Name)];
        int position = order.IndexOf(fresh.Name);
        string? neighbor = position < 0 ? order[^1] : position > 0 ? order[position - 1] : null;
        if (neighbor is null || !File.Exists(Path.Combine(root, Generation.ApiFile(neighbor)))) return;
        IReadOnlyList<string> lines = ApiDifference.Lines(_generation.ReadApi(neighbor), fresh);
        output.WriteLine($"{neighbor} -> {fresh.Name}: {lines.Count(l => l[0] == '+')} added, {lines.Count(l => l[0] == '-')} removed, {lines.Count(l => l[0] == '!')} changed under the same name");
        foreach (string line in lines) output.WriteLine($"  {line}");
    }

    private void PrintHowToAdd(ApiVersion fresh)
    {
        ApiVersion last = _generation.ReadApi(_generation.Versions.Versions[^1].Name);
        string[] added = [.. fresh.Functions.Where(f => last.Find(f.Name) is null && f.AbsentOn is null).Select(f => f.Name)];
        output.WriteLine($"{fresh.Name} is not in native/versions.json yet. Add it there (oldest first) with its commit and MLX version, "
            + $"and probe symbols that distinguish it from its neighbors"
            + (added.Length == 0
                ? "; it adds no symbol, so nothing in the library identifies it."
                : $": new in it are {string.Join(", ", added.Take(5))}{(added.Length > 5 ? ", …" : "")}.")
            + " Then run this command again, and give MlxcPortable a branch for every function marked with ! above.");
    }
}
