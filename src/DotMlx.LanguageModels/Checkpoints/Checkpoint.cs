using System.Text.RegularExpressions;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels;

/// <summary>
/// The weights of a folder. A family renames the weights to its model's parameters, and then the layers take them. Missing, unused, and
/// misshapen weights are collected and reported together.
/// </summary>
public sealed class Checkpoint : WeightSource
{
    private readonly Dictionary<string, MlxArray> _arrays;
    private readonly HashSet<MlxArray> _taken = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly QuantizationSettings _quantization;
    private readonly List<string> _missing = [];
    private readonly List<string> _misshapen = [];
    private readonly string _name;

    internal Checkpoint(string name, Dictionary<string, MlxArray> arrays, QuantizationSettings quantization)
    {
        _name = name;
        _arrays = arrays;
        _quantization = quantization;
    }

    /// <summary>The names of the weights.</summary>
    public IReadOnlyCollection<string> Names => _arrays.Keys;

    /// <summary>Renames weights.</summary>
    /// <param name="rename">Maps a name to its new name, or to null to drop the weight.</param>
    /// <exception cref="InvalidDataException">Two weights would get the same name.</exception>
    public void Rename(Func<string, string?> rename)
    {
        ArgumentNullException.ThrowIfNull(rename);
        foreach ((string name, MlxArray array) in _arrays.ToArray())
        {
            string? renamed = rename(name);
            if (renamed == name)
            {
                continue;
            }
            _arrays.Remove(name);
            if (renamed is null)
            {
                array.Dispose();
            }
            else if (!_arrays.TryAdd(renamed, array))
            {
                _arrays.Add(name, array);
                throw new InvalidDataException(
                    $"'{_name}' cannot be loaded: it has the weights '{renamed}' and '{name}', which are the same weight.");
            }
        }
    }

    /// <summary>
    /// Replaces weights by arrays computed from them. Each array is evaluated before the next one is computed, to limit peak memory.
    /// </summary>
    /// <param name="name">The names of the weights to replace, as a regular expression that matches whole names.</param>
    /// <param name="convert">Maps the match and the array to new names and arrays.</param>
    public void Convert(string name, Func<Match, MlxArray, IEnumerable<KeyValuePair<string, MlxArray>>> convert)
    {
        ArgumentNullException.ThrowIfNull(convert);
        Regex pattern = Whole(name);
        foreach (string key in _arrays.Keys.ToArray())
        {
            if (pattern.Match(key) is not { Success: true } match)
            {
                continue;
            }
            MlxArray array = _arrays[key];
            KeyValuePair<string, MlxArray>[] converted;
            try
            {
                converted = [.. convert(match, array)];
                Mx.Eval(converted.Select(item => item.Value));
            }
            catch (Exception exception) when (exception is ArgumentException or MlxException or IndexOutOfRangeException)
            {
                throw new InvalidDataException(
                    $"'{_name}' cannot be loaded: the weight '{key}' of shape {ShapeOf(array)} cannot be converted ({exception.Message}).",
                    exception);
            }
            _arrays.Remove(key);
            foreach ((string newName, MlxArray made) in converted)
            {
                if (!_arrays.TryAdd(newName, made))
                {
                    throw new InvalidDataException(
                        $"'{_name}' cannot be loaded: it has both the weight '{newName}' and '{key}', which contains it.");
                }
            }
            if (!converted.Any(item => ReferenceEquals(item.Value, array)))
            {
                array.Dispose();
            }
        }
    }

