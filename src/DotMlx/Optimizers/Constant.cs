namespace DotMlx.Optimizers;

/// <summary>A number of an update rule: weakly typed, with its native scalars made once per element type.</summary>
internal sealed class Constant
{
    private readonly WeakScalar _scalar;
    private readonly DType?[] _beside = new DType?[14];

    public Constant(double value) => _scalar = ((MlxArray)value).Weak!;

    public Constant(long value) => _scalar = ((MlxArray)value).Weak!;

    /// <inheritdoc cref="ExactDecimal.Of"/>
    public static double Exact(float value) => ExactDecimal.Of(value);

    /// <summary>The scalar beside an array of this type, by the rule of weak numbers.</summary>
    public MlxArray Beside(DType dtype) => _scalar.Native(_beside[(int)dtype] ??= _scalar.DTypeBeside(dtype));
}
