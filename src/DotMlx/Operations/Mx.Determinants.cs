using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    public static unsafe partial class Linalg
    {
        /// <summary>Determinant of square matrices.</summary>
        /// <param name="a">Floating array of shape [..., n, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>Array of shape [...]; 1 for matrices without elements.</returns>
        /// <exception cref="ArgumentException">The matrices are not square.</exception>
        /// <exception cref="MlxException">The matrices are not floating, or the stream is a GPU's.</exception>
        /// <remarks>mlx.core.linalg.det of MLX 0.32; C: mlx_linalg_det, on older mlx-c composed of mlx_linalg_qr and mlx_linalg_lu_factor.</remarks>
        public static MlxArray Det(MlxArray a, MlxStream? stream = null)
        {
            RequireSquare(a);
            if (LoadedApi.Version == MlxcVersions.V0_7_0)
            {
                return Op.Unary(&Mlxc.mlx_linalg_det, "mlx_linalg_det", a, stream);
            }

            if (a.Size == 0)
            {
                return Ones(a.Shape[..^2], a.DType, stream);
            }

            (MlxArray diagonal, MlxArray sign) = Factor(a, stream);
            using (diagonal)
            using (sign)
            using (MlxArray product = Prod(diagonal, -1, stream: stream))
            {
                return Multiply(product, sign, stream);
            }
        }

        /// <summary>Sign and logarithm of the absolute determinant of square matrices.</summary>
        /// <param name="a">Floating array of shape [..., n, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>Sign (-1, 0 or 1) and logarithm, each of shape [...]; the logarithm of a singular matrix is negative infinity.</returns>
        /// <exception cref="ArgumentException">The matrices are not square.</exception>
        /// <exception cref="MlxException">The matrices are not floating, or the stream is a GPU's.</exception>
        /// <remarks>mlx.core.linalg.slogdet of MLX 0.32; C: mlx_linalg_slogdet, on older mlx-c composed of mlx_linalg_qr and mlx_linalg_lu_factor.</remarks>
        public static (MlxArray Sign, MlxArray LogAbsDet) Slogdet(MlxArray a, MlxStream? stream = null)
        {
            RequireSquare(a);
            if (LoadedApi.Version == MlxcVersions.V0_7_0)
            {
                return Call.Pair(&Mlxc.mlx_linalg_slogdet, "mlx_linalg_slogdet", a, stream);
            }

            if (a.Size == 0)
            {
                return (Ones(a.Shape[..^2], a.DType, stream), Zeros(a.Shape[..^2], a.DType, stream));
            }

            (MlxArray diagonal, MlxArray exchanges) = Factor(a, stream);
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
                    $"Determinants are of square matrices, not of an array of shape {ShapeText.Of(a.Shape)}.", nameof(a));
            }
        }

        /// <summary>Diagonal of R, and the determinant of Q: 1 or -1.</summary>
        private static (MlxArray Diagonal, MlxArray Sign) Factor(MlxArray a, MlxStream? stream)
        {
            // A singular matrix in lu_factor ends the process before MLX 0.32.1; Q is never singular.
            (MlxArray q, MlxArray r) = QR(a, stream);
            using (q)
            using (r)
            {
                return (Diagonal(r, 0, -2, -1, stream), SignOfOrthogonal(q, stream));
            }
        }

        private static MlxArray SignOfOrthogonal(MlxArray q, MlxStream? stream)
        {
            (MlxArray lu, MlxArray pivots) = Call.Pair(&Mlxc.mlx_linalg_lu_factor, "mlx_linalg_lu_factor", q, stream);
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
