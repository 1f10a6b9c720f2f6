namespace DotMlx;

/// <summary>
/// Matrices that LAPACK accepts. Under a transform, the rejected ones are replaced, and the result for them becomes NaN.
/// </summary>
internal readonly struct CheckedMatrices : IDisposable
{
    // Which matrices were replaced, with 1 for their axes; null if all are unchanged.
    private readonly MlxArray? _rejected;
    private readonly int[] _axes;
    private readonly MlxStream? _stream;

    internal CheckedMatrices(MlxArray a)
    {
        Value = a;
        _axes = [];
    }

    private CheckedMatrices(MlxArray safe, MlxArray rejected, int[] axes, MlxStream? stream)
    {
        Value = safe;
        _rejected = rejected;
        _axes = axes;
        _stream = stream;
    }

    /// <summary>The matrices to factor.</summary>
    internal MlxArray Value { get; }

    /// <summary>Replaces the rejected matrices, and takes ownership of the arrays other than the matrices.</summary>
    /// <param name="a">The matrices.</param>
    /// <param name="rejected">Which of them LAPACK would reject, with 1 for the axes of the matrices.</param>
    /// <param name="axes">The axes of the matrices.</param>
    /// <param name="replacement">A matrix that LAPACK accepts.</param>
    /// <param name="stream">The stream.</param>
    internal static CheckedMatrices Replacing(MlxArray a, MlxArray rejected, int[] axes, MlxArray replacement, MlxStream? stream)
    {
        using (replacement)
        using (MlxArray fitting = replacement.AsType(a.DType, stream))
        {
            return new CheckedMatrices(Mx.Where(rejected, fitting, a, stream), rejected, axes, stream);
        }
    }

    /// <summary>Returns the result with NaN for every replaced matrix, and disposes <paramref name="result"/> in that case.</summary>
    /// <param name="result">The result for <see cref="Value"/>.</param>
    /// <param name="dropped">How many of the axes of the matrices the result lacks.</param>
    internal MlxArray Mark(MlxArray result, int dropped = 0)
    {
        if (_rejected is null)
        {
            return result;
        }

        using (result)
        using (MlxArray rejected = dropped == 0 ? _rejected.Share() : Mx.Squeeze(_rejected, _axes.AsSpan(^dropped..), _stream))
        using (MlxArray zero = Mx.Zeros([], result.DType, _stream))
        {
            // Before 0.32, MLX can't compile a function with NaN as a constant.
            using MlxArray missing = Mx.Divide(zero, zero, _stream);

            return Mx.Where(rejected, missing, result, _stream);
        }
    }

    public void Dispose()
    {
        if (_rejected is not null)
        {
            _rejected.Dispose();
            Value.Dispose();
        }
    }
}