    /// <summary>Joins the weights of individual experts, <c>….experts.0.w1.weight</c> and so on, along a new first axis.</summary>
    /// <param name="pattern">
    /// The names, with <c>{expert}</c> for the number of the expert and <c>{name}</c> for the last part. A preceding path is kept.
    /// </param>
    /// <param name="joined">The name of the joined weight, also with <c>{name}</c>.</param>
    public void JoinExperts(string pattern, string joined)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(joined);
        Regex single = Whole("(?<path>.*\\.)" + Regex.Escape(pattern)
            .Replace("\\{expert}", "(?<expert>0|[1-9][0-9]{0,5})", StringComparison.Ordinal)
            .Replace("\\{name}", "(?<name>weight|scales|biases|bias)", StringComparison.Ordinal));
        var groups = _arrays.Keys.Select(key => single.Match(key)).Where(match => match.Success)
            .GroupBy(match => match.Groups["path"].Value + joined.Replace("{name}", match.Groups["name"].Value, StringComparison.Ordinal))
            .ToArray();
        foreach (var group in groups)
        {
            string[] keys = [.. group.OrderBy(match =>
                int.Parse(match.Groups["expert"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture))
                .Select(match => match.Value)];
            MlxArray[] parts = [.. keys.Select(key => _arrays[key])];
            int expected = group.Select(match =>
                int.Parse(match.Groups["expert"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)).Max() + 1;
            if (expected != keys.Length || parts.Any(part => !part.Shape.SequenceEqual(parts[0].Shape)))
            {
                // Weights that aren't joined are reported as missing and unused.
                continue;
            }
            MlxArray whole = Mx.Stack(parts);
            whole.Eval();
            for (int i = 0; i < keys.Length; i++)
            {
                _arrays.Remove(keys[i]);
                parts[i].Dispose();
            }
            if (!_arrays.TryAdd(group.Key, whole))
            {
                throw new InvalidDataException(
                    $"'{_name}' cannot be loaded: it has both the weight '{group.Key}' and '{keys[0]}', which is a part of it.");
            }
        }
    }

    /// <inheritdoc/>
    public override bool Has(string name) => _arrays.ContainsKey(name);

    /// <inheritdoc/>
    public override MlxArray Get(string name, params ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Take(name, shape, static type => type.IsFloating(), "a floating-point type");
    }

    /// <inheritdoc/>
    public override Linear Linear(string path, int inputs, int outputs, bool bias = false)
    {
        MlxArray? shift = bias ? Get(path + ".bias", outputs) : null;
        return Packed(path, [outputs], inputs) is { } packed
            ? new QuantizedLinear(packed.Weight, packed.Scales, packed.Biases, shift, packed.How.GroupSize, packed.How.Bits,
                packed.How.Mode)
            : new Linear(Get(path + ".weight", outputs, inputs), shift);
    }

    /// <inheritdoc/>
    public override Embedding Embedding(string path, int count, int dims) => Packed(path, [count], dims) is { } packed
        ? new QuantizedEmbedding(packed.Weight, packed.Scales, packed.Biases, packed.How.GroupSize, packed.How.Bits, packed.How.Mode)
        : new Embedding(Get(path + ".weight", count, dims));

    /// <inheritdoc/>
    public override SwitchLinear SwitchLinear(string path, int experts, int inputs, int outputs, bool bias = false)
    {
        MlxArray? shift = bias ? Get(path + ".bias", experts, outputs) : null;
        return Packed(path, [experts, outputs], inputs) is { } packed
            ? new QuantizedSwitchLinear(packed.Weight, packed.Scales, packed.Biases, shift, packed.How)
            : new SwitchLinear(Get(path + ".weight", experts, outputs, inputs), shift);
    }

    /// <summary>Finishes building a model and checks that every weight has been used.</summary>
    /// <exception cref="InvalidDataException">Weights are missing, unused, or misshapen; the message lists all of them.</exception>
    internal void Finish()
    {
        string[] unexpected = [.. Names.Where(name => !_used.Contains(name)).Order(StringComparer.Ordinal)
            .Select(name => $"'{name}' of shape {ShapeOf(_arrays[name])} has no place in the model")];
        string[] problems = [.. _missing, .. unexpected, .. _misshapen];
        if (problems.Length > 0)
        {
            throw new InvalidDataException(
                $"The weights of '{_name}' don't match its config.json ({_missing.Count} missing, {unexpected.Length} unexpected, "
                + $"{_misshapen.Count} with the wrong shape):\n  {string.Join("\n  ", problems)}");
        }
        foreach (MlxArray array in _taken)
        {
            MlxScope.Detach(array);
        }
    }

    /// <summary>Frees all weights, after a failure.</summary>
    internal void Free()
    {
        foreach (MlxArray array in _arrays.Values)
        {
            array.Dispose();
        }
    }

    private static Regex Whole(string pattern) => new($"^(?:{pattern})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);

    private static string ShapeOf(MlxArray array) => Shape(array.Shape);

    private static string Shape(ReadOnlySpan<int> shape) => $"({string.Join(", ", shape.ToArray())})";

    /// <summary>Returns the parts of a quantized weight, or null if the weight isn't quantized in the checkpoint.</summary>
    private (MlxArray Weight, MlxArray Scales, MlxArray? Biases, Quantization How)? Packed(string path, ReadOnlySpan<int> rows, int columns)
    {
        if (!_arrays.ContainsKey(path + ".scales"))
        {
            return null;
        }
        if (_quantization.Of(path) is not { } how)
        {
            _misshapen.Add($"'{path}.scales' exists, but config.json doesn't state how '{path}' is quantized");
            how = new(64, 4);
        }
        if (columns % how.GroupSize != 0 || (long)columns * how.Bits % 32 != 0)
        {
            _misshapen.Add($"'{path}' has {columns} inputs, which cannot be packed in groups of {how.GroupSize} with {how.Bits} bits");
        }
        bool affine = how.Mode == "affine";
        MlxArray weight = Take(path + ".weight", [.. rows, (int)((long)columns * how.Bits / 32)],
            static type => type == DType.UInt32, "uint32");
        int[] scaled = [.. rows, columns / how.GroupSize];
        MlxArray scales = affine
            ? Get(path + ".scales", scaled)
            : Take(path + ".scales", scaled, static type => type == DType.UInt8, "uint8");
        return (weight, scales, affine ? Get(path + ".biases", scaled) : null, how);
    }

    private MlxArray Take(string name, ReadOnlySpan<int> shape, Func<DType, bool> fits, string expected)
    {
        if (!_arrays.TryGetValue(name, out MlxArray? array))
        {
            _missing.Add($"'{name}' of shape {Shape(shape)} is missing");
            return 0f;
        }
        _used.Add(name);
        if (!array.Shape.SequenceEqual(shape))
        {
            _misshapen.Add($"'{name}' has the shape {ShapeOf(array)}, expected {Shape(shape)}");
        }
        else if (!fits(array.DType))
        {
            _misshapen.Add($"'{name}' has the type {array.DType}, expected {expected}");
        }
        _taken.Add(array);
        return array;
    }
}
