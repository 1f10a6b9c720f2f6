using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels;

/// <summary>
/// The options of a <c>config.json</c> or of one of its sections. The object tracks which options were read, so that
/// <see cref="RefuseUnread"/> can list the others.
/// </summary>
/// <remarks>An option whose value is null counts as missing, as in Python.</remarks>
public sealed class ModelConfig
{
    private const long MaxBytes = 64L << 20;

    private readonly JsonElement _root;
    private readonly string _prefix;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly List<ModelConfig> _sections = [];

    private ModelConfig(string file, string prefix, JsonElement root)
    {
        File = file;
        _prefix = prefix;
        _root = root;
    }

    /// <summary>The path of the file, for messages.</summary>
    public string File { get; }

    /// <summary>The option <c>model_type</c>.</summary>
    /// <exception cref="InvalidDataException">The file has no such option, or it isn't a string.</exception>
    public string ModelType => Text("model_type");

    /// <summary>The names of all options, in the order of the file.</summary>
    public IEnumerable<string> Names => _root.EnumerateObject().Select(option => option.Name);

    /// <summary>Returns the options as mutable JSON nodes.</summary>
    internal JsonObject ToNode() => JsonObject.Create(_root)!;

    /// <summary>Loads a file.</summary>
    /// <param name="path">The path of a JSON file.</param>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">The file isn't a JSON object.</exception>
    public static ModelConfig Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileInfo file = new(path);
        if (file.Exists && file.Length > MaxBytes)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it has {file.Length} bytes, but the limit is {MaxBytes}.");
        }
        return Parse(System.IO.File.ReadAllBytes(path), path);
    }

    /// <summary>Parses the text of a file.</summary>
    /// <param name="json">UTF-8 text of a JSON object.</param>
    /// <param name="file">The name of the file in error messages.</param>
    /// <exception cref="InvalidDataException">The text isn't a JSON object.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            using JsonDocument document = JsonDocument.Parse(StripByteOrderMark(json));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"'{file}' cannot be loaded: it isn't a JSON object.");
            }
            // Names that aren't valid Unicode would otherwise fail later without context.
            foreach (JsonProperty option in document.RootElement.EnumerateObject())
            {
                _ = option.Name;
            }
            return new(file, "", document.RootElement.Clone());
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{file}' cannot be loaded: it isn't valid JSON ({exception.Message.TrimEnd('.')}).",
                exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException($"'{file}' cannot be loaded: it contains text that isn't valid Unicode.", exception);
        }
    }

    /// <summary>Whether the option exists and isn't null. This doesn't count as a read.</summary>
    /// <param name="name">The name of the option.</param>
    public bool Has(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Whether the option exists and is null, which for some options differs from missing. This doesn't count as a read.</summary>
    /// <param name="name">The name of the option.</param>
    public bool IsNull(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>Reads a required integer.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    /// <exception cref="InvalidDataException">The option is missing, not an integer, or out of range.</exception>
    public int Integer(string name, int minimum = 1, int maximum = 1 << 28) =>
        IntegerOrNull(name, minimum, maximum) ?? throw Broken(name, "is missing");

    /// <summary>Reads an integer, with a default for a missing option.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">The default.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    /// <exception cref="InvalidDataException">The option isn't an integer or is out of range.</exception>
    public int IntegerOr(string name, int missing, int minimum = 1, int maximum = 1 << 28) =>
        IntegerOrNull(name, minimum, maximum) ?? missing;

    /// <summary>Reads an integer, or null if the option is missing.</summary>
    /// <inheritdoc cref="IntegerOr"/>
    public int? IntegerOrNull(string name, int minimum = 1, int maximum = 1 << 28)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        // Python writes 32.0 if the number is the result of a calculation.
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number != Math.Truncate(number))
        {
            throw Broken(name, $"is {Shown(value)}, expected a whole number");
        }
        return number >= minimum && number <= maximum
            ? (int)number
            : throw Broken(name, $"is {Shown(value)}, expected a number from {minimum} to {maximum}");
    }

    /// <summary>Reads a required number.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is missing or not a finite number.</exception>
    public double Number(string name) => NumberOrNull(name) ?? throw Broken(name, "is missing");

    /// <summary>Reads a number, with a default for a missing option.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">The default.</param>
    /// <exception cref="InvalidDataException">The option isn't a finite number.</exception>
    public double NumberOr(string name, double missing) => NumberOrNull(name) ?? missing;

    /// <summary>Reads a number, or null if the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option isn't a finite number.</exception>
    public double? NumberOrNull(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Broken(name, $"is {Shown(value)}, expected a finite number");
    }

    /// <summary>Reads a positive number, with a default for a missing option.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">The default.</param>
    /// <exception cref="InvalidDataException">The option isn't a positive finite number.</exception>
    public double PositiveOr(string name, double missing)
    {
        double number = NumberOr(name, missing);
        return number > 0 ? number
            : throw Broken(name, string.Create(CultureInfo.InvariantCulture, $"is {number}, expected a number above 0"));
    }

    /// <summary>Reads a Boolean value, with a default for a missing option.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">The default.</param>
    /// <exception cref="InvalidDataException">The option is neither true nor false.</exception>
    public bool Flag(string name, bool missing) => Find(name) is not { } value
        ? missing
        : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Broken(name, $"is {Shown(value)}, expected true or false"),
        };

    /// <summary>Reads a required string.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is missing or not a string.</exception>
    public string Text(string name) => TextOrNull(name) ?? throw Broken(name, "is missing");

    /// <summary>Reads a string, or null if the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option isn't a string.</exception>
    public string? TextOrNull(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String ? AsText(name, value) : throw Broken(name, $"is {Shown(value)}, expected a string");
    }

    /// <summary>Reads a list of strings, or null if the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option isn't a list of strings.</exception>
    public IReadOnlyList<string>? Texts(string name) => List(name, "texts", value =>
        value.ValueKind == JsonValueKind.String ? AsText(name, value) : null);

    /// <summary>Reads a list of integers, or null if the option is missing. A single integer counts as a list with one element.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is neither an integer nor a list of integers.</exception>
    public IReadOnlyList<int>? Integers(string name)
    {
        if (_root.TryGetProperty(name, out JsonElement single) && single.ValueKind == JsonValueKind.Number)
        {
            return [Integer(name, int.MinValue, int.MaxValue)];
        }
        return List<object>(name, "whole numbers", value =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : null)
            ?.Select(number => (int)number).ToArray();
    }

    /// <summary>Reads a list of finite numbers, or null if the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option isn't a list of finite numbers.</exception>
    public IReadOnlyList<double>? Numbers(string name) => List<object>(name, "finite numbers", value =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null)
        ?.Select(number => (double)number).ToArray();

    /// <summary>Reads a section, or null if the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option isn't a JSON object.</exception>
    public ModelConfig? Section(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Broken(name, $"is {Shown(value)}, expected a JSON object");
        }
        ModelConfig? section = _sections.Find(known => known._prefix == _prefix + name + ".");
        if (section is null)
        {
            section = new(File, _prefix + name + ".", value);
            _sections.Add(section);
        }
        return section;
    }

    /// <summary>Whether an option is a JSON object. This doesn't count as a read.</summary>
    /// <param name="name">The name of the option.</param>
    public bool IsSection(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>Marks options as read, because they don't affect the results of the model.</summary>
    /// <param name="names">The names of the options. Missing options are skipped.</param>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            _read.Add(name);
        }
    }

    /// <summary>Rejects the file if an option has any value but the only supported one.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="expected">The only supported value, which is also the default for a missing option.</param>
    /// <exception cref="NotSupportedException">The option has another value.</exception>
    public void Require(string name, bool expected)
    {
        if (Flag(name, expected) != expected)
        {
            throw Unsupported(name, $"is {(expected ? "false" : "true")}, and only {(expected ? "true" : "false")} is supported");
        }
    }

    /// <summary>Rejects the file if options, here or in sections, haven't been read.</summary>
    /// <exception cref="NotSupportedException">Options haven't been read; the message lists all of them.</exception>
    public void RefuseUnread()
    {
        string[] unread = [.. Unread()];
        if (unread.Length > 0)
        {
            throw new NotSupportedException(
                $"'{File}' has options that this library doesn't support: "
                + $"{string.Join(", ", unread.Select(name => $"'{name}'"))}. "
                + "If they don't affect the model's computation, list them in LoadOptions.IgnoredOptions.");
        }
    }

    /// <summary>Creates an exception that names the file, the option, and the fault.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="fault">The fault, as the end of a sentence that begins with the option: "is 3, expected …".</param>
    public InvalidDataException Broken(string name, string fault) => new($"'{File}' cannot be loaded: '{_prefix}{name}' {fault}.");

    /// <summary>Creates an exception that names the file, the option, and the unsupported feature.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="fault">The unsupported feature, as the end of a sentence that begins with the option.</param>
    public NotSupportedException Unsupported(string name, string fault) => new($"'{File}' cannot be loaded: '{_prefix}{name}' {fault}.");

    private static ReadOnlyMemory<byte> StripByteOrderMark(ReadOnlyMemory<byte> json) =>
        json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length > 60 ? text[..60] + "…" : text;
    }

    private JsonElement? Find(string name)
    {
        _read.Add(name);
        return Has(name) ? _root.GetProperty(name) : null;
    }

    private string AsText(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Broken(name, "contains text that isn't valid Unicode");
        }
    }

    private T[]? List<T>(string name, string kind, Func<JsonElement, T?> read)
        where T : class
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Broken(name, $"is {Shown(value)}, expected a list of {kind}");
        }
        return [.. value.EnumerateArray().Select(item => read(item) ?? throw Broken(name, $"holds {Shown(item)}, expected {kind}"))];
    }

    private IEnumerable<string> Unread() =>
        Names.Where(name => !_read.Contains(name) && !name.StartsWith('_') && Has(name)).Select(name => _prefix + name)
            .Concat(_sections.SelectMany(section => section.Unread()));
}
