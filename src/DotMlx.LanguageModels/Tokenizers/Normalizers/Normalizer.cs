using System.Text;
using DotMlx.LanguageModels.Tokenizers.Patterns;
using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.Normalizers;

/// <summary>Normalizes text before it is split.</summary>
internal abstract class Normalizer
{
    public abstract string Normalize(string text);

    /// <summary>
    /// Whether the normalizer drops the start of <paramref name="text"/>, so that the first piece isn't at the beginning of the text.
    /// </summary>
    public virtual bool DropsStartOf(string text) => false;

    public static Normalizer Read(JsonField field) => field.Type switch
    {
        "Sequence" => new SequenceNormalizer([.. field.Get("normalizers").Items().Select(Read)]),
        "NFC" => new FunctionNormalizer(text => UnicodeNormalizer.Compose(text, compatibility: false)),
        "NFKC" => new FunctionNormalizer(text => UnicodeNormalizer.Compose(text, compatibility: true)),
        "NFD" => new FunctionNormalizer(text => UnicodeNormalizer.Decompose(text, compatibility: false)),
        "NFKD" => new FunctionNormalizer(text => UnicodeNormalizer.Decompose(text, compatibility: true)),
        "Lowercase" => new FunctionNormalizer(Characters.Lowercase),
        "StripAccents" => new FunctionNormalizer(text => Characters.Map(text, point => Characters.IsMark(point) ? -1 : point)),
        "Nmt" => new FunctionNormalizer(text => Characters.Map(text, Characters.Nmt)),
        "ByteLevel" => new FunctionNormalizer(ToBytes),
        "Strip" => new StripNormalizer(field.Get("strip_left").Flag(), field.Get("strip_right").Flag()),
        "Prepend" => Prepend(field.Get("prepend").Text()),
        "Replace" => new FunctionNormalizer(Replacement.Read(field).Apply),
        "BertNormalizer" => new BertNormalizer(field),
        "Precompiled" => new PrecompiledNormalizer(field.Get("precompiled_charsmap")),
        var other => throw field.Unknown($"the normalizer '{other}'"),
    };

    private static FunctionNormalizer Prepend(string prefix) => new(text => text.Length == 0 ? text : prefix + text);

    private static string ToBytes(string text)
    {
        var result = new StringBuilder(text.Length);
        ByteAlphabet.Write(text, result);
        return result.ToString();
    }
}

/// <summary>A normalizer that is a function.</summary>
internal sealed class FunctionNormalizer(Func<string, string> function) : Normalizer
{
    public override string Normalize(string text) => function(text);
}

internal sealed class SequenceNormalizer(Normalizer[] normalizers) : Normalizer
{
    public override string Normalize(string text)
    {
        foreach (Normalizer normalizer in normalizers)
            text = normalizer.Normalize(text);
        return text;
    }

    public override bool DropsStartOf(string text)
    {
        foreach (Normalizer normalizer in normalizers)
        {
            if (normalizer.DropsStartOf(text))
                return true;
            text = normalizer.Normalize(text);
        }
        return false;
    }
}

internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Normalize(string text) => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    };

    public override bool DropsStartOf(string text) => left && text.Length > 0 && char.IsWhiteSpace(text[0]);
}

/// <summary>A literal or a pattern, and the replacement for each match.</summary>
internal sealed class Replacement
{
    private readonly Pattern? _pattern;
    private readonly string _literal = "";
    private readonly string _content;

    private Replacement(JsonField field)
    {
        _content = field.Get("content").Text();
        JsonField pattern = field.Get("pattern");
        if (pattern.Find("Regex") is { } regex)
            _pattern = new Pattern(regex.Text());
        else if (pattern.Get("String").Text() is { Length: > 0 } literal)
            _literal = literal;
        else
            _pattern = new Pattern("");
    }

    public static Replacement Read(JsonField field) => new(field);

    public string Apply(string text)
    {
        if (_pattern is null)
            return text.Replace(_literal, _content, StringComparison.Ordinal);
        if (text.Length == 0)
            return text;
        StringBuilder? result = null;
        int end = 0;
        foreach ((int start, int next) in _pattern.Matches(text, 0, text.Length))
        {
            result ??= new StringBuilder(text.Length);
            result.Append(text, end, start - end).Append(_content);
            end = next;
        }
        return result is null ? text : result.Append(text, end, text.Length - end).ToString();
    }
}
