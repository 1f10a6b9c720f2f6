namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <inheritdoc cref="Mx.Abs(MlxArray, MlxStream)"/>
    public MlxArray Abs(MlxStream? stream = null) => Mx.Abs(this, stream);

    /// <inheritdoc cref="Mx.Square(MlxArray, MlxStream)"/>
    public MlxArray Square(MlxStream? stream = null) => Mx.Square(this, stream);

    /// <inheritdoc cref="Mx.Sqrt(MlxArray, MlxStream)"/>
    public MlxArray Sqrt(MlxStream? stream = null) => Mx.Sqrt(this, stream);

    /// <inheritdoc cref="Mx.Rsqrt(MlxArray, MlxStream)"/>
    public MlxArray Rsqrt(MlxStream? stream = null) => Mx.Rsqrt(this, stream);

    /// <inheritdoc cref="Mx.Reciprocal(MlxArray, MlxStream)"/>
    public MlxArray Reciprocal(MlxStream? stream = null) => Mx.Reciprocal(this, stream);

    /// <inheritdoc cref="Mx.Exp(MlxArray, MlxStream)"/>
    public MlxArray Exp(MlxStream? stream = null) => Mx.Exp(this, stream);

    /// <inheritdoc cref="Mx.Log(MlxArray, MlxStream)"/>
    public MlxArray Log(MlxStream? stream = null) => Mx.Log(this, stream);

    /// <inheritdoc cref="Mx.Log2(MlxArray, MlxStream)"/>
    public MlxArray Log2(MlxStream? stream = null) => Mx.Log2(this, stream);

    /// <inheritdoc cref="Mx.Log10(MlxArray, MlxStream)"/>
    public MlxArray Log10(MlxStream? stream = null) => Mx.Log10(this, stream);

    /// <inheritdoc cref="Mx.Log1p(MlxArray, MlxStream)"/>
    public MlxArray Log1p(MlxStream? stream = null) => Mx.Log1p(this, stream);

    /// <inheritdoc cref="Mx.Sin(MlxArray, MlxStream)"/>
    public MlxArray Sin(MlxStream? stream = null) => Mx.Sin(this, stream);

    /// <inheritdoc cref="Mx.Cos(MlxArray, MlxStream)"/>
    public MlxArray Cos(MlxStream? stream = null) => Mx.Cos(this, stream);

    /// <inheritdoc cref="Mx.Conj(MlxArray, MlxStream)"/>
    public MlxArray Conj(MlxStream? stream = null) => Mx.Conj(this, stream);

    /// <inheritdoc cref="Mx.Round(MlxArray, int, MlxStream)"/>
    public MlxArray Round(int decimals = 0, MlxStream? stream = null) => Mx.Round(this, decimals, stream);

    /// <inheritdoc cref="Mx.Equal(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray Equal(MlxArray other, MlxStream? stream = null) => Mx.Equal(this, other, stream);

    /// <inheritdoc cref="Mx.NotEqual(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray NotEqual(MlxArray other, MlxStream? stream = null) => Mx.NotEqual(this, other, stream);

    /// <inheritdoc cref="Mx.Less(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray Less(MlxArray other, MlxStream? stream = null) => Mx.Less(this, other, stream);

    /// <inheritdoc cref="Mx.LessEqual(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray LessEqual(MlxArray other, MlxStream? stream = null) => Mx.LessEqual(this, other, stream);

    /// <inheritdoc cref="Mx.Greater(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray Greater(MlxArray other, MlxStream? stream = null) => Mx.Greater(this, other, stream);

    /// <inheritdoc cref="Mx.GreaterEqual(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray GreaterEqual(MlxArray other, MlxStream? stream = null) => Mx.GreaterEqual(this, other, stream);

    /// <inheritdoc cref="Mx.LogicalAnd(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray LogicalAnd(MlxArray other, MlxStream? stream = null) => Mx.LogicalAnd(this, other, stream);

    /// <inheritdoc cref="Mx.LogicalOr(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray LogicalOr(MlxArray other, MlxStream? stream = null) => Mx.LogicalOr(this, other, stream);

    /// <inheritdoc cref="Mx.Power(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray Power(MlxArray other, MlxStream? stream = null) => Mx.Power(this, other, stream);

    /// <inheritdoc cref="Mx.FloorDivide(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray FloorDivide(MlxArray other, MlxStream? stream = null) => Mx.FloorDivide(this, other, stream);

    /// <inheritdoc cref="Mx.Maximum(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray Maximum(MlxArray other, MlxStream? stream = null) => Mx.Maximum(this, other, stream);

    /// <inheritdoc cref="Mx.Minimum(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray Minimum(MlxArray other, MlxStream? stream = null) => Mx.Minimum(this, other, stream);

    /// <inheritdoc cref="Mx.MatMul(MlxArray, MlxArray, MlxStream)"/>
    public MlxArray MatMul(MlxArray other, MlxStream? stream = null) => Mx.MatMul(this, other, stream);
}
