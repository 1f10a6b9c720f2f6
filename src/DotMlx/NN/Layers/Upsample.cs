namespace DotMlx.NN;

/// <summary>How <see cref="Upsample"/> computes values between those of the input.</summary>
public enum UpsampleMode
{
    /// <summary>The nearest one.</summary>
    Nearest,

    /// <summary>Linear interpolation along every axis.</summary>
    Linear,

    /// <summary>Cubic interpolation along every axis.</summary>
    Cubic,
}

/// <summary>Enlarges the spatial axes (<c>nn.Upsample</c>).</summary>
public sealed class Upsample : Module, IUnaryModule
{
    private readonly double[] _scales;
    private readonly bool _same;
    private readonly UpsampleMode _mode;
    private readonly bool _alignCorners;

    /// <summary>Makes a layer with one factor for all spatial axes.</summary>
    /// <param name="scaleFactor">The factor.</param>
    /// <param name="mode">How values between are computed.</param>
    /// <param name="alignCorners">Whether the corners of input and output coincide, for linear and cubic.</param>
    public Upsample(double scaleFactor, UpsampleMode mode = UpsampleMode.Nearest, bool alignCorners = false)
        : this([scaleFactor], mode, alignCorners) => _same = true;

    /// <summary>Makes a layer with a factor for each spatial axis.</summary>
    /// <param name="scaleFactors">The factors.</param>
    /// <param name="mode">How values between are computed.</param>
    /// <param name="alignCorners">Whether the corners of input and output coincide, for linear and cubic.</param>
    public Upsample(IReadOnlyList<double> scaleFactors, UpsampleMode mode = UpsampleMode.Nearest, bool alignCorners = false)
    {
        ArgumentNullException.ThrowIfNull(scaleFactors);
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "[Upsample] Use Nearest, Linear or Cubic.");
        }
        foreach (double scale in scaleFactors)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale, nameof(scaleFactors));
        }
        _scales = [.. scaleFactors];
        _mode = mode;
        _alignCorners = alignCorners;
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">Input of shape (batch, spatial sizes..., channels), at least three-dimensional.</param>
    /// <returns>An array of the same dimensions with larger spatial sizes.</returns>
    /// <exception cref="ArgumentException">There is no spatial axis, or another number than there are factors.</exception>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        int spatial = x.NDim - 2;
        if (spatial <= 0 || (!_same && _scales.Length != spatial))
        {
            throw new ArgumentException(
                $"[Upsample] The input has the shape {ModuleUpdate.Shape(x)}; expected batch, "
                + (_same ? "one or more spatial axes" : $"{_scales.Length} spatial axes") + " and channels.", nameof(x));
        }
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = x;
        for (int axis = 1; axis <= spatial; axis++)
        {
            y = Resample(y, axis, _same ? _scales[0] : _scales[axis - 1]);
        }
        return scope.Keep(y);
    }

    private MlxArray Resample(MlxArray x, int axis, double scale)
    {
        int size = x.Shape[axis];
        int target = (int)(scale * size);
        if (_mode == UpsampleMode.Nearest)
        {
            return double.IsInteger(scale)
                ? Mx.Repeat(x, (int)scale, axis)
                : Mx.Take(x, Indices(Nearest(size, target)), axis);
        }
        float[] positions = Positions(size, target, scale);
        MlxArray? sum = null;
        foreach ((int[] indices, float[] weights) in _mode == UpsampleMode.Linear ? Linear(positions, size) : Cubic(positions, size))
        {
            int[] shape = new int[x.NDim];
            Array.Fill(shape, 1);
            shape[axis] = target;
            MlxArray term = Mx.Take(x, Indices(indices), axis) * MlxArray.Create(weights, shape);
            sum = sum is null ? term : sum + term;
        }
        return sum!;
    }

    private static MlxArray Indices(int[] indices) => MlxArray.Create(indices, indices.Length);

    private static int[] Nearest(int size, int target)
    {
        int[] indices = new int[target];
        float ratio = (float)((double)size / target);
        for (int i = 0; i < target; i++)
        {
            indices[i] = target > size ? (int)MathF.Round(((i + 0.5f) * ratio) - 0.5f, MidpointRounding.ToEven) : (int)(i * ratio);
        }
        return indices;
    }

    private float[] Positions(int size, int target, double scale)
    {
        float[] positions = new float[target];
        float step = (float)(_alignCorners ? (target == 1 ? 0 : (double)(size - 1) / (target - 1)) : 1 / scale);
        float start = (float)(_alignCorners ? 0 : ((((target - 1) / scale) - size + 1) / 2));
        for (int i = 0; i < target; i++)
        {
            positions[i] = (i * step) - start;
        }
        return positions;
    }

    private static IEnumerable<(int[] Indices, float[] Weights)> Linear(float[] positions, int size)
    {
        float[] inside = [.. positions.Select(p => Math.Clamp(p, 0, size - 1))];
        yield return ([.. inside.Select(p => (int)MathF.Floor(p))], [.. inside.Select(p => 1 - (p - MathF.Floor(p)))]);
        yield return ([.. inside.Select(p => (int)MathF.Ceiling(p))], [.. inside.Select(p => p - MathF.Floor(p))]);
    }

    private static IEnumerable<(int[] Indices, float[] Weights)> Cubic(float[] positions, int size)
    {
        for (int neighbour = -1; neighbour <= 2; neighbour++)
        {
            int offset = neighbour;
            yield return (
                [.. positions.Select(p => (int)Math.Clamp(MathF.Floor(p) + offset, 0, size - 1))],
                [.. positions.Select(p => CubicWeight(MathF.Abs(p - (MathF.Floor(p) + offset))))]);
        }
    }

    // Keys' kernel with a = -0.75, as OpenCV and PyTorch have it.
    private static float CubicWeight(float x)
    {
        const float a = -0.75f;
        return x <= 1f
            ? ((((a + 2f) * x) - (a + 3f)) * x * x) + 1f
            : ((((((x - 5f) * x) + 8f) * x) - 4f) * a);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        $"scale_factor={(_same ? _scales[0].ToString(System.Globalization.CultureInfo.InvariantCulture) : "(" + string.Join(", ", _scales) + ")")}, "
        + $"mode='{(_mode switch { UpsampleMode.Nearest => "nearest", UpsampleMode.Linear => "linear", _ => "cubic" })}', align_corners={LayerInit.Text(_alignCorners)}";
}
