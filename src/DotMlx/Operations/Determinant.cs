using System.Numerics;

namespace DotMlx;

/// <summary>
/// Determinants of matrices whose elements can be read, computed by Gaussian elimination with row exchanges. MLX before 0.32.1 ends the
/// process when it factors a singular matrix.
/// </summary>
internal static class Determinant
{
    /// <summary>Whether the elements are available or can be computed now.</summary>
    internal static bool CanCompute(MlxArray a) =>
        a.DType is DType.Float32 or DType.Float64 && Evaluation.CanRead(a);

    /// <summary>Computes the determinants, their signs, and the logarithms of their magnitudes, in the dtype of the matrices.</summary>
    internal static (MlxArray Value, MlxArray Sign, MlxArray Logarithm) Of(MlxArray a) =>
        a.DType == DType.Float32 ? Of<float>(a) : Of<double>(a);

    private static (MlxArray Value, MlxArray Sign, MlxArray Logarithm) Of<T>(MlxArray a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = a.Shape[^1];
        T[] elements = a.ToArray<T>();
        int count = elements.Length / (n * n);
        T[] values = new T[count];
        T[] signs = new T[count];
        T[] logarithms = new T[count];
        for (int i = 0; i < count; i++)
        {
            (double sign, double logarithm, double value) = Eliminate(elements.AsSpan(i * n * n, n * n), n);
            (values[i], signs[i], logarithms[i]) = (T.CreateChecked(value), T.CreateChecked(sign), T.CreateChecked(logarithm));
        }

        return (Shaped(values), Shaped(signs), Shaped(logarithms));

        MlxArray Shaped(T[] numbers) => a.NDim == 2 ? MlxArray.Scalar(numbers[0]) : MlxArray.Create(numbers, a.Shape[..^2]);
    }

    private static (double Sign, double Logarithm, double Value) Eliminate<T>(Span<T> rows, int n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (double sign, double logarithm, double value) = (1, 0, 1);
        for (int k = 0; k < n; k++)
        {
            int largest = k;
            for (int i = k + 1; i < n; i++)
            {
                largest = T.Abs(rows[(i * n) + k]) > T.Abs(rows[(largest * n) + k]) ? i : largest;
            }

            if (largest != k)
            {
                for (int j = k; j < n; j++)
                {
                    (rows[(k * n) + j], rows[(largest * n) + j]) = (rows[(largest * n) + j], rows[(k * n) + j]);
                }

                (sign, value) = (-sign, -value);
            }

            T pivot = rows[(k * n) + k];
            if (pivot == T.Zero)
            {
                return (0, double.NegativeInfinity, 0);
            }

            sign = T.IsNaN(pivot) ? double.NaN : sign * T.Sign(pivot);
            logarithm += Math.Log(double.CreateChecked(T.Abs(pivot)));
            value *= double.CreateChecked(pivot);
            for (int i = k + 1; i < n; i++)
            {
                T factor = rows[(i * n) + k] / pivot;
                for (int j = k + 1; j < n; j++)
                {
                    rows[(i * n) + j] -= factor * rows[(k * n) + j];
                }
            }
        }

        return (sign, logarithm, value);
    }
}
