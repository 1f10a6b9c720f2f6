namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <inheritdoc cref="Mx.Sum(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray Sum(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.Sum(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Sum(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray Sum(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.Sum(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Prod(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray Prod(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.Prod(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Prod(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray Prod(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.Prod(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Mean(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray Mean(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.Mean(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Mean(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray Mean(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.Mean(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Max(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray Max(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.Max(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Max(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray Max(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.Max(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Min(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray Min(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.Min(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Min(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray Min(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.Min(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.All(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray All(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.All(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.All(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray All(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.All(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Any(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray Any(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.Any(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Any(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray Any(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) => Mx.Any(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.LogSumExp(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray LogSumExp(int? axis = null, bool keepdims = false, MlxStream? stream = null) =>
        Mx.LogSumExp(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.LogSumExp(MlxArray, ReadOnlySpan{int}, bool, MlxStream)"/>
    public MlxArray LogSumExp(ReadOnlySpan<int> axis, bool keepdims = false, MlxStream? stream = null) =>
        Mx.LogSumExp(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.Std(MlxArray, int?, bool, int, MlxStream)"/>
    public MlxArray Std(int? axis = null, bool keepdims = false, int ddof = 0, MlxStream? stream = null) =>
        Mx.Std(this, axis, keepdims, ddof, stream);

    /// <inheritdoc cref="Mx.Std(MlxArray, ReadOnlySpan{int}, bool, int, MlxStream)"/>
    public MlxArray Std(ReadOnlySpan<int> axis, bool keepdims = false, int ddof = 0, MlxStream? stream = null) =>
        Mx.Std(this, axis, keepdims, ddof, stream);

    /// <inheritdoc cref="Mx.Var(MlxArray, int?, bool, int, MlxStream)"/>
    public MlxArray Var(int? axis = null, bool keepdims = false, int ddof = 0, MlxStream? stream = null) =>
        Mx.Var(this, axis, keepdims, ddof, stream);

    /// <inheritdoc cref="Mx.Var(MlxArray, ReadOnlySpan{int}, bool, int, MlxStream)"/>
    public MlxArray Var(ReadOnlySpan<int> axis, bool keepdims = false, int ddof = 0, MlxStream? stream = null) =>
        Mx.Var(this, axis, keepdims, ddof, stream);

    /// <inheritdoc cref="Mx.ArgMax(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray ArgMax(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.ArgMax(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.ArgMin(MlxArray, int?, bool, MlxStream)"/>
    public MlxArray ArgMin(int? axis = null, bool keepdims = false, MlxStream? stream = null) => Mx.ArgMin(this, axis, keepdims, stream);

    /// <inheritdoc cref="Mx.CumSum(MlxArray, int?, bool, bool, DType?, MlxStream)"/>
    public MlxArray CumSum(int? axis = null, bool reverse = false, bool inclusive = true, DType? dtype = null, MlxStream? stream = null) =>
        Mx.CumSum(this, axis, reverse, inclusive, dtype, stream);

    /// <inheritdoc cref="Mx.CumProd(MlxArray, int?, bool, bool, DType?, MlxStream)"/>
    public MlxArray CumProd(int? axis = null, bool reverse = false, bool inclusive = true, DType? dtype = null, MlxStream? stream = null) =>
        Mx.CumProd(this, axis, reverse, inclusive, dtype, stream);

    /// <inheritdoc cref="Mx.CumMax(MlxArray, int?, bool, bool, MlxStream)"/>
    public MlxArray CumMax(int? axis = null, bool reverse = false, bool inclusive = true, MlxStream? stream = null) =>
        Mx.CumMax(this, axis, reverse, inclusive, stream);

    /// <inheritdoc cref="Mx.CumMin(MlxArray, int?, bool, bool, MlxStream)"/>
    public MlxArray CumMin(int? axis = null, bool reverse = false, bool inclusive = true, MlxStream? stream = null) =>
        Mx.CumMin(this, axis, reverse, inclusive, stream);

    /// <inheritdoc cref="Mx.LogCumSumExp(MlxArray, int?, bool, bool, MlxStream)"/>
    public MlxArray LogCumSumExp(int? axis = null, bool reverse = false, bool inclusive = true, MlxStream? stream = null) =>
        Mx.LogCumSumExp(this, axis, reverse, inclusive, stream);
}
