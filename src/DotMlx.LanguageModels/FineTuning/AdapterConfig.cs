using System.Text.Json;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The configuration of an adapter, stored by mlx-lm as <c>adapter_config.json</c>.</summary>
public sealed record AdapterConfig
{
    /// <summary>The name of the configuration file.</summary>
    public const string FileName = "adapter_config.json";

    private const long MaxBytes = 1L << 20;

    /// <summary>The fine-tuning method (<c>fine_tune_type</c>).</summary>
    public FineTuningMethod Method { get; init; }

    /// <summary>
    /// The number of decoder layers to train, counted from the last layer (<c>num_layers</c>). Zero or less selects all layers.
    /// </summary>
    public int Layers { get; init; } = 16;

    /// <summary>
    /// The parameters of the low-rank adapters (<c>lora_parameters</c>). <see cref="FineTuningMethod.Full"/> doesn't use them.
    /// </summary>
    public LoraParameters Lora { get; init; } = new();

    /// <summary>The name or path of the base model (<c>model</c>), as the file states it; null if the file doesn't state one.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// Whether all low-rank adapters have the rank and scale factor of <see cref="Lora"/>. PEFT allows several, and the file of mlx-lm
    /// can't store them.
    /// </summary>
    internal bool IsUniform { get; init; } = true;

    /// <summary>Loads <c>adapter_config.json</c> in the format of mlx-lm.</summary>
    /// <param name="folder">The folder of the adapter.</param>
    /// <exception cref="FileNotFoundException">The folder doesn't contain the file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is corrupt or larger than 1 MiB, or a value is missing or out of range. The message names the fault.
    /// </exception>
    /// <exception cref="NotSupportedException">The file specifies an unknown fine-tuning type.</exception>
    public static AdapterConfig Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, FileName);
        JsonObject json = Read(path);
        return Guarded(path, () => FromJson(json, path));
    }

    internal static JsonObject Read(string path)
    {
        FileInfo file = new(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"'{Path.GetDirectoryName(path)}' isn't an adapter: it has no {FileName}.", path);
        }
        if (file.Length > MaxBytes)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: it has {file.Length} bytes, but the limit is {MaxBytes}.");
        }
        return Guarded(path, () => JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject
            ?? throw new FormatException("it isn't a JSON object"));
    }

    /// <summary>Wraps parsing errors in an exception that names the file.</summary>
    internal static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}' cannot be loaded: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>Checks that the format of mlx-lm can store this configuration.</summary>
    /// <exception cref="NotSupportedException">The low-rank adapters have different ranks or scale factors.</exception>
    internal void CheckCanSave()
    {
        if (!IsUniform)
        {
            throw new NotSupportedException("The adapter's layers have several ranks or scales, which mlx-lm's "
                + "format can't represent: fuse the adapter instead.");
        }
    }

    /// <summary>Writes the file atomically.</summary>
    internal void Save(string folder)
    {
        JsonObject json = new()
        {
            ["fine_tune_type"] = NameOf(Method),
            ["model"] = Model,
            ["num_layers"] = Layers,
            ["lora_parameters"] = Method == FineTuningMethod.Full ? null : LoraJson(),
        };
        WholeFile.Write(Path.Combine(folder, FileName), stream =>
        {
            using Utf8JsonWriter writer = new(stream, new() { Indented = true });
            json.WriteTo(writer);
        });
    }

    internal static string NameOf(FineTuningMethod method) => method switch
    {
        FineTuningMethod.Lora => "lora",
        FineTuningMethod.Dora => "dora",
        _ => "full",
    };

    private static AdapterConfig FromJson(JsonObject json, string path)
    {
        string type = (string?)json["fine_tune_type"] ?? "lora";
        FineTuningMethod method = type switch
        {
            "lora" => FineTuningMethod.Lora,
            "dora" => FineTuningMethod.Dora,
            "full" => FineTuningMethod.Full,
            _ => throw new NotSupportedException($"'{path}' has the 'fine_tune_type' '{type}'; expected lora, dora, or full."),
        };
        AdapterConfig config = new()
            { Method = method, Model = (string?)json["model"], Layers = (int?)json["num_layers"] ?? throw Missing("num_layers") };
        if (method == FineTuningMethod.Full)
        {
            return config;
        }
        JsonObject lora = json["lora_parameters"] as JsonObject ?? throw Missing("lora_parameters");
        LoraParameters parameters = new()
        {
            Rank = (int?)lora["rank"] ?? throw Missing("lora_parameters.rank"),
            Scale = (double?)lora["scale"] ?? throw Missing("lora_parameters.scale"),
            Dropout = (double?)lora["dropout"] ?? 0,
            Keys = lora["keys"] is JsonArray keys
                ? [.. keys.Select(key => (string?)key ?? throw new FormatException("'lora_parameters.keys' holds null"))]
                : null,
        };
        parameters.Check();
        return config with { Lora = parameters };
    }

    private static FormatException Missing(string name) => new($"it has no '{name}'");

    private JsonObject LoraJson()
    {
        JsonObject lora = new() { ["rank"] = Lora.Rank, ["scale"] = Lora.Scale, ["dropout"] = Lora.Dropout };
        if (Lora.Keys is { } keys)
        {
            lora["keys"] = new JsonArray([.. keys.Select(key => (JsonNode?)JsonValue.Create(key))]);
        }
        return lora;
    }
}
