using System.Globalization;

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

/// <summary>Enlarges the spatial axes, or shrinks them (<c>nn.Upsample</c>).</summary>
public sealed class Upsample : Module, IUnaryModule
{
    private readonly double[] _scales;
    private readonly bool _same;
    private readonly UpsampleMode _mode;
    private readonly bool _alignCorners;
    private readonly bool _antialias;

    /// <summary>Makes a layer with one factor for all spatial axes.</summary>
    /// <param name="scaleFactor">The factor; below 1 it shrinks.</param>
    /// <param name="mode">How values between are computed.</param>
    /// <param name="alignCorners">Whether the corners of input and output coincide, for linear and cubic.</param>
    /// <param name="antialias">Whether a smaller output averages over all of the input, for linear and cubic; without aligned corners.</param>
    /// <exception cref="ArgumentException">Antialiasing with the nearest mode or with aligned corners.</exception>
    public Upsample(double scaleFactor, UpsampleMode mode = UpsampleMode.Nearest, bool alignCorners = false, bool antialias = false)
        : this([scaleFactor], mode, alignCorners, antialias) => _same = true;

    /// <summary>Makes a layer with a factor for each spatial axis.</summary>
    /// <param name="scaleFactors">The factors; below 1 they shrink.</param>
    /// <param name="mode">How values between are computed.</param>
    /// <param name="alignCorners">Whether the corners of input and output coincide, for linear and cubic.</param>
    /// <param name="antialias">Whether a smaller output averages over all of the input, for linear and cubic; without aligned corners.</param>
    /// <exception cref="ArgumentException">Antialiasing with the nearest mode or with aligned corners.</exception>
    public Upsample(
        IReadOnlyList<double> scaleFactors, UpsampleMode mode = UpsampleMode.Nearest, bool alignCorners = false, bool antialias = false)
    {
        ArgumentNullException.ThrowIfNull(scaleFactors);
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "[Upsample] Use Nearest, Linear or Cubic.");
        }
        if (antialias && (alignCorners || mode == UpsampleMode.Nearest))
        {
            throw new ArgumentException("[Upsample] Antialiasing wants the mode Linear or Cubic and no aligned corners.", nameof(antialias));
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
                : Mx.Take(x, Indices(Interpolation.Nearest(size, target)), axis);
        }
        MlxArray? sum = null;
        foreach ((int[] indices, float[] weights) in Taps(size, target, scale))
        {
            int[] shape = new int[x.NDim];
            Array.Fill(shape, 1);
            shape[axis] = target;
            MlxArray term = Mx.Take(x, Indices(indices), axis) * MlxArray.Create(weights, shape);
            sum = sum is null ? term : sum + term;
        }
        return sum!;
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

    private static MlxArray Indices(int[] indices) => MlxArray.Create(indices, indices.Length);

    /// <inheritdoc/>
    protected override string ExtraRepr()
    {
        string[] scales = [.. _scales.Select(LayerInit.Text)];
        return $"scale_factor={(_same ? scales[0] : "(" + string.Join(", ", scales) + ")")}, "
            + $"mode='{(_mode switch { UpsampleMode.Nearest => "nearest", UpsampleMode.Linear => "linear", _ => "cubic" })}', "
            + $"align_corners={LayerInit.Text(_alignCorners)}{(_antialias ? ", antialias=True" : "")}";
    }
}
