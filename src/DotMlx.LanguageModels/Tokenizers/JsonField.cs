using System.Text.Json;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>A value of a JSON file with its path for error messages.</summary>
internal readonly record struct JsonField(JsonElement Value, string Path)
{
    public bool IsNull => Value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public string Type => Get("type").Text();

    public JsonField Get(string name) =>
        Find(name) ?? throw new InvalidDataException($"{Path} has no '{name}'");

    /// <summary>Returns a member, or null if it is missing or null.</summary>
    public JsonField? Find(string name)
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Expected("an object");
        return Value.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new JsonField(value, $"{Path}.{name}") : null;
    }

    public string Text()
    {
        if (Value.ValueKind != JsonValueKind.String)
            throw Expected("a string");
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException($"{Path} isn't a valid string: {error.Message}", error);
        }
    }

    /// <summary>Returns a string that must contain one character.</summary>
    public string Character()
    {
        string text = Text();
        return text.EnumerateRunes().Count() == 1 ? text : throw Expected("one character");
    }

    public bool Flag() =>
        Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? Value.GetBoolean() : throw Expected("true or false");

    public int Number() =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) && number >= 0 ? number
            : throw Expected("a number from 0 to 2147483647");

    public double Real() =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetDouble(out double number) ? number : throw Expected("a number");

    public IEnumerable<JsonField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array)
            throw Expected("a list");
        string path = Path;
        return Value.EnumerateArray().Select((item, i) => new JsonField(item, $"{path}[{i}]"));
    }

    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Expected("an object");
        string path = Path;
        return Value.EnumerateObject().Select(member => (NameOf(member, path), new JsonField(member.Value, path)));
    }

    public InvalidDataException Expected(string what)
    {
        string found = Value.ValueKind is JsonValueKind.Undefined ? "nothing" : Value.GetRawText();
        return new InvalidDataException($"{Path}: expected {what}, found {(found.Length <= 60 ? found : found[..60] + "…")}");
    }

    public NotSupportedException Unknown(string what) => new($"{Path}: {what} is not supported");

    private static string NameOf(JsonProperty member, string path)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidDataException($"{path} has a member whose name isn't a valid string: {error.Message}", error);
        }
    }
}
