using System.Text.RegularExpressions;

namespace DotMlx.Generator.Api;

/// <summary>A C type as mlx-c's headers write it: a base type with stars, or a pointer to a function.</summary>
internal sealed partial record CType(string Base, bool IsConst, int Pointers, CType? Returns, IReadOnlyList<CType> Parameters)
{
    internal bool IsFunction => Returns is not null;

    internal static CType Parse(string text) => ParseDeclaration(text).Type;

    /// <summary>Parses "const int* axes" or "void (*dtor)(void*)"; the name is null if there is none.</summary>
    internal static (CType Type, string? Name) ParseDeclaration(string text)
    {
        text = text.Trim();
        Match function = FunctionPointer().Match(text);
        if (function.Success)
        {
            // Inside a function type, neither names nor top-level const have a meaning, and clang drops some of them.
            CType[] parameters = [.. Split(function.Groups["parameters"].Value, ',')
                .Select(Parse).Where(p => p != Void)
                .Select(p => p.Pointers == 0 ? p with { IsConst = false } : p)];
            string name = function.Groups["name"].Value;
            return (new CType("", false, 0, Parse(function.Groups["returns"].Value), parameters), name.Length == 0 ? null : name);
        }
        var words = new List<string>();
        bool isConst = false;
        int pointers = 0;
        foreach (Match token in Token().Matches(text))
        {
            if (token.Value == "*") pointers++;
            else if (token.Value == "const") isConst = true;
            else if (token.Value is not ("struct" or "enum")) words.Add(token.Value == "_Bool" ? "bool" : token.Value);
        }
        if (words.Count is 0 or > 2)
            throw new FormatException($"'{text}' is not a C declaration that this generator knows: expected "
                + $"TYPE, TYPE NAME or RETURN (*NAME)(PARAMETERS).");
        return (new CType(words[0], isConst, pointers, null, []), words.Count == 2 ? words[1] : null);
    }

    /// <summary>Splits at separators outside parentheses.</summary>
    internal static IEnumerable<string> Split(string text, char separator)
    {
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '(') depth++;
            else if (text[i] == ')') depth--;
            else if (text[i] == separator && depth == 0)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }
        if (text[start..].Trim().Length > 0) yield return text[start..];
    }

    private static CType Void { get; } = new("void", false, 0, null, []);

    public bool Equals(CType? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    public override string ToString() => IsFunction
        ? $"{Returns} (*)({string.Join(", ", Parameters)})"
        : (IsConst ? "const " : "") + Base + new string('*', Pointers);

    internal string Declare(string name) => IsFunction
        ? $"{Returns} (*{name})({string.Join(", ", Parameters)})"
        : $"{this} {name}";

    [GeneratedRegex(@"^(?<returns>[^(]*)\(\s*\*\s*(?<name>\w*)\s*\)\s*\((?<parameters>.*)\)$", RegexOptions.Singleline)]
    private static partial Regex FunctionPointer();

    [GeneratedRegex(@"\w+|\*")]
    private static partial Regex Token();
}
