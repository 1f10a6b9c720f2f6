namespace DotMlx;

/// <summary>
/// Decompositions of matrices without elements, with NumPy's results. LAPACK rejects such sizes, and MLX before 0.32 therefore throws an
/// error that can't be caught.
/// </summary>
internal static class EmptyMatrices
{
    /// <summary>Whether the array is a valid argument of a decomposition, but has no elements.</summary>
    /// <param name="a">The matrices.</param>
    /// <param name="square">Whether they must be square.</param>
    /// <param name="complex">Whether MLX decomposes complex matrices in this way.</param>
    internal static bool Are(MlxArray a, bool square, bool complex = false)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.Size == 0 && a.NDim >= 2 && (a.DType is DType.Float32 or DType.Float64 || (complex && a.DType == DType.Complex64))
            && (!square || a.Shape[^1] == a.Shape[^2]);
    }

    /// <summary>Creates an array with the batch shape and the given matrix sizes.</summary>
    internal static MlxArray Of(MlxArray a, ReadOnlySpan<int> matrix, MlxStream? stream, DType? dtype = null)
        => Mx.Zeros([.. a.Shape[..^2], .. matrix], dtype ?? a.DType, stream);

    /// <summary>Creates an identity matrix for each matrix of the batch.</summary>
    internal static MlxArray Identities(MlxArray a, int size, MlxStream? stream)
    {
        int[] shape = [.. a.Shape[..^2], size, size];
        if (size == 0)
        {
            return Mx.Zeros(shape, a.DType, stream);
        }

        using MlxArray identity = Mx.Identity(size, a.DType, stream);
        return Mx.BroadcastTo(identity, shape, stream);
    }

    /// <summary>Creates the identity row order for each matrix of the batch.</summary>
    internal static MlxArray RowOrder(MlxArray a, MlxStream? stream)
    {
        using MlxArray rows = Mx.Arange(a.Shape[^2], DType.UInt32, stream);
        return Mx.BroadcastTo(rows, [.. a.Shape[..^1]], stream);
    }
}
