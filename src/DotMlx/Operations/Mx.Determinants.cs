using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    public static unsafe partial class Linalg
    {
        /// <summary>Determinant of square matrices.</summary>
        /// <param name="a">An array of shape [..., n, n] with real numbers. Integers are converted to float32.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of shape [...]; 1 for matrices without elements.</returns>
        /// <exception cref="ArgumentException">The matrices aren't square, or they are complex.</exception>
        /// <exception cref="MlxException">
        /// The matrices have more than three rows and are neither float32 nor float64, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>
        /// mlx.core.linalg.det of MLX 0.32; C: mlx_linalg_det. With an older mlx-c, determinants of up to three rows are composed of
        /// products. Larger matrices are factored in C#, or, under a transform, by mlx_linalg_qr and mlx_linalg_lu_factor.
        /// </remarks>
        public static MlxArray Det(MlxArray a, MlxStream? stream = null)
        {
            RequireSquare(a);
            if (HasNewer)
            {
                return NativeCall.Unary(&Mlxc.mlx_linalg_det, "mlx_linalg_det", a, stream);
            }

            using MlxArray real = AtLeastFloat(a, stream);
            if (real.Shape[^1] <= 3)
            {
                return SmallDeterminant(real, stream);
            }

            if (Determinant.CanCompute(real))
            {
                return Determinant.Of(real).Value;
            }

            (MlxArray diagonal, MlxArray sign) = Factor(real, stream);
            using (diagonal)
            using (sign)
            using (MlxArray product = Prod(diagonal, -1, stream: stream))
            {
                return Multiply(product, sign, stream);
            }
        }

        /// <summary>Sign and logarithm of the absolute determinant of square matrices.</summary>
        /// <param name="a">An array of shape [..., n, n] with real numbers. Integers are converted to float32.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>
        /// The sign (-1, 0, or 1) and the logarithm, each of shape [...]. For a singular matrix, the logarithm is negative infinity, and
        /// the sign is 0.
        /// </returns>
        /// <exception cref="ArgumentException">The matrices aren't square, or they are complex.</exception>
        /// <exception cref="MlxException">
        /// The matrices have more than three rows and are neither float32 nor float64, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>
        /// mlx.core.linalg.slogdet of MLX 0.32; C: mlx_linalg_slogdet; with an older mlx-c, computed like <see cref="Det"/>.
        /// </remarks>
        public static (MlxArray Sign, MlxArray LogAbsDet) Slogdet(MlxArray a, MlxStream? stream = null)
        {
            RequireSquare(a);
            if (HasNewer)
            {
                return NativeCall.ToPair(&Mlxc.mlx_linalg_slogdet, "mlx_linalg_slogdet", a, stream);
            }

            using MlxArray real = AtLeastFloat(a, stream);
            if (real.Shape[^1] <= 3)
            {
                using MlxArray value = SmallDeterminant(real, stream);
                using MlxArray absolute = Abs(value, stream);
                return (Sign(value, stream), Log(absolute, stream));
            }

            if (Determinant.CanCompute(real))
            {
                (MlxArray value, MlxArray signOf, MlxArray logarithm) = Determinant.Of(real);
                value.Dispose();
                return (signOf, logarithm);
            }

            (MlxArray diagonal, MlxArray exchanges) = Factor(real, stream);
            using (diagonal)
            using (exchanges)
            using (MlxArray signs = Sign(diagonal, stream))
            using (MlxArray sign = Prod(signs, -1, stream: stream))
            using (MlxArray magnitude = Abs(diagonal, stream))
            using (MlxArray logs = Log(magnitude, stream))
            {
                return (Multiply(sign, exchanges, stream), Sum(logs, -1, stream: stream));
            }
        }

        private static void RequireSquare(MlxArray a)
        {
            ArgumentNullException.ThrowIfNull(a);
            if (a.NDim < 2 || a.Shape[^1] != a.Shape[^2])
            {
                throw new ArgumentException(
                    $"Determinants require square matrices, but the array has shape {ShapeText.Of(a.Shape)}.", nameof(a));
            }

            if (a.DType == DType.Complex64)
            {
                throw new ArgumentException($"Determinants of complex matrices aren't supported; the array has shape {ShapeText.Of(a)}.",
                    nameof(a));
            }
        }

        private static MlxArray AtLeastFloat(MlxArray a, MlxStream? stream) =>
            a.DType.IsFloating() ? a.Share() : a.AsType(DType.Float32, stream);

        /// <summary>Computes the determinant as a sum of products, for up to three rows.</summary>
        private static MlxArray SmallDeterminant(MlxArray a, MlxStream? stream)
        {
            using MlxScope scope = MlxScope.Begin();
            return scope.Keep(a.Shape[^1] switch
            {
                0 => Ones(a.Shape[..^2], a.DType, stream),
                1 => At(0, 0),
                2 => Minor(0, 0, 1, 1),
                _ => Add(
                    Subtract(Multiply(At(0, 0), Minor(1, 1, 2, 2), stream), Multiply(At(0, 1), Minor(1, 0, 2, 2), stream), stream),
                    Multiply(At(0, 2), Minor(1, 0, 2, 1), stream), stream),
            });

            MlxArray Minor(int top, int left, int bottom, int right) => Subtract(
                Multiply(At(top, left), At(bottom, right), stream), Multiply(At(top, right), At(bottom, left), stream), stream);

            MlxArray At(int row, int column) =>
                Squeeze(Cut(Cut(a, a.NDim - 2, row, row + 1, stream), a.NDim - 1, column, column + 1, stream), [-2, -1], stream);
        }

        /// <summary>Computes the diagonal of R and the determinant of Q, which is 1 or -1.</summary>
        private static (MlxArray Diagonal, MlxArray Sign) Factor(MlxArray a, MlxStream? stream)
        {
            // Before MLX 0.32.1, lu_factor ends the process for a singular matrix, but Q is never singular.
            (MlxArray q, MlxArray r) = QR(a, stream);
            using (q)
            using (r)
            {
                return (Diagonal(r, 0, -2, -1, stream), SignOfOrthogonal(q, stream));
            }
        }

        private static MlxArray SignOfOrthogonal(MlxArray q, MlxStream? stream)
        {
            (MlxArray lu, MlxArray pivots) = NativeCall.ToPair(&Mlxc.mlx_linalg_lu_factor, "mlx_linalg_lu_factor", q, stream);
            using (lu)
            using (pivots)
            using (MlxArray own = Arange(q.Shape[^1], DType.UInt32, stream))
            using (MlxArray exchanged = NotEqual(pivots, own, stream))
            using (MlxArray diagonal = Diagonal(lu, 0, -2, -1, stream))
            using (MlxArray signs = Sign(diagonal, stream))
            using (MlxArray opposite = Negative(signs, stream))
            using (MlxArray turned = Where(exchanged, opposite, signs, stream))
            {
                return Prod(turned, -1, stream: stream);
            }
        }
    }
}
