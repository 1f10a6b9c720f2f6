namespace DotMlx.Tests.Operations;

/// <summary>Decompositions, whose parts are multiplied again and compared.</summary>
[CpuOnly("MLX decomposes matrices on the CPU")]
[RequiresMlx("it has no matrix decompositions")]
public class LinalgTests
{
    private static readonly MlxStream Cpu = DeviceType.Cpu;

    [Test]
    public void QrFactorsAreOrthogonalAndRestoreTheMatrix()
    {
        using MlxArray a = Numbers.Array(1, 2, 4, 3);
        (MlxArray q, MlxArray r) = Mx.Linalg.QR(a, Cpu);
        Numbers.AreClose(Mx.MatMul(q, r), a);
        Numbers.AreClose(Mx.MatMul(Mx.SwapAxes(q, 1, 2), q), Mx.BroadcastTo(Mx.Eye(3), 2, 3, 3));
    }

    [Test]
    public void SingularValuesRestoreTheMatrix()
    {
        using MlxArray a = Numbers.Array(1, 4, 3);
        (MlxArray u, MlxArray s, MlxArray vt) = Mx.Linalg.SVD(a, Cpu);
        Numbers.HasShape(u, 4, 4);
        Numbers.HasShape(vt, 3, 3);
        MlxArray[] columns = Mx.Split(u, [3], 1);
        Numbers.AreClose(Mx.MatMul(Mx.Multiply(columns[0], s), vt), a);
        Numbers.AreClose(Mx.Linalg.SVDVals(a, Cpu), s);
        Numbers.AreClose(Mx.Linalg.Norm(a, "nuc", stream: Cpu), [Golden.ToDoubles(s).Sum()]);
        Numbers.AreClose(Mx.Linalg.Norm(a, 2, stream: Cpu), [Golden.ToDoubles(s)[0]]);
    }

    [Test]
    public void InversesMultiplyToTheIdentity()
    {
        using MlxArray a = Mx.Add(Numbers.Array(1, 3, 3), Mx.Multiply(Mx.Eye(3), 3));
        using MlxArray triangle = Mx.Triu(a);
        Numbers.AreClose(Mx.MatMul(a, Mx.Linalg.Inv(a, Cpu)), Mx.Eye(3));
        Numbers.AreClose(Mx.MatMul(triangle, Mx.Linalg.TriInv(triangle, true, Cpu)), Mx.Eye(3));
        Numbers.AreClose(Mx.MatMul(a, Mx.Linalg.Pinv(a, Cpu)), Mx.Eye(3));
    }

    [Test]
    public void CholeskyFactorsRestoreTheMatrix()
    {
        using MlxArray half = Numbers.Array(1, 3, 3);
        using MlxArray a = Mx.Add(Mx.MatMul(half, Mx.Transpose(half)), Mx.Eye(3));
        using MlxArray lower = Mx.Linalg.Cholesky(a, stream: Cpu);
        using MlxArray upper = Mx.Linalg.Cholesky(a, true, Cpu);
        Numbers.AreClose(Mx.MatMul(lower, Mx.Transpose(lower)), a);
        Numbers.AreClose(upper, Mx.Transpose(lower));
        Numbers.AreClose(Mx.MatMul(a, Mx.Linalg.CholeskyInv(lower, stream: Cpu)), Mx.Eye(3), 1e-4);
    }

    [Test]
    public void EigenvaluesAndVectorsSatisfyTheirEquation()
    {
        using MlxArray half = Numbers.Array(1, 3, 3);
        using MlxArray a = Mx.Add(half, Mx.Transpose(half));
        (MlxArray values, MlxArray vectors) = Mx.Linalg.Eigh(a, stream: Cpu);
        Numbers.AreClose(Mx.MatMul(a, vectors), Mx.Multiply(vectors, values));
        Numbers.AreClose(Mx.Linalg.Eigvalsh(a, MatrixTriangle.U, Cpu), values);
        (MlxArray complexValues, MlxArray complexVectors) = Mx.Linalg.Eig(half, Cpu);
        Numbers.AreClose(
            Mx.MatMul(Mx.AsType(half, DType.Complex64), complexVectors), Mx.Multiply(complexVectors, complexValues));
        Numbers.AreClose(Mx.Linalg.Eigvals(half, Cpu), complexValues);
        Assert.That(() => Mx.Linalg.Eigvalsh(a, (MatrixTriangle)7, Cpu), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void SolutionsSatisfyTheirEquations()
    {
        using MlxArray a = Mx.Add(Numbers.Array(1, 3, 3), Mx.Multiply(Mx.Eye(3), 2));
        using MlxArray b = Numbers.Array(2, 3, 2);
        Numbers.AreClose(Mx.MatMul(a, Mx.Linalg.Solve(a, b, Cpu)), b);
        using MlxArray lower = Mx.Tril(a);
        Numbers.AreClose(Mx.MatMul(lower, Mx.Linalg.SolveTriangular(lower, b, stream: Cpu)), b);
        using MlxArray upper = Mx.Triu(a);
        Numbers.AreClose(Mx.MatMul(upper, Mx.Linalg.SolveTriangular(upper, b, true, Cpu)), b);
    }

    [Test]
    public void LowerAndUpperFactorsRestoreTheMatrix()
    {
        using MlxArray a = Numbers.Array(1, 3, 3);
        (MlxArray p, MlxArray l, MlxArray u) = Mx.Linalg.LU(a, Cpu);
        Numbers.AreClose(Mx.MatMul(Mx.Take(l, p, 0), u), a);
        (MlxArray lu, MlxArray pivots) = Mx.Linalg.LUFactor(a, Cpu);
        Numbers.AreClose(Mx.Triu(lu), u);
        Assert.That(pivots.DType, Is.EqualTo(DType.UInt32));
    }

    [Test]
    public void MatricesThatAreNotSquareAreRejected()
    {
        using MlxArray a = Mx.Zeros(2, 3);
        Assert.That(() => Mx.Linalg.Inv(a, Cpu), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Linalg.QR(Mx.Zeros(3), Cpu), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Linalg.SVD(Mx.Zeros([2, 2], DType.Int32), Cpu), Throws.TypeOf<MlxException>());
    }
}
