namespace DotMlx.NN;

/// <summary>The base class of the dropout layers, which differ in the elements that are dropped together.</summary>
public abstract class DropoutBase : Module, IUnaryModule
{
    private readonly double _keep;

    private protected DropoutBase(double p)
    {
        if (p is not (>= 0.0 and < 1.0))
        {
            throw new ArgumentOutOfRangeException(nameof(p), p, "The dropout probability must be in [0, 1).");
        }
        P = p;
        _keep = 1.0 - p;
    }

    /// <summary>The probability of dropping an element.</summary>
    public double P { get; }

    /// <summary>During training, drops elements and scales the rest by 1 / (1 - p). During evaluation, returns the input.</summary>
    /// <param name="x">The input.</param>
    /// <returns>An array of the same shape and dtype.</returns>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        int[] shape = MaskShape(x);
        if (P == 0.0 || !Training)
        {
            return x;
        }
        using MlxScope scope = MlxScope.Begin();
        MlxArray mask = Mx.Random.Bernoulli(_keep, shape);
        return scope.Keep(mask * x * (1.0 / _keep));
    }

    private protected abstract int[] MaskShape(MlxArray x);

    private protected static int[] WithoutAxes(MlxArray x, string layer, int minimum, int axes)
    {
        if (x.NDim != minimum && x.NDim != minimum + 1)
        {
            throw new ArgumentException(
                $"[{layer}] The input has {x.NDim} dimensions, shape {ModuleUpdate.Shape(x)}; "
                + $"expected {minimum} or {minimum + 1}, channels last.", nameof(x));
        }
        int[] shape = x.Shape.ToArray();
        shape.AsSpan(shape.Length - 1 - axes, axes).Fill(1);
        return shape;
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"p={LayerInit.Text(1.0 - _keep)}";
}

/// <summary>Drops single elements during training (<c>nn.Dropout</c>).</summary>
/// <param name="p">The probability of dropping, in [0, 1).</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is outside [0, 1).</exception>
public sealed class Dropout(double p = 0.5) : DropoutBase(p)
{
    private protected override int[] MaskShape(MlxArray x) => x.Shape.ToArray();
}

/// <summary>
/// Drops whole channels of images during training; the images have shape (height, width, channels), with or without a batch axis
/// (<c>nn.Dropout2d</c>).
/// </summary>
/// <param name="p">The probability of dropping, in [0, 1).</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is outside [0, 1).</exception>
public sealed class Dropout2d(double p = 0.5) : DropoutBase(p)
{
    private protected override int[] MaskShape(MlxArray x) => WithoutAxes(x, nameof(Dropout2d), 3, 2);
}

/// <summary>
/// Drops whole channels of volumes during training; the volumes have shape (depth, height, width, channels), with or without a batch axis
/// (<c>nn.Dropout3d</c>).
/// </summary>
/// <param name="p">The probability of dropping, in [0, 1).</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is outside [0, 1).</exception>
public sealed class Dropout3d(double p = 0.5) : DropoutBase(p)
{
    private protected override int[] MaskShape(MlxArray x) => WithoutAxes(x, nameof(Dropout3d), 4, 3);
}
