using System.Globalization;

namespace DotMlx.LanguageModels;

/// <summary>Selects the quantization of each layer of a model, as mlx-lm does.</summary>
public sealed class QuantizationRecipe
{
    // Routers are small, and their errors are costly because they select the experts.
    private static readonly Quantization Router = new(64, 8);
    private static readonly Dictionary<string, (int Low, int High)> MixedRecipes = new(StringComparer.Ordinal)
    {
        ["mixed_2_6"] = (2, 6), ["mixed_3_4"] = (3, 4), ["mixed_3_6"] = (3, 6), ["mixed_4_6"] = (4, 6),
    };

    private readonly int? _highBits;

    private QuantizationRecipe(Quantization all, int? highBits) => (Default, _highBits) = (all, highBits);

    /// <summary>The names of the mixed recipes: <c>mixed_2_6</c>, <c>mixed_3_4</c>, <c>mixed_3_6</c>, and <c>mixed_4_6</c>.</summary>
    public static IReadOnlyList<string> MixedNames => [.. MixedRecipes.Keys];

    /// <summary>The setting of most layers.</summary>
    public Quantization Default { get; }

    /// <summary>Uses the same setting for all layers, except that routers of experts get 8 bits.</summary>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode (64 for <c>affine</c>).</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode (4 for <c>affine</c>).</param>
    /// <param name="mode"><c>affine</c>, <c>mxfp4</c>, <c>mxfp8</c>, or <c>nvfp4</c>.</param>
    /// <exception cref="ArgumentException">The mode is unknown, or it doesn't support the group size or the bits.</exception>
    public static QuantizationRecipe Uniform(int? groupSize = null, int? bits = null, string mode = "affine") =>
        new(Quantization.Create(groupSize, bits, mode), null);

    /// <summary>
    /// Uses few bits for most layers and more for the most sensitive ones: the output layer, and the value and down projections of the
    /// first and last eighth of the layers and of every third layer in between.
    /// </summary>
    /// <param name="name">One of <see cref="MixedNames"/>: the bits of most layers and of the others.</param>
    /// <param name="groupSize">The number of elements that share a scale: 32, 64, or 128.</param>
    /// <exception cref="ArgumentException">The recipe or the group size is unknown.</exception>
    public static QuantizationRecipe Mixed(string name, int groupSize = 64)
    {
        ArgumentNullException.ThrowIfNull(name);
        return MixedRecipes.TryGetValue(name, out (int Low, int High) bits)
            ? new(Quantization.Create(groupSize, bits.Low, "affine"), bits.High)
            : throw new ArgumentException($"There is no recipe '{name}'; expected one of {string.Join(", ", MixedRecipes.Keys)}.",
                nameof(name));
    }

    /// <summary>Returns the quantization of a layer.</summary>
    /// <param name="path">The dotted path of the layer, such as <c>model.layers.0.mlp.down_proj</c>.</param>
    /// <param name="layers">The number of layers of the model.</param>
    /// <param name="inputs">The size of the last axis of the layer's input, which must be a multiple of the group size.</param>
    /// <returns>The setting, or null if the layer isn't quantized.</returns>
    public Quantization? Of(string path, int layers, int inputs)
    {
        ArgumentNullException.ThrowIfNull(path);
        Quantization chosen = IsRouter(path) ? Router : UsesMoreBits(path, layers) ? Default with { Bits = _highBits!.Value } : Default;
        return inputs % chosen.GroupSize == 0 ? chosen : null;
    }

    private static bool IsRouter(string path) =>
        path.EndsWith("mlp.gate", StringComparison.Ordinal) || path.EndsWith(".router", StringComparison.Ordinal)
        || path.EndsWith("block_sparse_moe.gate", StringComparison.Ordinal);

    private bool UsesMoreBits(string path, int layers)
    {
        if (_highBits is null)
        {
            return false;
        }
        if (path.Contains("lm_head", StringComparison.Ordinal))
        {
            return true;
        }
        if (!path.Contains("v_proj", StringComparison.Ordinal) && !path.Contains("down_proj", StringComparison.Ordinal))
        {
            return false;
        }
        int index = path.Split('.').Where(part => int.TryParse(part, CultureInfo.InvariantCulture, out _))
            .Select(part => int.Parse(part, CultureInfo.InvariantCulture)).FirstOrDefault();
        return index < layers / 8 || index >= 7 * layers / 8 || (index - (layers / 8)) % 3 == 2;
    }
}
