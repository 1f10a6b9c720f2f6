using System.Text;
using DotMlx.Generator.Api;

namespace DotMlx.Generator.Emit;

/// <summary>Writes structs and enums, which the reference library shares, and the table of known versions.</summary>
internal sealed class TypesWriter(Library library)
{
    internal string Types()
    {
        var text = new StringBuilder(ImportWriter.Banner);
        text.Append("using System.Runtime.InteropServices;\n\nnamespace DotMlx.Bindings;\n");
        foreach (ApiEnum e in library.Versions.Reverse().SelectMany(v => v.Enums).DistinctBy(e => e.Name)
            .OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            text.Append($"\n/// <summary>The C enum <c>{e.Name}</c> of "
                + $"<c>mlx/c/{e.Header}</c>. {Since(v => v.Enums.Any(x => x.Name == e.Name))}</summary>\n");
            text.Append($"public enum {e.Name}\n{{\n");
            foreach (ApiMember m in e.Members)
                text.Append($"    /// <summary><c>{m.Name}</c></summary>\n    {m.Name} = {m.Value},\n");
            text.Append("}\n");
        }
        foreach (ApiStruct s in library.Versions.Reverse().SelectMany(v => v.Structs).DistinctBy(s => s.Name)
            .OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            text.Append($"\n/// <summary>The C struct <c>{s.Name}</c> of <c>mlx/c/{s.Header}</c>, passed by "
                + $"value. {Since(v => v.Structs.Any(x => x.Name == s.Name))}</summary>\n");
            text.Append($"[StructLayout(LayoutKind.Sequential)]\npublic unsafe struct {s.Name}\n{{\n");
            foreach (ApiParameter f in s.Fields)
                text.Append($"    /// <summary><c>{CSharpTypes.Escape(f.Type.Declare(f.Name))}</c></summary>\n    "
                    + $"public {library.Types.Of(f.Type)} {CSharpTypes.Name(f.Name)};\n");
            text.Append("}\n");
        }
        text.Append("\n/// <summary>The C type <c>mlx_complex64_t</c> (<c>float _Complex</c>) of <c>mlx/c/array.h</c>.</summary>\n");
        text.Append("[StructLayout(LayoutKind.Sequential)]\npublic struct mlx_complex64\n{\n    /// <summary>Real part.</summary>\n    "
            + "public float re;\n    /// <summary>Imaginary part.</summary>\n    public float im;\n}\n");
        return text.ToString();
    }

    internal string Versions()
    {
        var text = new StringBuilder(ImportWriter.Banner);
        text.Append("namespace DotMlx.Bindings;\n\n[Flags]\ninternal enum MlxcVersions\n{\n    None = 0,\n");
        IReadOnlyList<KnownVersion> versions = library.Table.Versions;
        for (int i = 0; i < versions.Count; i++) text.Append($"    {versions[i].Flag} = 1 << {i},\n");
        text.Append("}\n\ninternal sealed partial record KnownMlxc\n{\n");
        text.Append($"    internal const string TestedFrom = \"{library.Table.TestedFrom}\", TestedTo = "
            + $"\"{library.Table.TestedTo}\";\n\n    internal static readonly KnownMlxc[] All =\n    [\n");
        foreach (KnownVersion v in versions)
            text.Append($"        new(MlxcVersions.{v.Flag}, \"{v.Name}\", \"{v.Commit}\", \"{v.Mlx}\",\n            "
                + $"[{List(v.Present)}],\n            [{List(v.Absent)}]),\n");
        return text.Append("    ];\n}\n").ToString();
    }

    private string Since(Func<ApiVersion, bool> has)
    {
        ApiVersion first = library.Versions.First(has);
        return $"Since mlx-c {first.Name}{(first == library.Versions[0] ? " or earlier" : "")}.";
    }

    private static string List(IEnumerable<string> items) => string.Join(", ", items.Select(i => $"\"{i}\""));
}
