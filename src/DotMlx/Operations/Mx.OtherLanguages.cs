using System.Runtime.CompilerServices;

namespace DotMlx;

// Overloads with arrays instead of spans. C# prefers the spans. F# and Visual Basic support params and literal conversions only for arrays.
public static unsafe partial class Mx
{
    /// <inheritdoc cref="Zeros(ReadOnlySpan{int})"/>
    public static MlxArray Zeros(params int[] shape) => Zeros((ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="Ones(ReadOnlySpan{int})"/>
    public static MlxArray Ones(params int[] shape) => Ones((ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="Empty(ReadOnlySpan{int})"/>
    public static MlxArray Empty(params int[] shape) => Empty((ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="Reshape(MlxArray, ReadOnlySpan{int})"/>
    public static MlxArray Reshape(MlxArray a, params int[] shape) => Reshape(a, (ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="BroadcastTo(MlxArray, ReadOnlySpan{int})"/>
    public static MlxArray BroadcastTo(MlxArray a, params int[] shape) => BroadcastTo(a, (ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="Transpose(MlxArray, ReadOnlySpan{int})"/>
    public static MlxArray Transpose(MlxArray a, params int[] axes) => Transpose(a, (ReadOnlySpan<int>)axes);

    /// <inheritdoc cref="PermuteDims(MlxArray, ReadOnlySpan{int})"/>
    public static MlxArray PermuteDims(MlxArray a, params int[] axes) => PermuteDims(a, (ReadOnlySpan<int>)axes);

    /// <inheritdoc cref="MatrixTranspose(MlxArray, ReadOnlySpan{int})"/>
    public static MlxArray MatrixTranspose(MlxArray a, params int[] axes) => MatrixTranspose(a, (ReadOnlySpan<int>)axes);

    /// <inheritdoc cref="Tile(MlxArray, ReadOnlySpan{int})"/>
    public static MlxArray Tile(MlxArray a, params int[] reps) => Tile(a, (ReadOnlySpan<int>)reps);

    /// <inheritdoc cref="Atleast1d(ReadOnlySpan{MlxArray})"/>
    public static MlxArray[] Atleast1d(params MlxArray[] arrays) => Atleast1d((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="Atleast2d(ReadOnlySpan{MlxArray})"/>
    public static MlxArray[] Atleast2d(params MlxArray[] arrays) => Atleast2d((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="Atleast3d(ReadOnlySpan{MlxArray})"/>
    public static MlxArray[] Atleast3d(params MlxArray[] arrays) => Atleast3d((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="BroadcastArrays(ReadOnlySpan{MlxArray})"/>
    public static MlxArray[] BroadcastArrays(params MlxArray[] arrays) => BroadcastArrays((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="BroadcastShapes(ReadOnlySpan{int[]})"/>
    public static int[] BroadcastShapes(params int[][] shapes) => BroadcastShapes((ReadOnlySpan<int[]>)shapes);

    /// <inheritdoc cref="Meshgrid(ReadOnlySpan{MlxArray})"/>
    public static MlxArray[] Meshgrid(params MlxArray[] arrays) => Meshgrid((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="Depends(MlxArray, ReadOnlySpan{MlxArray})"/>
    public static MlxArray Depends(MlxArray input, params MlxArray[] dependencies) => Depends(input, (ReadOnlySpan<MlxArray>)dependencies);

    /// <inheritdoc cref="Einsum(string, ReadOnlySpan{MlxArray})"/>
    public static MlxArray Einsum(string subscripts, params MlxArray[] operands) => Einsum(subscripts, (ReadOnlySpan<MlxArray>)operands);

    /// <inheritdoc cref="EinsumPath(string, ReadOnlySpan{MlxArray})"/>
    public static (IReadOnlyList<int[]> Path, string Report) EinsumPath(string subscripts, params MlxArray[] operands) =>
        EinsumPath(subscripts, (ReadOnlySpan<MlxArray>)operands);

    /// <inheritdoc cref="ResultType(ReadOnlySpan{MlxArray})"/>
    public static DType ResultType(params MlxArray[] arrays) => ResultType((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="ResultType(ReadOnlySpan{DType})"/>
    public static DType ResultType(params DType[] dtypes) => ResultType((ReadOnlySpan<DType>)dtypes);

    /// <inheritdoc cref="IsDType(DType, ReadOnlySpan{DTypeKind})"/>
    public static bool IsDType(DType dtype, params DTypeKind[] kind) => IsDType(dtype, (ReadOnlySpan<DTypeKind>)kind);

    /// <inheritdoc cref="Eval(ReadOnlySpan{MlxArray})"/>
    public static void Eval(params MlxArray[] arrays) => Eval((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="Eval(ReadOnlySpan{Tree})"/>
    public static void Eval(params Tree[] trees) => Eval((ReadOnlySpan<Tree>)trees);

    /// <inheritdoc cref="EvalAsync(ReadOnlySpan{MlxArray})"/>
    public static Task EvalAsync(params MlxArray[] arrays) => EvalAsync((ReadOnlySpan<MlxArray>)arrays);

    /// <inheritdoc cref="EvalAsync(ReadOnlySpan{Tree})"/>
    public static Task EvalAsync(params Tree[] trees) => EvalAsync((ReadOnlySpan<Tree>)trees);

    /// <inheritdoc cref="Concatenate(ReadOnlySpan{MlxArray}, int?, MlxStream)"/>
    public static MlxArray Concatenate(IEnumerable<MlxArray> arrays, int? axis = 0, MlxStream? stream = null) =>
        Concatenate((ReadOnlySpan<MlxArray>)Listed(arrays), axis, stream);

    /// <inheritdoc cref="Concat(ReadOnlySpan{MlxArray}, int?, MlxStream)"/>
    public static MlxArray Concat(IEnumerable<MlxArray> arrays, int? axis = 0, MlxStream? stream = null) =>
        Concatenate(arrays, axis, stream);

    /// <inheritdoc cref="Stack(ReadOnlySpan{MlxArray}, int, MlxStream)"/>
    public static MlxArray Stack(IEnumerable<MlxArray> arrays, int axis = 0, MlxStream? stream = null) =>
        Stack((ReadOnlySpan<MlxArray>)Listed(arrays), axis, stream);

    /// <inheritdoc cref="Full(ReadOnlySpan{int}, MlxArray, DType?, MlxStream)"/>
    [OverloadResolutionPriority(-1)]
    public static MlxArray Full(int[] shape, MlxArray vals, DType? dtype = null, MlxStream? stream = null) =>
        Full((ReadOnlySpan<int>)shape, vals, dtype, stream);

    /// <inheritdoc cref="Full(ReadOnlySpan{int}, MlxArray, DType?, MlxStream)"/>
    [OverloadResolutionPriority(-1)]
    public static MlxArray Full(int[] shape, int vals, DType? dtype = null, MlxStream? stream = null) =>
        Full((ReadOnlySpan<int>)shape, vals, dtype, stream);

    /// <inheritdoc cref="Full(ReadOnlySpan{int}, MlxArray, DType?, MlxStream)"/>
    [OverloadResolutionPriority(-1)]
    public static MlxArray Full(int[] shape, float vals, DType? dtype = null, MlxStream? stream = null) =>
        Full((ReadOnlySpan<int>)shape, vals, dtype, stream);

    /// <inheritdoc cref="Full(ReadOnlySpan{int}, MlxArray, DType?, MlxStream)"/>
    [OverloadResolutionPriority(-1)]
    public static MlxArray Full(int[] shape, double vals, DType? dtype = null, MlxStream? stream = null) =>
        Full((ReadOnlySpan<int>)shape, vals, dtype, stream);

    /// <inheritdoc cref="Unflatten(MlxArray, int, ReadOnlySpan{int}, MlxStream)"/>
    public static MlxArray Unflatten(MlxArray a, int axis, int[] shape, MlxStream? stream = null) =>
        Unflatten(a, axis, (ReadOnlySpan<int>)shape, stream);

    /// <inheritdoc cref="Arange(long, DType?, MlxStream)"/>
    public static MlxArray Arange(int stop, DType? dtype = null, MlxStream? stream = null) => Arange((long)stop, dtype, stream);

    /// <inheritdoc cref="Arange(long, long, long, DType?, MlxStream)"/>
    public static MlxArray Arange(int start, int stop, int step = 1, DType? dtype = null, MlxStream? stream = null) =>
        Arange((long)start, stop, step, dtype, stream);

    private static MlxArray[] Listed(IEnumerable<MlxArray> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        return arrays as MlxArray[] ?? [.. arrays];
    }

    public static unsafe partial class Random
    {
        /// <inheritdoc cref="Bits(ReadOnlySpan{int}, int, MlxArray, MlxStream)"/>
        public static MlxArray Bits(int[] shape, int width = 4, MlxArray? key = null, MlxStream? stream = null) =>
            Bits((ReadOnlySpan<int>)shape, width, key, stream);

        /// <inheritdoc cref="Uniform(MlxArray, MlxArray, ReadOnlySpan{int}, DType?, MlxArray, MlxStream)"/>
        [OverloadResolutionPriority(-1)]
        public static MlxArray Uniform(
            int[] shape, double low = 0, double high = 1, DType? dtype = null, MlxArray? key = null, MlxStream? stream = null) =>
            Uniform(low, high, (ReadOnlySpan<int>)shape, dtype, key, stream);

        /// <inheritdoc cref="Normal(ReadOnlySpan{int}, DType?, MlxArray, MlxArray, MlxArray, MlxStream)"/>
        [OverloadResolutionPriority(-1)]
        public static MlxArray Normal(
            int[] shape, DType? dtype = null, double loc = 0, double scale = 1, MlxArray? key = null, MlxStream? stream = null) =>
            Normal((ReadOnlySpan<int>)shape, dtype, loc == 0 ? null : loc, scale == 1 ? null : scale, key, stream);

        /// <inheritdoc cref="MultivariateNormal(MlxArray, MlxArray, ReadOnlySpan{int}, DType?, MlxArray, MlxStream)"/>
        public static MlxArray MultivariateNormal(
            MlxArray mean, MlxArray cov, int[] shape, DType? dtype = null, MlxArray? key = null, MlxStream? stream = null) =>
            MultivariateNormal(mean, cov, (ReadOnlySpan<int>)shape, dtype, key, stream);

        /// <inheritdoc cref="RandInt(MlxArray, MlxArray, ReadOnlySpan{int}, DType?, MlxArray, MlxStream)"/>
        [OverloadResolutionPriority(-1)]
        public static MlxArray RandInt(
            int low, int high, int[] shape, DType? dtype = null, MlxArray? key = null, MlxStream? stream = null) =>
            RandInt(low, high, (ReadOnlySpan<int>)shape, dtype, key, stream);

        /// <inheritdoc cref="Gumbel(ReadOnlySpan{int}, DType?, MlxArray, MlxStream)"/>
        public static MlxArray Gumbel(int[] shape, DType? dtype = null, MlxArray? key = null, MlxStream? stream = null) =>
            Gumbel((ReadOnlySpan<int>)shape, dtype, key, stream);

        /// <inheritdoc cref="Laplace(ReadOnlySpan{int}, DType?, double, double, MlxArray, MlxStream)"/>
        public static MlxArray Laplace(
            int[] shape, DType? dtype = null, double loc = 0, double scale = 1, MlxArray? key = null, MlxStream? stream = null) =>
            Laplace((ReadOnlySpan<int>)shape, dtype, loc, scale, key, stream);
    }
}
