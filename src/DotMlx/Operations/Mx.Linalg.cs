using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Linear algebra (mlx.core.linalg).</summary>
    /// <remarks>
    /// MLX computes decompositions, inverses, and solutions only on the CPU. If the default device is a GPU, pass a CPU stream. Before MLX
    /// 0.32.1, these functions check matrices first, and a singular matrix in <see cref="Inv"/>, <see cref="Solve"/>, or <see cref="LU"/>
    /// throws. Under a transform, where matrices have no values yet, the result for such a matrix is NaN.
    /// </remarks>
    public static unsafe partial class Linalg
    {
        /// <summary>Norm of vectors along one axis, or of the whole array.</summary>
        /// <param name="a">An array of any shape.</param>
        /// <param name="ord">The order; null for the 2-norm. Over the two axes of a matrix: 1, -1, 2, -2, or an infinity.</param>
        /// <param name="axis">The axis of the vectors, negative from the end; null for the whole array.</param>
        /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>The norms.</returns>
        /// <exception cref="MlxException">The order doesn't exist for this number of axes, or the axis is out of range.</exception>
        /// <remarks>mlx.core.linalg.norm; C: mlx_linalg_norm_l2, mlx_linalg_norm.</remarks>
        public static MlxArray Norm(
            MlxArray a, double? ord = null, int? axis = null, bool keepdims = false, MlxStream? stream = null)
            => Norm(a, axis is int one ? [one] : default(ReadOnlySpan<int>), ord, keepdims, stream);

        /// <summary>Norm of vectors (one axis) or matrices (two axes).</summary>
        /// <param name="a">An array of any shape.</param>
        /// <param name="axis">One or two axes, negative from the end; none for the whole array.</param>
        /// <param name="ord">
        /// The order; null for the 2-norm of vectors and the Frobenius norm of matrices. For matrices: 1, -1, 2, -2, or an infinity.
        /// </param>
        /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>The norms.</returns>
        /// <exception cref="MlxException">The order doesn't exist for this number of axes, or an axis is out of range.</exception>
        /// <remarks>mlx.core.linalg.norm; C: mlx_linalg_norm_l2, mlx_linalg_norm.</remarks>
        public static MlxArray Norm(
            MlxArray a, ReadOnlySpan<int> axis, double? ord = null, bool keepdims = false, MlxStream? stream = null)
        {
            NativeCall.CheckReduction(a, "mlx_norm", stream);
            AxisCheck.Check(a, axis);
            bool needsSingularValues = ord is 2 or -2 && (axis.Length == 2 || (axis.IsEmpty && a.NDim == 2));
            using CheckedMatrices matrices = needsSingularValues
                ? RequireSingularValues(a, "mlx_linalg_norm", stream, axis)
                : new CheckedMatrices(a);
            mlx_array result = default;
            mlx_array input = NativeCall.Handle(matrices.Value);
            nuint count = (nuint)axis.Length;
            byte keep = NativeCall.Byte(keepdims);

            // An empty span gives a null pointer, which the C function interprets as no axis.
            fixed (int* first = axis)
            {
                MlxArray norms = ord is double order
                    ? NativeCall.Result(Mlxc.mlx_linalg_norm(&result, input, order, first, count, keep, NativeCall.Stream(stream)),
                        result, "mlx_linalg_norm")
                    : NativeCall.Result(Mlxc.mlx_linalg_norm_l2(&result, input, first, count, keep, NativeCall.Stream(stream)), result,
                        "mlx_linalg_norm_l2");
                GC.KeepAlive(a);
                norms = matrices.Mark(norms, dropped: keepdims ? 0 : 2);
                if (!keepdims || !axis.IsEmpty || norms.NDim == a.NDim)
                {
                    return norms;
                }

                // Before MLX 0.32, the norm of the whole array keeps only one axis.
                using (norms)
                {
                    int[] ones = new int[a.NDim];
                    Array.Fill(ones, 1);
                    return Reshape(norms, ones, stream);
                }
            }
        }

        /// <summary>Named norm of matrices.</summary>
        /// <param name="a">An array with two axes, or with more if <paramref name="axis"/> names the axes of the matrices.</param>
        /// <param name="ord">"fro" for the Frobenius norm, "nuc" for the nuclear norm.</param>
        /// <param name="axis">The two axes of the matrices, negative from the end; none for the axes of a single matrix.</param>
        /// <param name="keepdims">Whether the reduced axes remain with size 1.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>The norms.</returns>
        /// <exception cref="MlxException">The name is unknown, or there aren't exactly two axes.</exception>
        /// <remarks>mlx.core.linalg.norm; C: mlx_linalg_norm_matrix.</remarks>
        public static MlxArray Norm(
            MlxArray a, string ord, ReadOnlySpan<int> axis = default, bool keepdims = false, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(ord);
            NativeCall.CheckReduction(a, "mlx_norm", stream);
            AxisCheck.Check(a, axis);
            using CheckedMatrices matrices = ord == "nuc"
                ? RequireSingularValues(a, "mlx_linalg_norm_matrix", stream, axis)
                : new CheckedMatrices(a);
            using NativeText name = new(ord, nameof(ord));
            mlx_array result = default;
            fixed (int* first = axis)
            {
                int status = Mlxc.mlx_linalg_norm_matrix(
                    &result, NativeCall.Handle(matrices.Value), name.Pointer, first, (nuint)axis.Length, NativeCall.Byte(keepdims),
                    NativeCall.Stream(stream));
                GC.KeepAlive(a);
                return matrices.Mark(NativeCall.Result(status, result, "mlx_linalg_norm_matrix"), dropped: keepdims ? 0 : 2);
            }
        }

        /// <summary>Cross product of vectors with 2 or 3 elements.</summary>
        /// <param name="a">An array whose axis has size 2 or 3.</param>
        /// <param name="b">An array that can be broadcast against <paramref name="a"/>, with size 2 or 3 in the same axis.</param>
        /// <param name="axis">The axis of the vectors, negative from the end.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the broadcast shape.</returns>
        /// <exception cref="MlxException">The axis has another size.</exception>
        /// <remarks>mlx.core.linalg.cross; C: mlx_linalg_cross.</remarks>
        public static MlxArray Cross(MlxArray a, MlxArray b, int axis = -1, MlxStream? stream = null)
            {
            _ = AxisCheck.Of(a, axis);
            _ = AxisCheck.Of(b, axis);
            return NativeCall.BinaryWithInt(&Mlxc.mlx_linalg_cross, "mlx_linalg_cross", a, b, axis, stream);
        }

        /// <summary>QR decomposition: a = Q @ R.</summary>
        /// <param name="a">A floating-point array of shape [..., m, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>Q of shape [..., m, k] with orthonormal columns and upper triangular R of shape [..., k, n], k = min(m, n).</returns>
        /// <exception cref="MlxException">
        /// The array has fewer than two axes or isn't floating-point, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>mlx.core.linalg.qr; C: mlx_linalg_qr.</remarks>
        public static (MlxArray Q, MlxArray R) QR(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: false))
            {
                int rank = Math.Min(a.Shape[^2], a.Shape[^1]);
                return (EmptyMatrices.Of(a, [a.Shape[^2], rank], stream), EmptyMatrices.Of(a, [rank, a.Shape[^1]], stream));
            }

            return NativeCall.ToPair(&Mlxc.mlx_linalg_qr, "mlx_linalg_qr", a, stream);
        }

        /// <summary>Singular value decomposition: a = U @ diag(S) @ Vt.</summary>
        /// <param name="a">A floating-point array of shape [..., m, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>U of shape [..., m, m], S of shape [..., min(m, n)] in descending order, and Vt of shape [..., n, n].</returns>
        /// <exception cref="MlxException">
        /// The array has fewer than two axes or isn't floating-point, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>mlx.core.linalg.svd; C: mlx_linalg_svd.</remarks>
        public static (MlxArray U, MlxArray S, MlxArray Vt) SVD(MlxArray a, MlxStream? stream = null)
        {
            MlxArray[] parts = Svd(a, true, stream);
            return (parts[0], parts[1], parts[2]);
        }

        /// <summary>Singular values only.</summary>
        /// <param name="a">A floating-point array of shape [..., m, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of shape [..., min(m, n)] in descending order.</returns>
        /// <exception cref="MlxException">
        /// The array has fewer than two axes or isn't floating-point, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>mlx.core.linalg.svd with compute_uv=False; C: mlx_linalg_svd.</remarks>
        public static MlxArray SVDVals(MlxArray a, MlxStream? stream = null) => Svd(a, false, stream)[0];

        /// <summary>Inverse of square matrices.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
        /// <exception cref="MlxException">The matrices aren't square or aren't floating-point, or the stream is a GPU stream.</exception>
        /// <exception cref="MlxException">A matrix is singular. Before MLX 0.32.1, a nearly singular matrix throws too.</exception>
        /// <remarks>mlx.core.linalg.inv; C: mlx_linalg_inv.</remarks>
        public static MlxArray Inv(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true))
            {
                return a.Share();
            }

            using CheckedMatrices matrices = Factorable.RequireRegular(a, "mlx_linalg_inv", stream);
            return matrices.Mark(NativeCall.Unary(&Mlxc.mlx_linalg_inv, "mlx_linalg_inv", matrices.Value, stream));
        }

        /// <summary>Inverse of triangular matrices.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n].</param>
        /// <param name="upper">Whether the matrices are upper triangular.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
        /// <exception cref="MlxException">The matrices aren't square or aren't floating-point, or the stream is a GPU stream.</exception>
        /// <exception cref="MlxException">A diagonal contains a zero.</exception>
        /// <remarks>mlx.core.linalg.tri_inv; C: mlx_linalg_tri_inv.</remarks>
        public static MlxArray TriInv(MlxArray a, bool upper = false, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true))
            {
                return a.Share();
            }

            using MlxArray triangles = Factorable.Triangles(a, upper, stream);
            using CheckedMatrices matrices = Factorable.RequireDiagonal(triangles, "mlx_linalg_tri_inv", stream);
            return matrices.Mark(NativeCall.WithFlag(&Mlxc.mlx_linalg_tri_inv, "mlx_linalg_tri_inv", matrices.Value, upper, stream));
        }

        /// <summary>Cholesky decomposition of symmetric positive definite matrices: a = L @ L^T.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n]. A matrix that isn't positive definite gives NaN.</param>
        /// <param name="upper">Whether to return the upper triangular factor instead.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>A triangular array of the same shape as <paramref name="a"/>.</returns>
        /// <exception cref="MlxException">The matrices aren't square or aren't floating-point, or the stream is a GPU stream.</exception>
        /// <remarks>mlx.core.linalg.cholesky; C: mlx_linalg_cholesky.</remarks>
        public static MlxArray Cholesky(MlxArray a, bool upper = false, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true))
            {
                return a.Share();
            }

            using MlxScope scope = MlxScope.Begin();
            MlxArray factor = NativeCall.WithFlag(&Mlxc.mlx_linalg_cholesky, "mlx_linalg_cholesky", a, upper, stream);
            MlxArray positive = All(Greater(Diagonal(factor, 0, -2, -1, stream), 0, stream), -1, keepdims: true, stream);
            return scope.Keep(Where(ExpandDims(positive, -1, stream), factor, double.NaN, stream));
        }

        /// <summary>Inverse of a matrix from its Cholesky factor.</summary>
        /// <param name="l">A triangular array of shape [..., n, n].</param>
        /// <param name="upper">Whether the factor is upper triangular.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="l"/>.</returns>
        /// <exception cref="MlxException">The matrices aren't square or aren't floating-point, or the stream is a GPU stream.</exception>
        /// <exception cref="MlxException">A diagonal contains a zero.</exception>
        /// <remarks>mlx.core.linalg.cholesky_inv; C: mlx_linalg_cholesky_inv.</remarks>
        public static MlxArray CholeskyInv(MlxArray l, bool upper = false, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(l, square: true))
            {
                return l.Share();
            }

            using MlxArray triangles = Factorable.Triangles(l, upper, stream);
            using CheckedMatrices factors = Factorable.RequireDiagonal(triangles, "mlx_linalg_cholesky_inv", stream);
            return factors.Mark(
                NativeCall.WithFlag(&Mlxc.mlx_linalg_cholesky_inv, "mlx_linalg_cholesky_inv", factors.Value, upper, stream));
        }

        /// <summary>Moore-Penrose pseudo-inverse.</summary>
        /// <param name="a">A floating-point array of shape [..., m, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of shape [..., n, m].</returns>
        /// <exception cref="MlxException">
        /// The array has fewer than two axes or isn't floating-point, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>mlx.core.linalg.pinv; C: mlx_linalg_pinv.</remarks>
        public static MlxArray Pinv(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: false))
            {
                return EmptyMatrices.Of(a, [a.Shape[^1], a.Shape[^2]], stream);
            }

            using CheckedMatrices matrices = Factorable.RequireNumbers(a, "mlx_linalg_pinv", stream);
            return matrices.Mark(NativeCall.Unary(&Mlxc.mlx_linalg_pinv, "mlx_linalg_pinv", matrices.Value, stream));
        }

        /// <summary>Eigenvalues of square matrices.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>A complex64 array of shape [..., n].</returns>
        /// <exception cref="MlxException">The matrices aren't square or aren't floating-point, or the stream is a GPU stream.</exception>
        /// <remarks>mlx.core.linalg.eigvals; C: mlx_linalg_eigvals.</remarks>
        public static MlxArray Eigvals(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true, complex: true))
            {
                return EmptyMatrices.Of(a, [a.Shape[^1]], stream, DType.Complex64);
            }

            using CheckedMatrices matrices = Factorable.RequireNumbers(a, "mlx_linalg_eigvals", stream);
            return matrices.Mark(NativeCall.Unary(&Mlxc.mlx_linalg_eigvals, "mlx_linalg_eigvals", matrices.Value, stream), dropped: 1);
        }

        /// <summary>Eigenvalues and right eigenvectors of square matrices.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>The complex64 eigenvalues of shape [..., n], and the eigenvectors as columns of shape [..., n, n].</returns>
        /// <exception cref="MlxException">The matrices aren't square or aren't floating-point, or the stream is a GPU stream.</exception>
        /// <remarks>mlx.core.linalg.eig; C: mlx_linalg_eig.</remarks>
        public static (MlxArray Values, MlxArray Vectors) Eig(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true, complex: true))
            {
                return (EmptyMatrices.Of(a, [a.Shape[^1]], stream, DType.Complex64), a.AsType(DType.Complex64, stream));
            }

            using CheckedMatrices matrices = Factorable.RequireNumbers(a, "mlx_linalg_eig", stream);
            (MlxArray values, MlxArray vectors) = NativeCall.ToPair(&Mlxc.mlx_linalg_eig, "mlx_linalg_eig", matrices.Value, stream);
            return (matrices.Mark(values, dropped: 1), matrices.Mark(vectors));
        }

        /// <summary>Eigenvalues of symmetric or Hermitian matrices.</summary>
        /// <param name="a">An array of shape [..., n, n].</param>
        /// <param name="uplo">The triangle that is read.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>A real array of shape [..., n] in ascending order.</returns>
        /// <exception cref="MlxException">
        /// The matrices aren't square or are neither floating-point nor complex, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>mlx.core.linalg.eigvalsh; C: mlx_linalg_eigvalsh.</remarks>
        public static MlxArray Eigvalsh(MlxArray a, MatrixTriangle uplo = MatrixTriangle.L, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true, complex: true))
            {
                return EmptyMatrices.Of(a, [a.Shape[^1]], stream, RealOf(a.DType));
            }

            using NativeText triangle = new(NativeTriangle(uplo), nameof(uplo));
            mlx_array result = default;
            int status = Mlxc.mlx_linalg_eigvalsh(&result, NativeCall.Handle(a), triangle.Pointer, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Result(status, result, "mlx_linalg_eigvalsh");
        }

        /// <summary>Eigenvalues and eigenvectors of symmetric or Hermitian matrices.</summary>
        /// <param name="a">An array of shape [..., n, n].</param>
        /// <param name="uplo">The triangle that is read.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>
        /// The real eigenvalues of shape [..., n] in ascending order, and the eigenvectors as columns of shape [..., n, n].
        /// </returns>
        /// <exception cref="MlxException">
        /// The matrices aren't square or are neither floating-point nor complex, or the stream is a GPU stream.
        /// </exception>
        /// <remarks>mlx.core.linalg.eigh; C: mlx_linalg_eigh.</remarks>
        public static (MlxArray Values, MlxArray Vectors) Eigh(MlxArray a, MatrixTriangle uplo = MatrixTriangle.L, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: true, complex: true))
            {
                return (EmptyMatrices.Of(a, [a.Shape[^1]], stream, RealOf(a.DType)), a.Share());
            }

            using NativeText triangle = new(NativeTriangle(uplo), nameof(uplo));
            mlx_array values = default;
            mlx_array vectors = default;
            int status = Mlxc.mlx_linalg_eigh(&values, &vectors, NativeCall.Handle(a), triangle.Pointer, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return (NativeCall.Result(status, values, "mlx_linalg_eigh"), NativeCall.Result(status, vectors, "mlx_linalg_eigh"));
        }

        /// <summary>LU decomposition with row exchanges: a = L[P] @ U.</summary>
        /// <param name="a">A floating-point array of shape [..., m, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>The row order P (uint32, [..., m]), the unit lower triangular L, and the upper triangular U.</returns>
        /// <exception cref="MlxException">
        /// The array has fewer than two axes or isn't floating-point, or the stream is a GPU stream.
        /// </exception>
        /// <exception cref="MlxException">
        /// Before MLX 0.32.1, a matrix is singular or nearly singular. Since then, such a matrix has a zero on the diagonal of U.
        /// </exception>
        /// <remarks>mlx.core.linalg.lu; C: mlx_linalg_lu.</remarks>
        public static (MlxArray P, MlxArray L, MlxArray U) LU(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: false))
            {
                int rank = Math.Min(a.Shape[^2], a.Shape[^1]);
                return (
                    EmptyMatrices.RowOrder(a, stream), EmptyMatrices.Of(a, [a.Shape[^2], rank], stream),
                    EmptyMatrices.Of(a, [rank, a.Shape[^1]], stream));
            }

            using CheckedMatrices matrices = Factorable.RequireRegular(a, "mlx_linalg_lu", stream);
            mlx_vector_array results = default;
            int status = Mlxc.mlx_linalg_lu(&results, NativeCall.Handle(matrices.Value), NativeCall.Stream(stream));
            GC.KeepAlive(a);
            MlxArray[] parts = NativeCall.Arrays(status, results, "mlx_linalg_lu");
            return (parts[0], matrices.Mark(parts[1]), matrices.Mark(parts[2]));
        }

        /// <summary>LU decomposition in compact form.</summary>
        /// <param name="a">A floating-point array of shape [..., m, n].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>L (without its ones) and U in one array, and the row exchanged in each step (uint32, [..., min(m, n)]).</returns>
        /// <exception cref="MlxException">
        /// The array has fewer than two axes or isn't floating-point, or the stream is a GPU stream.
        /// </exception>
        /// <exception cref="MlxException">
        /// Before MLX 0.32.1, a matrix is singular or nearly singular. Since then, such a matrix has a zero on the diagonal of U.
        /// </exception>
        /// <remarks>mlx.core.linalg.lu_factor; C: mlx_linalg_lu_factor.</remarks>
        public static (MlxArray LU, MlxArray Pivots) LUFactor(MlxArray a, MlxStream? stream = null)
        {
            if (EmptyMatrices.Are(a, square: false))
            {
                return (a.Share(), EmptyMatrices.Of(a, [Math.Min(a.Shape[^2], a.Shape[^1])], stream, DType.UInt32));
            }

            using CheckedMatrices matrices = Factorable.RequireRegular(a, "mlx_linalg_lu_factor", stream);
            (MlxArray lu, MlxArray pivots) = NativeCall.ToPair(
                &Mlxc.mlx_linalg_lu_factor, "mlx_linalg_lu_factor", matrices.Value, stream);
            return (matrices.Mark(lu), pivots);
        }

        /// <summary>Solution x of a @ x = b.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n].</param>
        /// <param name="b">An array of shape [..., n] or [..., n, k].</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="b"/>.</returns>
        /// <exception cref="MlxException">The shapes don't match, or the stream is a GPU stream.</exception>
        /// <exception cref="MlxException">A matrix is singular. Before MLX 0.32.1, a nearly singular matrix throws too.</exception>
        /// <remarks>mlx.core.linalg.solve; C: mlx_linalg_solve.</remarks>
        public static MlxArray Solve(MlxArray a, MlxArray b, MlxStream? stream = null)
        {
            if (HasNoEquations(a, b))
            {
                return Mx.MatMul(a, b, stream);
            }

            using CheckedMatrices matrices = Factorable.RequireRegular(a, "mlx_linalg_solve", stream);
            return matrices.Mark(
                NativeCall.BinaryArrays(&Mlxc.mlx_linalg_solve, "mlx_linalg_solve", matrices.Value, b, stream), dropped: DroppedBy(b));
        }

        /// <summary>Solution x of a @ x = b for triangular matrices.</summary>
        /// <param name="a">A floating-point array of shape [..., n, n].</param>
        /// <param name="b">An array of shape [..., n] or [..., n, k].</param>
        /// <param name="upper">Whether <paramref name="a"/> is upper triangular.</param>
        /// <param name="stream">A CPU stream; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="b"/>.</returns>
        /// <exception cref="MlxException">The shapes don't match, or the stream is a GPU stream.</exception>
        /// <exception cref="MlxException">A diagonal contains a zero.</exception>
        /// <remarks>mlx.core.linalg.solve_triangular; C: mlx_linalg_solve_triangular.</remarks>
        public static MlxArray SolveTriangular(MlxArray a, MlxArray b, bool upper = false, MlxStream? stream = null)
        {
            if (HasNoEquations(a, b))
            {
                return Mx.MatMul(a, b, stream);
            }

            using MlxArray triangles = Factorable.Triangles(a, upper, stream);
            using CheckedMatrices matrices = Factorable.RequireDiagonal(triangles, "mlx_linalg_solve_triangular", stream);
            mlx_array result = default;
            int status = Mlxc.mlx_linalg_solve_triangular(
                &result, NativeCall.Handle(matrices.Value), NativeCall.Handle(b), NativeCall.Byte(upper), NativeCall.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            return matrices.Mark(NativeCall.Result(status, result, "mlx_linalg_solve_triangular"), dropped: DroppedBy(b));
        }

        // If there are no unknowns or no systems of equations, the solution is empty, with the shape of the product.
        private static bool HasNoEquations(MlxArray a, MlxArray b)
        {
            ArgumentNullException.ThrowIfNull(b);
            return EmptyMatrices.Are(a, square: true) && b.DType == a.DType && b.NDim > 0
                && b.Shape[b.NDim > 1 ? ^2 : ^1] == a.Shape[^1];
        }

        // A vector on the right gives a vector.
        private static int DroppedBy(MlxArray right) => right.NDim == 1 ? 1 : 0;

        /// <summary>Singular values of matrices without NaN.</summary>
        internal static MlxArray UncheckedSingularValues(MlxArray a, MlxStream? stream) => UncheckedSvd(a, false, stream)[0];

        private static MlxArray[] Svd(MlxArray a, bool computeUv, MlxStream? stream)
        {
            if (EmptyMatrices.Are(a, square: false, complex: true))
            {
                MlxArray none = EmptyMatrices.Of(a, [Math.Min(a.Shape[^2], a.Shape[^1])], stream, RealOf(a.DType));
                return computeUv
                    ? [EmptyMatrices.Identities(a, a.Shape[^2], stream), none, EmptyMatrices.Identities(a, a.Shape[^1], stream)]
                    : [none];
            }

            using CheckedMatrices matrices = Factorable.RequireNumbers(a, "mlx_linalg_svd", stream);
            MlxArray[] parts = UncheckedSvd(matrices.Value, computeUv, stream);
            for (int i = 0; i < parts.Length; i++)
            {
                bool isValues = parts.Length == 1 || i == 1;
                parts[i] = matrices.Mark(parts[i], dropped: isValues ? 1 : 0);
            }

            return parts;
        }

        private static MlxArray[] UncheckedSvd(MlxArray a, bool computeUv, MlxStream? stream)
        {
            mlx_vector_array results = default;
            int status = Mlxc.mlx_linalg_svd(&results, NativeCall.Handle(a), NativeCall.Byte(computeUv), NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Arrays(status, results, "mlx_linalg_svd");
        }

        private static DType RealOf(DType dtype) => dtype == DType.Complex64 ? DType.Float32 : dtype;

        private static CheckedMatrices RequireSingularValues(
            MlxArray a, string function, MlxStream? stream, ReadOnlySpan<int> axes)
        {
            Factorable.RequireElements(a, function);
            return Factorable.RequireNumbers(a, function, stream, axes);
        }

        // Before 0.32, MLX reads the other triangle, because LAPACK's matrices are transposed.
        private static string NativeTriangle(MatrixTriangle uplo) => !IsBefore032 ? Triangle(uplo) : Triangle(uplo) == "L" ? "U" : "L";

        // MLX passes the string to LAPACK unchecked.
        private static string Triangle(MatrixTriangle uplo) => uplo switch
        {
            MatrixTriangle.L => "L",
            MatrixTriangle.U => "U",
            _ => throw new ArgumentOutOfRangeException(nameof(uplo), uplo, "Use MatrixTriangle.L or U."),
        };
    }
}
