namespace DotMlx.NN;

/// <summary>The base class of the pooling layers, which divides the input into windows.</summary>
public abstract class PoolBase : Module, IUnaryModule
{
    private readonly int[] _kernel;
    private readonly int[] _stride;
    private readonly int[] _padding;
    private readonly double _paddingValue;

    private protected PoolBase(int[] kernel, int[] stride, int[] padding, double paddingValue)
    {
        foreach (int size in kernel)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, "kernelSize");
        }
        foreach (int step in stride)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step, nameof(stride));
        }
        foreach (int width in padding)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(width, nameof(padding));
        }
        (_kernel, _stride, _padding, _paddingValue) = (kernel, stride, padding, paddingValue);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, spatial sizes..., channels).</param>
    /// <returns>The output, of shape (batch, smaller spatial sizes..., channels).</returns>
    /// <exception cref="ArgumentException">The input has the wrong number of dimensions, or is smaller than a window.</exception>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        int spatial = _kernel.Length;
        if (x.NDim != spatial + 2)
        {
            throw new ArgumentException(
                $"[{GetType().Name}] The input has the shape {ModuleUpdate.Shape(x)}; expected {spatial + 2} dimensions (batch, "
                + $"spatial..., channels).", nameof(x));
        }
        using MlxScope scope = MlxScope.Begin();
        MlxArray padded = x;
        if (_padding.Any(p => p > 0))
        {
            (int, int)[] widths = [(0, 0), .. _padding.Select(p => (p, p)), (0, 0)];
            padded = Mx.Pad(x, widths, constantValues: _paddingValue);
        }
        int[] axes = [.. Enumerable.Range(1 + spatial, spatial)];
        return scope.Keep(Reduce(Windows(padded), axes));
    }

    private protected abstract MlxArray Reduce(MlxArray windows, int[] axes);

    /// <summary>An array of shape (batch, numbers of windows..., window sizes..., channels).</summary>
    private MlxArray Windows(MlxArray x)
    {
        int[] shape = x.Shape.ToArray();
        int[] sizes = shape[1..^1];
        bool tiles = true;
        int[] counts = new int[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            tiles &= _kernel[i] == _stride[i] && sizes[i] % _kernel[i] == 0;
            counts[i] = ((sizes[i] - _kernel[i]) / _stride[i]) + 1;
            if (sizes[i] < _kernel[i])
            {
                throw new ArgumentException(
                    $"[{GetType().Name}] The padded input has the shape {ModuleUpdate.Shape(x)}, smaller "
                    + $"than a window ({string.Join(", ", _kernel)}).");
            }
        }
        return tiles ? Tiles(x, shape, counts) : Overlapping(x, shape, counts);
    }

    private MlxArray Tiles(MlxArray x, int[] shape, int[] counts)
    {
        List<int> split = [shape[0]];
        for (int i = 0; i < counts.Length; i++)
        {
            split.Add(counts[i]);
            split.Add(_kernel[i]);
        }
        split.Add(shape[^1]);
        int last = split.Count - 1;
        int[] order = [0, .. Enumerable.Range(0, counts.Length).Select(i => (2 * i) + 1), .. Enumerable.Range(0, counts.Length)
            .Select(i => (2 * i) + 2), last];
        return Mx.Transpose(Mx.Reshape(x, [.. split]), order);
    }

    private MlxArray Overlapping(MlxArray x, int[] shape, int[] counts)
    {
        long[] strides = new long[shape.Length];
        long step = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= shape[i];
        }
        long[] between = [.. _stride.Select((s, i) => s * strides[i + 1])];
        return Mx.AsStrided(x, [shape[0], .. counts, .. _kernel, shape[^1]], [strides[0], .. between, .. strides[1..^1], strides[^1]]);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"kernel_size={Text(_kernel)}, stride={Text(_stride)}, padding={Text(_padding)}";

    private static string Text(int[] numbers) => "(" + string.Join(", ", numbers) + (numbers.Length == 1 ? ",)" : ")");
}
