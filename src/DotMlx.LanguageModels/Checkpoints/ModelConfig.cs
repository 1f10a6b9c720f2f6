using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels;

/// <summary>
/// The options of a <c>config.json</c>, or of a section of one. It remembers which options were read, so that
/// <see cref="RefuseUnread"/> can name those that nobody understood.
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
    /// <exception cref="InvalidDataException">The file has no such option, or it is no text.</exception>
    public string ModelType => Text("model_type");

    /// <summary>The names of all options, in the order of the file.</summary>
    public IEnumerable<string> Names => _root.EnumerateObject().Select(option => option.Name);

    /// <summary>The whole file as nodes that can be changed.</summary>
    internal JsonObject ToNode() => JsonObject.Create(_root)!;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The path of a JSON file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no JSON object.</exception>
    public static ModelConfig Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileInfo file = new(path);
        if (file.Exists && file.Length > MaxBytes)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it has {file.Length} bytes, and {MaxBytes} is the limit.");
        }
        return Parse(System.IO.File.ReadAllBytes(path), path);
    }

    /// <summary>Reads the text of a file.</summary>
    /// <param name="json">UTF-8 text of a JSON object.</param>
    /// <param name="file">What messages call it.</param>
    /// <exception cref="InvalidDataException">The text is no JSON object.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            using JsonDocument document = JsonDocument.Parse(StripByteOrderMark(json));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"'{file}' cannot be loaded: it is no JSON object.");
            }
            // Names that are no valid text would fail later, far from here.
            foreach (JsonProperty option in document.RootElement.EnumerateObject())
            {
                _ = option.Name;
            }
            return new(file, "", document.RootElement.Clone());
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{file}' cannot be loaded: it is no valid JSON ({exception.Message.TrimEnd('.')}).",
                exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException($"'{file}' cannot be loaded: it holds text that is no valid Unicode.", exception);
        }
    }

    /// <summary>Whether the option is there and not null. Does not count as reading it.</summary>
    /// <param name="name">The name of the option.</param>
    public bool Has(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Whether the option is there and null, which some options tell from missing. Does not count as reading it.</summary>
    /// <param name="name">The name of the option.</param>
    public bool IsNull(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>A whole number that must be there.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="minimum">The smallest number allowed.</param>
    /// <param name="maximum">The largest number allowed.</param>
    /// <exception cref="InvalidDataException">The option is missing, no whole number, or out of range.</exception>
    public int Integer(string name, int minimum = 1, int maximum = 1 << 28) =>
        IntegerOrNull(name, minimum, maximum) ?? throw Broken(name, "is missing");

    /// <summary>A whole number, or another one where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">What a missing option means.</param>
    /// <param name="minimum">The smallest number allowed.</param>
    /// <param name="maximum">The largest number allowed.</param>
    /// <exception cref="InvalidDataException">The option is no whole number or out of range.</exception>
    public int IntegerOr(string name, int missing, int minimum = 1, int maximum = 1 << 28) =>
        IntegerOrNull(name, minimum, maximum) ?? missing;

    /// <summary>A whole number, or null where the option is missing.</summary>
    /// <inheritdoc cref="IntegerOr"/>
    public int? IntegerOrNull(string name, int minimum = 1, int maximum = 1 << 28)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        // Python writes 32.0 where a number came from a computation.
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number != Math.Truncate(number))
        {
            throw Broken(name, $"is {Shown(value)}, expected a whole number");
        }
        return number >= minimum && number <= maximum
            ? (int)number
            : throw Broken(name, $"is {Shown(value)}, expected a number from {minimum} to {maximum}");
    }

    /// <summary>A number that must be there.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is missing or no finite number.</exception>
    public double Number(string name) => NumberOrNull(name) ?? throw Broken(name, "is missing");

    /// <summary>A number, or another one where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">What a missing option means.</param>
    /// <exception cref="InvalidDataException">The option is no finite number.</exception>
    public double NumberOr(string name, double missing) => NumberOrNull(name) ?? missing;

    /// <summary>A number, or null where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is no finite number.</exception>
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

    /// <summary>A number above 0, or another one where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">What a missing option means.</param>
    /// <exception cref="InvalidDataException">The option is no positive number.</exception>
    public double PositiveOr(string name, double missing)
    {
        double number = NumberOr(name, missing);
        return number > 0 ? number
            : throw Broken(name, string.Create(CultureInfo.InvariantCulture, $"is {number}, expected a number above 0"));
    }

    /// <summary>A truth value, or another one where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="missing">What a missing option means.</param>
    /// <exception cref="InvalidDataException">The option is neither true nor false.</exception>
    public bool Flag(string name, bool missing) => Find(name) is not { } value
        ? missing
        : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Broken(name, $"is {Shown(value)}, expected true or false"),
        };

    /// <summary>A text that must be there.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is missing or no text.</exception>
    public string Text(string name) => TextOrNull(name) ?? throw Broken(name, "is missing");

    /// <summary>A text, or null where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is no text.</exception>
    public string? TextOrNull(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String ? AsText(name, value) : throw Broken(name, $"is {Shown(value)}, expected a text");
    }

    /// <summary>A list of texts, or null where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is no list of texts.</exception>
    public IReadOnlyList<string>? Texts(string name) => List(name, "texts", value =>
        value.ValueKind == JsonValueKind.String ? AsText(name, value) : null);

    /// <summary>A list of whole numbers, or of a single one that stands alone, or null where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is neither a whole number nor a list of them.</exception>
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

    /// <summary>A list of finite numbers, or null where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is no list of finite numbers.</exception>
    public IReadOnlyList<double>? Numbers(string name) => List<object>(name, "finite numbers", value =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null)
        ?.Select(number => (double)number).ToArray();

    /// <summary>The options below a name, or null where the option is missing.</summary>
    /// <param name="name">The name of the option.</param>
    /// <exception cref="InvalidDataException">The option is no JSON object.</exception>
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

    /// <summary>Whether an option is a JSON object. Does not count as reading it.</summary>
    /// <param name="name">The name of the option.</param>
    public bool IsSection(string name) => _root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>Says that options change nothing in what the model computes.</summary>
    /// <param name="names">Their names; those that are not there are skipped.</param>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            _read.Add(name);
        }
    }

    /// <summary>Refuses the file when an option has another value than the only one that is understood.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="expected">The only value that is understood; it is also what a missing option means.</param>
    /// <exception cref="NotSupportedException">The option has another value.</exception>
    public void Require(string name, bool expected)
    {
        if (Flag(name, expected) != expected)
        {
            throw Unsupported(name, $"is {(expected ? "false" : "true")}, and only {(expected ? "true" : "false")} is supported");
        }
    }

    /// <summary>Refuses the file when it has options, here or in sections, that nobody has read.</summary>
    /// <exception cref="NotSupportedException">There are such options; the message names them all.</exception>
    public void RefuseUnread()
    {
        string[] unread = [.. Unread()];
        if (unread.Length > 0)
        {
            throw new NotSupportedException(
                $"'{File}' has options that this library does not know and will not ignore: "
                + $"{string.Join(", ", unread.Select(name => $"'{name}'"))}. "
                + "If they change nothing in what the model computes, name them in LoadOptions.IgnoredOptions.");
        }
    }

    /// <summary>An exception that names the file, the option and its fault.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="fault">What is wrong, as the end of a sentence that begins with the option: "is 3, expected …".</param>
    public InvalidDataException Broken(string name, string fault) => new($"'{File}' cannot be loaded: '{_prefix}{name}' {fault}.");

    /// <summary>An exception that names the file, the option and what is not supported.</summary>
    /// <param name="name">The name of the option.</param>
    /// <param name="fault">What is not supported, as the end of a sentence that begins with the option.</param>
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
            throw Broken(name, "holds text that is no valid Unicode");
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
