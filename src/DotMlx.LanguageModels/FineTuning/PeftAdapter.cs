using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Loads adapters in the format of Hugging Face PEFT: <c>adapter_model.safetensors</c> with LoRA or DoRA weights.</summary>
internal static partial class PeftAdapter
{
    private const string WeightsName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["lora_A.weight"] = "lora_a",
        ["lora_B.weight"] = "lora_b",
        ["lora_embedding_A"] = "lora_a",
        ["lora_embedding_B"] = "lora_b",
        ["lora_magnitude_vector"] = "m",
        ["lora_magnitude_vector.weight"] = "m",
    };

    internal static Adapter Load(LanguageModel model, string folder)
    {
        string configPath = Path.Combine(folder, AdapterConfig.FileName), path = Path.Combine(folder, WeightsName);
        JsonObject config = AdapterConfig.Read(configPath);
        string type = AdapterConfig.Guarded(configPath, () => (string?)config["peft_type"]) ?? "";
        if (type != "LORA")
        {
            throw new NotSupportedException($"'{configPath}' has the 'peft_type' '{type}'; only LORA is supported.");
        }
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{folder}' has no {WeightsName}; other PEFT formats aren't supported.", path);
        }
        using SafetensorsFile file = Mx.LoadSafetensors(path);
        Decoder decoder = model.Decoder;
        Dictionary<string, Module> modules = decoder.NamedModules()
            .ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
        FineTuningMethod method = AdapterConfig.Guarded(configPath, () => (bool?)config["use_dora"]) == true
            ? FineTuningMethod.Dora
            : FineTuningMethod.Lora;
        Dictionary<string, Module> layers = new(StringComparer.Ordinal);
        HashSet<(int Rank, double Scale)> kinds = [];
        foreach (var group in file.Select(item => Place(path, item.Key, item.Value)).GroupBy(place => place.Layer, StringComparer.Ordinal))
        {
            if (!modules.TryGetValue(group.Key, out Module? layer) || layer is not (Linear or SwitchLinear or Embedding))
            {
                throw new InvalidDataException($"'{path}' does not fit: the model has no layer '{group.Key}' that supports LoRA.");
            }
            MlxArray a = group.FirstOrDefault(place => place.Parameter == "lora_a").Array
                ?? throw new InvalidDataException($"'{path}' is broken: '{group.Key}' has no lora_A.");
            int rank = a.Shape[0];
            double scale = AdapterConfig.Guarded(configPath, () => ScaleOf(config, group.Key, rank));
            kinds.Add((rank, scale));
            Module wrapper = AdapterLayers.Wrap(group.Key, layer, method, rank, scale, 0);
            foreach ((string name, _, string parameter, MlxArray array) in group)
            {
                // PEFT stores the low-rank matrices transposed relative to mlx-lm.
                MlxArray turned = array.NDim == 2 ? Mx.Contiguous(Mx.Transpose(array)) : array.Share();
                turned.Eval();
                AdapterFiles.Set(wrapper, path, name, parameter, turned);
            }
            layers.Add(group.Key, wrapper);
        }
        return layers.Count > 0
            ? Adapter.Of(model, Describe(decoder, config, method, layers.Keys, kinds), layers)
            : throw new InvalidDataException($"'{path}' is broken: it holds no weights.");
    }

    private static (string Name, string Layer, string Parameter, MlxArray Array) Place(string path, string name, MlxArray array)
    {
        string rest = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
        foreach ((string ending, string parameter) in Parameters)
        {
            if (rest.EndsWith("." + ending, StringComparison.Ordinal))
            {
                return (name, rest[..^(ending.Length + 1)], parameter, array);
            }
        }
        throw new NotSupportedException($"'{path}' has the weight '{name}', which isn't a LoRA or DoRA weight. Trained biases and "
            + "whole modules aren't supported.");
    }

    /// <summary>
    /// The scale factor: lora_alpha / rank, or lora_alpha / √rank with use_rslora. An alpha_pattern can override lora_alpha for individual
    /// layers.
    /// </summary>
    private static double ScaleOf(JsonObject config, string layer, int rank)
    {
        double alpha = (double?)config["lora_alpha"] ?? 8;
        foreach ((string pattern, JsonNode? own) in config["alpha_pattern"] as JsonObject ?? [])
        {
            if (Regex.IsMatch(layer, $@"^(?:.*\.)?(?:{pattern})$", RegexOptions.CultureInvariant, Patience))
            {
                alpha = (double?)own ?? alpha;
                break;
            }
        }
        return alpha / ((bool?)config["use_rslora"] == true ? Math.Sqrt(rank) : rank);
    }

    private static AdapterConfig Describe(
        Decoder decoder, JsonObject config, FineTuningMethod method, IReadOnlyCollection<string> layers,
        HashSet<(int Rank, double Scale)> kinds)
    {
        int count = decoder.Model.Layers.Count, first = count;
        SortedSet<string> keys = new(StringComparer.Ordinal);
        foreach (string layer in layers)
        {
            Match inside = InLayer().Match(layer);
            first = inside.Success ? Math.Min(first, int.Parse(inside.Groups["index"].ValueSpan, CultureInfo.InvariantCulture)) : first;
            keys.Add(inside.Success ? inside.Groups["key"].Value : layer);
        }
        (int rank, double scale) = kinds.First();
        return new()
        {
            Method = method,
            Model = config["base_model_name_or_path"]?.ToString(),
            Layers = Math.Max(count - first, 1),
            Lora = new() { Rank = rank, Scale = scale, Keys = [.. keys] },
            IsUniform = kinds.Count == 1,
        };
    }

    [GeneratedRegex(@"^model\.layers\.(?<index>[0-9]{1,6})\.(?<key>.+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex InLayer();
}
