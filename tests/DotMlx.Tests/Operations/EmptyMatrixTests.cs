namespace DotMlx.Tests.Operations;

/// <summary>Linear algebra of matrices without elements gives NumPy's results.</summary>
public class EmptyMatrixTests
{
    private static readonly MlxStream Cpu = DeviceType.Cpu;

    private static readonly int[][] Squares = [[0, 0], [3, 0, 0], [0, 2, 2]];

    [TestCaseSource(nameof(Squares))]
    public void SquareMatricesGiveTheirShapes(int[] shape)
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(shape);
        int[] batch = shape[..^2];
        int[] row = shape[..^1];
        Assert.Multiple(() =>
        {
            foreach (Func<MlxArray> same in (Func<MlxArray>[])
                [
                    () => Mx.Linalg.Inv(a, Cpu), () => Mx.Linalg.TriInv(a, stream: Cpu), () => Mx.Linalg.Cholesky(a, stream: Cpu),
                    () => Mx.Linalg.CholeskyInv(a, stream: Cpu), () => Mx.Linalg.Pinv(a, Cpu), () => Mx.Linalg.LUFactor(a, Cpu).LU,
                    () => Mx.Linalg.Eig(a, Cpu).Vectors, () => Mx.Linalg.Eigh(a, stream: Cpu).Vectors, () => Mx.Linalg.QR(a, Cpu).Q,
                    () => Mx.Linalg.QR(a, Cpu).R,
                    () => Mx.Linalg.LU(a, Cpu).L, () => Mx.Linalg.LU(a, Cpu).U,
                ])
            {
                Numbers.HasShape(Evaluated(same()), shape);
            }

            Numbers.HasShape(Evaluated(Mx.Linalg.Eig(a, Cpu).Values), row);
            Numbers.HasShape(Evaluated(Mx.Linalg.Eigvals(a, Cpu)), row);
            Numbers.HasShape(Evaluated(Mx.Linalg.Eigvalsh(a, stream: Cpu)), row);
            Numbers.HasShape(Evaluated(Mx.Linalg.Eigh(a, stream: Cpu).Values), row);
            Numbers.HasShape(Evaluated(Mx.Linalg.LUFactor(a, Cpu).Pivots), row);
            Numbers.HasShape(Evaluated(Mx.Linalg.SVDVals(a, Cpu)), row);
            Numbers.HasShape(Evaluated(Mx.Linalg.Det(a, Cpu)), batch);
            Assert.That(Mx.Linalg.Eig(a, Cpu).Values.DType, Is.EqualTo(DType.Complex64));
            Assert.That(Mx.Linalg.Eig(a, Cpu).Vectors.DType, Is.EqualTo(DType.Complex64));
            Assert.That(Mx.Linalg.LUFactor(a, Cpu).Pivots.DType, Is.EqualTo(DType.UInt32));
        });
    }

    [TestCaseSource(nameof(Squares))]
    public void ComplexMatricesHaveRealSpectra(int[] shape)
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(shape, DType.Complex64);
        int[] row = shape[..^1];
        Assert.Multiple(() =>
        {
            foreach ((MlxArray values, DType dtype) in ((MlxArray, DType)[])
                [
                    (Mx.Linalg.Eigvals(a, Cpu), DType.Complex64), (Mx.Linalg.Eig(a, Cpu).Values, DType.Complex64),
                    (Mx.Linalg.Eigvalsh(a, stream: Cpu), DType.Float32), (Mx.Linalg.Eigh(a, stream: Cpu).Values, DType.Float32),
                    (Mx.Linalg.SVDVals(a, Cpu), DType.Float32),
                ])
            {
                Numbers.HasShape(Evaluated(values), row);
                Assert.That(values.DType, Is.EqualTo(dtype));
            }

            foreach (MlxArray vectors in (MlxArray[])
                [Mx.Linalg.Eig(a, Cpu).Vectors, Mx.Linalg.Eigh(a, stream: Cpu).Vectors, Mx.Linalg.SVD(a, Cpu).U])
            {
                Numbers.HasShape(Evaluated(vectors), shape);
                Assert.That(vectors.DType, Is.EqualTo(DType.Complex64));
            }
        });
    }

    [TestCaseSource(nameof(Squares))]
    public void EquationsThatAreNoneHaveEmptySolutions(int[] shape)
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(shape);
        MlxArray b = Mx.Zeros([.. shape[..^1], 4]);
        Assert.Multiple(() =>
        {
            Numbers.HasShape(Evaluated(Mx.Linalg.Solve(a, b, Cpu)), b.Shape.ToArray());
            Numbers.HasShape(Evaluated(Mx.Linalg.SolveTriangular(a, b, stream: Cpu)), b.Shape.ToArray());
        });
    }

    [TestCase(5, 0)]
    [TestCase(0, 5)]
    public void OblongMatricesHaveNoRank(int rows, int columns)
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(rows, columns);
        var (q, r) = Mx.Linalg.QR(a, Cpu);
        var (p, l, u) = Mx.Linalg.LU(a, Cpu);
        var (left, values, right) = Mx.Linalg.SVD(a, Cpu);
        Assert.Multiple(() =>
        {
            Numbers.HasShape(Evaluated(q), rows, 0);
            Numbers.HasShape(Evaluated(r), 0, columns);
            Numbers.HasShape(Evaluated(l), rows, 0);
            Numbers.HasShape(Evaluated(u), 0, columns);
            Assert.That(p.ToArray<uint>(), Is.EqualTo(Enumerable.Range(0, rows).Select(i => (uint)i)));
            Assert.That(Evaluated(left).ToArray<float>().Sum(), Is.EqualTo(rows));
            Assert.That(Evaluated(right).ToArray<float>().Sum(), Is.EqualTo(columns));
            Numbers.HasShape(Evaluated(values), 0);
            Numbers.HasShape(Evaluated(Mx.Linalg.Pinv(a, Cpu)), columns, rows);
        });
    }

    [Test]
    public void EquationsWithoutUnknownsHaveASolution()
    {
        using var scope = MlxScope.Begin();
        MlxArray a = Mx.Zeros(0, 0);
        Numbers.HasShape(Evaluated(Mx.Linalg.Solve(a, Mx.Zeros(0, 3), Cpu)), 0, 3);
        Numbers.HasShape(Evaluated(Mx.Linalg.SolveTriangular(a, Mx.Zeros(0), false, Cpu)), 0);
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void WrongEmptyArgumentsAreRefusedAsEver()
    {
        using var scope = MlxScope.Begin();
        Assert.That(() => Mx.Linalg.Inv(Mx.Zeros(0, 3), Cpu), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Linalg.QR(Mx.Zeros([0, 3], DType.Int32), Cpu), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Linalg.Eigh(Mx.Zeros(0), stream: Cpu), Throws.TypeOf<MlxException>());
    }

    private static MlxArray Evaluated(MlxArray array)
    {
        array.Eval();
        return array;
    }
}
