using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// A cache that keeps all positions and quantizes them once there are many. Keys and values each consist of the three arrays that
/// <see cref="Mx.Quantize"/> returns.
/// </summary>
internal sealed class QuantizedCache(CacheOptions options) : LayerCache
{
    private readonly GrowingCache _plain = new(options.Step);
    private readonly GrowingBuffer[] _keys = [new(options.Step), new(options.Step), new(options.Step)];
    private readonly GrowingBuffer[] _values = [new(options.Step), new(options.Step), new(options.Step)];

    internal override string Kind => System.FormattableString.Invariant($"quantized-{options.Bits}-{options.GroupSize}");

    internal override int Trimmable => Offset;

    internal override IEnumerable<MlxArray> Arrays => IsPacked ? _keys.Concat(_values).Select(buffer => buffer.Array!) : _plain.Arrays;

    private bool IsPacked => _keys[0].Array is not null;

    internal override MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, ForwardPass pass, in AttentionSettings settings)
    {
        if (!IsPacked && Offset + pass.Length <= options.QuantizeFrom)
        {
            // Trim changes only the offset of this cache.
            _plain.Trim(_plain.Offset - Offset);
            Offset += pass.Length;
            return _plain.Attend(queries, keys, values, pass, settings);
        }
        if (!IsPacked && Offset > 0)
        {
            PackPlain();
        }
        Write(_keys, keys, Offset);
        Write(_values, values, Offset);
        Offset += pass.Length;

        int first = settings.Window is { } window ? Math.Max(0, pass.Offset + 1 - window) : 0;
        int valueFeatures = values.Shape[3];
        using MlxArray grouped = AttentionKernel.Group(queries, keys.Shape[1], settings.Scale);
        using MlxArray padded = Pad(grouped);
        using MlxArray scores = Multiply(padded, _keys, first, transpose: true);
        using MlxArray weights = AttentionKernel.Weigh(scores, queries.Shape, first, pass, settings);
        using MlxArray wide = Multiply(weights, _values, first, transpose: false);
        using MlxArray result = wide.Shape[3] == valueFeatures ? wide.Share() : wide[Mx.Ellipsis, ..valueFeatures];
        return Mx.Reshape(result, queries.Shape[0], queries.Shape[1], queries.Shape[2], valueFeatures);
    }

    internal override IReadOnlyList<MlxArray> Capture()
    {
        _plain.Trim(Math.Max(0, _plain.Offset - Offset));
        return IsPacked && Offset > 0 ? [.. _keys.Concat(_values).Select(buffer => buffer.Read(0, Offset))] : _plain.Capture();
    }

    internal override void Restore(IReadOnlyList<MlxArray> arrays, int offset)
    {
        Dispose();
        if (arrays.Count == 2)
        {
            _plain.Restore(arrays, offset);
        }
        else
        {
            CacheFiles.CheckArrays(Kind, arrays, 6, offset, exact: false);
            for (int i = 0; i < arrays.Count; i++)
            {
                (i < 3 ? _keys[i] : _values[i - 3]).Become(arrays[i].Share());
            }
        }
        Offset = offset;
    }

    internal override void Select(MlxArray rows)
    {
        _plain.Select(rows);
        foreach (GrowingBuffer buffer in IsPacked ? _keys.Concat(_values) : [])
        {
            buffer.Become(Mx.Take(buffer.Array!, rows, axis: 0));
        }
    }

    public override void Dispose()
    {
        Offset = 0;
        _plain.Dispose();
        foreach (GrowingBuffer buffer in _keys.Concat(_values))
        {
            buffer.Dispose();
        }
    }

    private void PackPlain()
    {
        _plain.Trim(_plain.Offset - Offset);
        IReadOnlyList<MlxArray> plain = _plain.Capture();
        using (plain[0])
        {
            using (plain[1])
            {
                Write(_keys, plain[0], 0);
                Write(_values, plain[1], 0);
            }
        }
        _plain.Dispose();
    }

    private void Write(GrowingBuffer[] buffers, MlxArray added, int start)
    {
        using MlxArray padded = Pad(added);
        (MlxArray weight, MlxArray scales, MlxArray? biases) = Mx.Quantize(padded, options.GroupSize, options.Bits);
        MlxArray[] parts = [weight, scales, biases!];
        for (int i = 0; i < parts.Length; i++)
        {
            using (parts[i])
            {
                buffers[i].Write(parts[i], start);
            }
        }
    }

    private MlxArray Multiply(MlxArray x, GrowingBuffer[] buffers, int first, bool transpose)
    {
        using MlxArray weight = buffers[0].Read(first, Offset);
        using MlxArray scales = buffers[1].Read(first, Offset);
        using MlxArray biases = buffers[2].Read(first, Offset);
        if (!Mx.Cuda.IsAvailable())
        {
            return Mx.QuantizedMatMul(x, weight, scales, biases, transpose, options.GroupSize, options.Bits);
        }

        // On CUDA, MLX multiplies by quantized matrices of some shapes and layouts only.
        using MlxArray plain = Mx.Dequantize(weight, scales, biases, options.GroupSize, options.Bits);
        using MlxArray factor = transpose ? Mx.SwapAxes(plain, -1, -2) : plain.Share();
        return Mx.MatMul(x, factor);
    }

    /// <summary>Pads the features with zeros to a whole number of groups. Zeros don't change the products.</summary>
    private MlxArray Pad(MlxArray x)
    {
        int missing = (options.GroupSize - (x.Shape[3] % options.GroupSize)) % options.GroupSize;
        return missing == 0 ? x.Share() : Mx.Pad(x, [(0, 0), (0, 0), (0, 0), (0, missing)]);
    }
}
