namespace DotMlx;

/// <summary>
/// Checks matrices before they are factored. Before 0.32.1, MLX ends the process when LAPACK rejects a matrix, because it throws on its own
/// thread. With those versions, matrices are computed and checked first. Under a transform, where they have no values, the graph replaces
/// them if LAPACK would reject them, and the result is NaN (<see cref="CheckedMatrices"/>).
/// </summary>
internal static class Factorable
{
    // The limit of the diagonal of R, in multiples of the rounding error, below which a column counts as linearly dependent.
    private const double RankTolerance = 10;

    private static readonly Lazy<bool> Needed = new(static () =>
        MlxLibrary.Kind == MlxLibraryKind.Mlx && MlxLibrary.IsOlderThan(new Version(0, 32, 1)));

    /// <param name="a">The matrices.</param>
    /// <param name="function">The C function.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="axes">The axes of the matrices; the last two by default.</param>
    /// <exception cref="MlxException">An element is NaN.</exception>
    internal static CheckedMatrices RequireNumbers(MlxArray a, string function, MlxStream? stream, ReadOnlySpan<int> axes = default)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Applies(a))
        {
            return new CheckedMatrices(a);
        }

        using MlxArray missing = Mx.IsNaN(a, stream);
        if (!Evaluation.CanRead(a))
        {
            int[] matrix = axes.IsEmpty ? [-2, -1] : axes.ToArray();
            return CheckedMatrices.Replacing(a, Mx.Any(missing, matrix, keepdims: true, stream), matrix, MlxArray.Scalar(0f), stream);
        }

        using MlxArray any = Mx.Any(missing, stream: stream);
        return any.Item<bool>() ? throw Rejected(function, "contains NaN", a) : new CheckedMatrices(a);
    }

    /// <exception cref="MlxException">The array is empty.</exception>
    internal static void RequireElements(MlxArray a, string function)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.Size == 0)
        {
            throw Rejected(function, "has no elements", a);
        }
    }

    /// <exception cref="MlxException">A matrix is singular, or can't be distinguished from a singular one.</exception>
    internal static CheckedMatrices RequireRegular(MlxArray a, string function, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Applies(a))
        {
            return new CheckedMatrices(a);
        }

        double limit = RankTolerance * Math.Sqrt(a.Shape[^1]) * Mx.FInfo(a.DType).Eps;
        if (!Evaluation.CanRead(a))
        {
            return Identities(a, TracedSingular(a, limit, stream), stream);
        }

        using MlxScope scope = MlxScope.Begin();
        MlxArray r = Mx.Linalg.QR(Scaled(a, -1, stream), stream).R;
        MlxArray diagonal = Mx.Abs(Mx.Diagonal(r, 0, -2, -1, stream), stream);
        MlxArray columns = Mx.Sqrt(Mx.Sum(Mx.Square(r, stream), -2, stream: stream), stream)[Mx.Ellipsis, ..diagonal.Shape[^1]];
        return Mx.Any(Mx.LessEqual(diagonal, Mx.Multiply(columns, limit, stream), stream), stream: stream).Item<bool>()
            ? throw Rejected(function, "is singular, or singular to within its precision", a)
            : new CheckedMatrices(a);
    }

    /// <exception cref="MlxException">A triangular matrix has a zero on its diagonal.</exception>
    internal static CheckedMatrices RequireDiagonal(MlxArray a, string function, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Applies(a))
        {
            return new CheckedMatrices(a);
        }

        using MlxArray diagonal = Mx.Diagonal(a, 0, -2, -1, stream);
        if (!Evaluation.CanRead(a))
        {
            using MlxArray zero = Mx.Equal(diagonal, 0, stream);
            using MlxArray anyZero = Mx.Any(zero, -1, keepdims: true, stream);
            return Identities(a, Mx.ExpandDims(anyZero, -1, stream), stream);
        }

        using MlxArray regular = Mx.All(diagonal, stream: stream);
        return regular.Item<bool>() ? new CheckedMatrices(a) : throw Rejected(function, "is singular: its diagonal contains a zero", a);
    }

    /// <summary>
    /// The matrices, or their triangles under a transform: MLX vectorizes inverses of triangular matrices as inverses of whole ones.
    /// </summary>
    internal static MlxArray Triangles(MlxArray a, bool upper, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.NDim < 2 || !Trace.IsVectorizing ? a.Share() : upper ? Mx.Triu(a, 0, stream) : Mx.Tril(a, 0, stream);
    }

    // Uses the singular values of the matrices, because a QR decomposition can't be vectorized.
    private static MlxArray TracedSingular(MlxArray a, double limit, MlxStream? stream)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray scaled = Scaled(Scaled(Mx.StopGradient(a, stream), -1, stream), -2, stream);
        MlxArray finite = Mx.All(Mx.IsFinite(scaled, stream), [-2, -1], keepdims: true, stream);
        MlxArray values = Mx.Linalg.UncheckedSingularValues(Mx.Where(finite, scaled, 0f, stream), stream);
        MlxArray smallest = Mx.Min(values, -1, keepdims: true, stream);
        MlxArray largest = Mx.Max(values, -1, keepdims: true, stream);
        return scope.Keep(Mx.ExpandDims(Mx.LessEqual(smallest, Mx.Multiply(largest, limit, stream), stream), -1, stream));
    }

    // Scaling each row or column to the same size removes differences in magnitude from the check.
    private static MlxArray Scaled(MlxArray a, int axis, MlxStream? stream)
    {
        MlxArray largest = Mx.Max(Mx.Abs(a, stream), axis, keepdims: true, stream);
        return Mx.Divide(a, Mx.Where(Mx.Equal(largest, 0, stream), 1, largest, stream), stream);
    }

    private static CheckedMatrices Identities(MlxArray a, MlxArray rejected, MlxStream? stream) =>
        CheckedMatrices.Replacing(a, rejected, [-2, -1], Mx.Eye(a.Shape[^2], a.Shape[^1], 0, a.DType, stream), stream);

    private static bool Applies(MlxArray a) =>
        Needed.Value && a.NDim >= 2 && a.Size > 0 && a.DType is DType.Float32 or DType.Float64;

    private static MlxException Rejected(string function, string fault, MlxArray a) =>
        new($"[{function["mlx_".Length..].Replace('_', '.')}] A matrix {fault}; the array has the shape {ShapeText.Of(a)}.", function);
}
