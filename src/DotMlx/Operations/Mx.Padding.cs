using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Pads every axis by the same width on both sides.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="padWidth">The number of elements added before and after each axis.</param>
    /// <param name="mode">How the added elements are determined.</param>
    /// <param name="constantValues">The scalar to pad with; null for zero.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The padded array.</returns>
    /// <exception cref="MlxException">The width is negative, or the loaded MLX doesn't support the mode.</exception>
    /// <remarks>mlx.core.pad; C: mlx_pad_symmetric.</remarks>
    public static MlxArray Pad(
        MlxArray a, int padWidth, PadMode mode = PadMode.Constant, MlxArray? constantValues = null, MlxStream? stream = null)
        => Pad(a, (padWidth, padWidth), mode, constantValues, stream);

    /// <summary>Pads every axis by the same pair of widths.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="padWidth">The numbers of elements added before and after each axis.</param>
    /// <param name="mode">How the added elements are determined.</param>
    /// <param name="constantValues">The scalar to pad with; null for zero.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The padded array.</returns>
    /// <exception cref="MlxException">A width is negative, or the loaded MLX doesn't support the mode.</exception>
    /// <remarks>mlx.core.pad; C: mlx_pad.</remarks>
    public static MlxArray Pad(
        MlxArray a, (int Before, int After) padWidth, PadMode mode = PadMode.Constant,
        MlxArray? constantValues = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        (int, int)[] widths = new (int, int)[a.NDim];
        Array.Fill(widths, padWidth);
        return Pad(a, widths, mode, constantValues, stream);
    }

    /// <summary>Pads each axis by its own pair of widths.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="padWidth">
    /// The numbers of elements added before and after each axis: one pair for all axes, or one pair per axis.
    /// </param>
    /// <param name="mode">How the added elements are determined.</param>
    /// <param name="constantValues">The scalar to pad with; null for zero.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The padded array.</returns>
    /// <exception cref="ArgumentException">The number of pairs is neither 1 nor the number of axes.</exception>
    /// <exception cref="MlxException">A width is negative, or the loaded MLX doesn't support the mode.</exception>
    /// <remarks>mlx.core.pad; C: mlx_pad.</remarks>
    public static MlxArray Pad(
        MlxArray a, ReadOnlySpan<(int Before, int After)> padWidth, PadMode mode = PadMode.Constant,
        MlxArray? constantValues = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int ndim = a.NDim;
        if (padWidth.Length != ndim && padWidth.Length != 1)
        {
            throw new ArgumentException(
                $"{padWidth.Length} pairs of widths were given for an array of {ndim} axes; give one pair or {ndim}.", nameof(padWidth));
        }

        int[] axes = new int[ndim];
        int[] before = new int[ndim];
        int[] after = new int[ndim];
        for (int i = 0; i < ndim; i++)
        {
            axes[i] = i;
            (before[i], after[i]) = padWidth[padWidth.Length == 1 ? 0 : i];
            _ = SizeLimits.Axis((long)a.Shape[i] + Math.Max(before[i], 0) + Math.Max(after[i], 0), "pad", a);
            if (mode == PadMode.Edge && a.Shape[i] == 0 && (before[i] > 0 || after[i] > 0))
            {
                throw new ArgumentException(
                    $"Axis {i} of an array of shape {ShapeText.Of(a)} has no edge to pad with; use PadMode.Constant.", nameof(a));
            }
        }

        if (mode == PadMode.Constant && constantValues is { Weak: null } && DotMlx.Trace.IsDifferentiating)
        {
            return PadDifferentiably(a, padWidth, constantValues, stream);
        }

        using NativeText modeText = new(PadModeName(mode), nameof(mode));
        MlxArray value = constantValues ?? 0;
        mlx_array result = default;
        fixed (int* axis = axes, low = before, high = after)
        {
            nuint count = (nuint)ndim;
            int status = Mlxc.mlx_pad(
                &result, NativeCall.Handle(a), axis, count, low, count, high, count, OperandPair.As(value, a.DType), modeText.Pointer,
                NativeCall.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(value);
            return NativeCall.Result(status, result, "mlx_pad");
        }
    }

    // MLX gives the padding value the gradient of the array, which has another shape (0.31.2).
    private static MlxArray PadDifferentiably(
        MlxArray a, ReadOnlySpan<(int Before, int After)> padWidth, MlxArray value, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray number = AsType(Reshape(value, [], stream), a.DType, stream);
        MlxArray inside = Pad(Ones(a.Shape, DType.Bool, stream), padWidth, stream: stream);
        return scope.Keep(Where(inside, Pad(a, padWidth, stream: stream), number, stream));
    }
}
