namespace DotMlx.NN;

/// <summary>How <see cref="Upsample"/> interpolates between input values.</summary>
public enum UpsampleMode
{
    /// <summary>The nearest value.</summary>
    Nearest,

    /// <summary>Linear interpolation along every axis.</summary>
    Linear,

    /// <summary>Cubic interpolation along every axis.</summary>
    Cubic,
}

/// <summary>Enlarges or shrinks the spatial axes (<c>nn.Upsample</c>).</summary>
public sealed class Upsample : Module, IUnaryModule
{
    private readonly double[] _scales;
    private readonly bool _same;
    private readonly UpsampleMode _mode;
    private readonly bool _alignCorners;
    private readonly bool _antialias;

    /// <summary>Creates a layer with one factor for all spatial axes.</summary>
    /// <param name="scaleFactor">The factor; less than 1 to shrink.</param>
    /// <param name="mode">The interpolation mode.</param>
    /// <param name="alignCorners">Whether the corners of input and output coincide, in linear and cubic mode.</param>
    /// <param name="antialias">
    /// Whether a smaller output averages over all of the input, in linear and cubic mode without aligned corners.
    /// </param>
    /// <exception cref="ArgumentException">Antialiasing is combined with the nearest mode or with aligned corners.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The mode is unknown, or a factor isn't positive.</exception>
    public Upsample(double scaleFactor, UpsampleMode mode = UpsampleMode.Nearest, bool alignCorners = false, bool antialias = false)
        : this([scaleFactor], mode, alignCorners, antialias) => _same = true;

