using DotMlx.Generator.Api;

namespace DotMlx.Generator.Emit;

/// <summary>The known versions, oldest first, and the questions that the writers ask about a function.</summary>
internal sealed class Library(VersionTable table, IReadOnlyList<ApiVersion> versions)
{
    internal VersionTable Table => table;

    internal IReadOnlyList<ApiVersion> Versions => versions;

    internal ApiVersion Pinned { get; } = versions.Single(v => v.Name == table.Pinned);

    internal CSharpTypes Types { get; } = new(versions);

    internal IEnumerable<string> Headers => versions.SelectMany(v => v.Headers).Distinct().Order(StringComparer.Ordinal);

    /// <summary>Every form of every function of a header; the form with the plain C name comes first.</summary>
    internal IEnumerable<Form> Forms(string header)
    {
        IEnumerable<string> names = versions.SelectMany(v => v.Functions).Where(f => f.Header == header).Select(f => f.Name).Distinct()
            .Order(StringComparer.Ordinal);
        foreach (string name in names)
        {
            var byForm = versions.Where(v => v.Find(name) is not null).GroupBy(v => v.Find(name)!.Signature).ToList();
            // The pinned form has the plain name. If the pinned version lacks a function, the newest form has it.
            IGrouping<string, ApiVersion> plain = byForm.FirstOrDefault(g => g.Contains(Pinned)) ?? byForm[^1];
            yield return ToForm(name, name, plain);
            foreach (IGrouping<string, ApiVersion> other in byForm.Where(g => g != plain))
                yield return ToForm(name, $"{name}_{Known(other.First()).Suffix}", other);
        }
    }

    private Form ToForm(string function, string name, IEnumerable<ApiVersion> having)
    {
        ApiVersion[] all = [.. having];
        ApiFunction f = (all.Contains(Pinned) ? Pinned : all[^1]).Find(function)!;
        return new Form(name, f, [.. all.Select(Known)], all.Length == versions.Count);
    }

    private KnownVersion Known(ApiVersion version) => table.Versions.Single(v => v.Name == version.Name);
}

/// <summary>A callable form of a C function, and the versions that have it.</summary>
internal sealed record Form(string Name, ApiFunction Function, IReadOnlyList<KnownVersion> Versions, bool InAllVersions);
