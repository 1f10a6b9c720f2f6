namespace DotMlx;

/// <summary>A metadata value of a GGUF file: a text, a list of texts, or a number or list of numbers as an array.</summary>
public sealed class GgufValue
{
    private readonly object value;

    /// <summary>Makes a text.</summary>
    public GgufValue(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        value = text;
    }

    /// <summary>Makes a list of texts.</summary>
    public GgufValue(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        value = texts;
    }

    /// <summary>Makes a number (an array without dimensions) or a list of numbers (one dimension).</summary>
    public GgufValue(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        value = array;
    }

    /// <summary>The text, or null when it is something else.</summary>
    public string? Text => value as string;

    /// <summary>The texts, or null when it is something else.</summary>
    public IReadOnlyList<string>? Texts => value as IReadOnlyList<string>;

    /// <summary>The number or numbers, or null when it is something else.</summary>
    public MlxArray? Array => value as MlxArray;

    /// <summary>Makes a text.</summary>
    public static implicit operator GgufValue(string text) => new(text);

    /// <summary>Makes a list of texts.</summary>
    public static implicit operator GgufValue(string[] texts) => new(texts);

    /// <summary>Makes a number or a list of numbers.</summary>
    public static implicit operator GgufValue(MlxArray array) => new(array);

    /// <inheritdoc/>
    public override string ToString() => Texts is { } texts ? $"[{string.Join(", ", texts)}]" : value.ToString()!;
}