    /// <summary>Creates a layer with a factor for each spatial axis.</summary>
    /// <param name="scaleFactors">The factors; less than 1 to shrink.</param>
    /// <param name="mode">The interpolation mode.</param>
    /// <param name="alignCorners">Whether the corners of input and output coincide, in linear and cubic mode.</param>
    /// <param name="antialias">
    /// Whether a smaller output averages over all of the input, in linear and cubic mode without aligned corners.
    /// </param>
    /// <exception cref="ArgumentException">Antialiasing is combined with the nearest mode or with aligned corners.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The mode is unknown, or a factor isn't positive.</exception>
    public Upsample(
        IReadOnlyList<double> scaleFactors, UpsampleMode mode = UpsampleMode.Nearest, bool alignCorners = false, bool antialias = false)
    {
        ArgumentNullException.ThrowIfNull(scaleFactors);
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "[Upsample] Use Nearest, Linear, or Cubic.");
        }
        if (antialias && (alignCorners || mode == UpsampleMode.Nearest))
        {
            throw new ArgumentException("[Upsample] Antialiasing requires the mode Linear or Cubic without aligned corners.",
                nameof(antialias));
        }
        foreach (double scale in scaleFactors)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale, nameof(scaleFactors));
        }
        _scales = [.. scaleFactors];
        _mode = mode;
        _alignCorners = alignCorners;
        _antialias = antialias;
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, spatial sizes..., channels), with at least three dimensions.</param>
    /// <returns>An array with the same number of dimensions and scaled spatial sizes.</returns>
    /// <exception cref="ArgumentException">
    /// The input has no spatial axis, or the number of spatial axes differs from the number of factors.
    /// </exception>
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
        double[] scales = _same ? [.. Enumerable.Repeat(_scales[0], spatial)] : _scales;
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(
            _antialias ? AxisByAxis(x, scales)
            : _mode != UpsampleMode.Nearest ? Interpolate(x, scales)
            : Array.TrueForAll(scales, double.IsInteger) ? Repeat(x, scales)
            : Nearest(x, scales));
    }

    // The order of operations in all of these methods matches Python's, so that values and gradients agree to the last bit.
    private static MlxArray Repeat(MlxArray x, double[] scales)
    {
        ReadOnlySpan<int> sizes = x.Shape;
        List<int> apart = [sizes[0]];
        List<int> repeated = [sizes[0]];
        List<int> joined = [sizes[0]];
        for (int i = 0; i < scales.Length; i++)
        {
            int times = (int)scales[i];
            apart.AddRange([sizes[i + 1], 1]);
            repeated.AddRange([sizes[i + 1], times]);
            joined.Add(checked(sizes[i + 1] * times));
        }
        return x.Reshape([.. apart, sizes[^1]]).BroadcastTo([.. repeated, sizes[^1]]).Reshape([.. joined, sizes[^1]]);
    }

    private static MlxArray Nearest(MlxArray x, double[] scales)
    {
        MlxIndex[] places = new MlxIndex[scales.Length + 1];
        places[0] = Range.All;
        for (int i = 0; i < scales.Length; i++)
        {
            int size = x.Shape[i + 1];
            places[i + 1] = Along(Interpolation.Nearest(size, Target(size, scales[i])), i, scales.Length);
        }
        return x[places];
    }

    /// <summary>Sums the weighted neighbors of each position, one for each combination of a neighbor along every axis.</summary>
    private MlxArray Interpolate(MlxArray x, double[] scales)
    {
        int spatial = scales.Length;
        List<(MlxIndex[] Places, MlxArray? Weight)> terms = [([Range.All], null)];
        for (int i = 0; i < spatial; i++)
        {
            int size = x.Shape[i + 1];
            List<(MlxIndex[] Places, MlxArray? Weight)> finer = [];
            (MlxArray Places, MlxArray Weights)[] taps = [.. Taps(size, Target(size, scales[i]), scales[i]).Select(
                tap => (Along(tap.Indices, i, spatial), Along(tap.Weights, i, spatial + 1)))];
            foreach ((MlxIndex[] places, MlxArray? weight) in terms)
            {
                foreach ((MlxArray tapPlaces, MlxArray tapWeights) in taps)
                {
                    finer.Add(([.. places, tapPlaces], weight is null ? tapWeights : weight * tapWeights));
                }
            }
            terms = finer;
        }
        MlxArray sum = 0;
        foreach ((MlxIndex[] places, MlxArray? weight) in terms)
        {
            sum += weight! * x[places];
        }
        return sum;
    }

    private MlxArray AxisByAxis(MlxArray x, double[] scales)
    {
        MlxArray y = x;
        for (int axis = 1; axis <= scales.Length; axis++)
        {
            int size = y.Shape[axis];
            MlxArray sum = 0;
            foreach ((int[] indices, float[] weights) in Taps(size, Target(size, scales[axis - 1]), scales[axis - 1]))
            {
                sum += Mx.Take(y, MlxArray.Create(indices, indices.Length), axis) * Along(weights, axis, y.NDim);
            }
            y = sum;
        }
        return y;
    }

    private static int Target(int size, double scale) => (int)(scale * size);

    /// <summary>Reshapes values so that they broadcast along one of several axes.</summary>
    private static MlxArray Along<T>(T[] values, int axis, int dimensions)
        where T : unmanaged
    {
        int[] shape = new int[dimensions];
        Array.Fill(shape, 1);
        shape[axis] = values.Length;
        return MlxArray.Create(values, shape);
    }

    private IEnumerable<(int[] Indices, float[] Weights)> Taps(int size, int target, double scale)
    {
        float[] positions = Interpolation.Positions(size, target, scale, _alignCorners);
        return (_mode, _antialias) switch
        {
            (UpsampleMode.Linear, false) => Interpolation.Linear(positions, size),
            (UpsampleMode.Linear, true) => Interpolation.Antialiased(positions, size, scale, 1, Interpolation.Triangle),
            (_, false) => Interpolation.Cubic(positions, size),
            (_, true) => Interpolation.Antialiased(positions, size, scale, 2, Interpolation.SoftCubic),
        };
    }

    /// <inheritdoc/>
    protected override string ExtraRepr()
    {
        string[] scales = [.. _scales.Select(LayerInit.Text)];
        return $"scale_factor={(_same ? scales[0] : "(" + string.Join(", ", scales) + ")")}, "
            + $"mode='{(_mode switch { UpsampleMode.Nearest => "nearest", UpsampleMode.Linear => "linear", _ => "cubic" })}', "
            + $"align_corners={LayerInit.Text(_alignCorners)}{(_antialias ? ", antialias=True" : "")}";
    }
}
