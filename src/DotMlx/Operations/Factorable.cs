namespace DotMlx;

/// <summary>
/// Checks matrices before they are factored. Before 0.32.1, MLX ends the process when LAPACK rejects a matrix, because it throws on its own
/// thread. With those versions, matrices are computed and checked first, except under a transform, where they have no values.
/// </summary>
internal static class Factorable
{
    // The limit of the diagonal of R, in multiples of the rounding error, below which a column counts as linearly dependent.
    private const double RankTolerance = 10;

    private static readonly Lazy<bool> Needed = new(static () =>
        MlxLibrary.Kind == MlxLibraryKind.Mlx && MlxLibrary.IsOlderThan(new Version(0, 32, 1)));

    /// <exception cref="MlxException">An element is NaN.</exception>
    internal static void RequireNumbers(MlxArray a, string function, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Applies(a))
        {
            return;
        }

        using MlxArray missing = Mx.IsNaN(a, stream);
        using MlxArray any = Mx.Any(missing, stream: stream);
        if (any.Item<bool>())
        {
            throw Rejected(function, "contains NaN", a);
        }
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
    internal static void RequireRegular(MlxArray a, string function, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Applies(a))
        {
            return;
        }

        // Scaling each row to the same size removes differences in magnitude from the check.
        using MlxScope scope = MlxScope.Begin();
        MlxArray largest = Mx.Max(Mx.Abs(a, stream), -1, keepdims: true, stream);
        MlxArray rows = Mx.Divide(a, Mx.Where(Mx.Equal(largest, 0, stream), 1, largest, stream), stream);
        MlxArray r = Mx.Linalg.QR(rows, stream).R;
        MlxArray diagonal = Mx.Abs(Mx.Diagonal(r, 0, -2, -1, stream), stream);
        MlxArray columns = Mx.Sqrt(Mx.Sum(Mx.Square(r, stream), -2, stream: stream), stream)[Mx.Ellipsis, ..diagonal.Shape[^1]];
        double limit = RankTolerance * Math.Sqrt(a.Shape[^1]) * Mx.FInfo(a.DType).Eps;
        if (Mx.Any(Mx.LessEqual(diagonal, Mx.Multiply(columns, limit, stream), stream), stream: stream).Item<bool>())
        {
            throw Rejected(function, "is singular, or singular to within its precision", a);
        }
    }

    /// <exception cref="MlxException">A triangular matrix has a zero on its diagonal.</exception>
    internal static void RequireDiagonal(MlxArray a, string function, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Applies(a))
        {
            return;
        }

        using MlxArray diagonal = Mx.Diagonal(a, 0, -2, -1, stream);
        using MlxArray regular = Mx.All(diagonal, stream: stream);
        if (!regular.Item<bool>())
        {
            throw Rejected(function, "is singular: its diagonal contains a zero", a);
        }
    }

    private static bool Applies(MlxArray a) =>
        Needed.Value && a.NDim >= 2 && a.Size > 0 && a.DType is DType.Float32 or DType.Float64
        && (!TraceLock.IsHeldByCurrentThread || Evaluation.IsAvailable(a));

    private static MlxException Rejected(string function, string fault, MlxArray a) =>
        new($"[{function["mlx_".Length..].Replace('_', '.')}] A matrix {fault}; the array has the shape {ShapeText.Of(a)}.", function);
}
