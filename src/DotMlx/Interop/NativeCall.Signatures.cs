using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The recurring C signatures of operations with more than two arrays or with additional arguments.</summary>
internal static unsafe partial class NativeCall
{
    internal static MlxArray WithInt(
        delegate*<mlx_array*, mlx_array, int, mlx_stream, int> f, string function, MlxArray a, int x, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        int status = f(&result, Left(a, name), x, Stream(stream));
        Done(a);
        return Result(status, result, function);
    }

    internal static MlxArray WithTwoInts(
        delegate*<mlx_array*, mlx_array, int, int, mlx_stream, int> f, string function,
        MlxArray a, int x, int y, MlxStream? stream, [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        int status = f(&result, Left(a, name), x, y, Stream(stream));
        Done(a);
        return Result(status, result, function);
    }

    internal static MlxArray WithInts(
        delegate*<mlx_array*, mlx_array, int*, nuint, mlx_stream, int> f, string function,
        MlxArray a, ReadOnlySpan<int> values, MlxStream? stream, [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        fixed (int* first = values)
        {
            int status = f(&result, Left(a, name), first, (nuint)values.Length, Stream(stream));
            Done(a);
            return Result(status, result, function);
        }
    }

    internal static MlxArray WithFlag(
        delegate*<mlx_array*, mlx_array, byte, mlx_stream, int> f, string function, MlxArray a, bool flag, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        int status = f(&result, Left(a, name), Byte(flag), Stream(stream));
        Done(a);
        return Result(status, result, function);
    }

    /// <summary>Calls with two arrays that keep their own dtypes; weak scalars don't adapt to the other array.</summary>
    internal static MlxArray BinaryArrays(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function,
        MlxArray a, MlxArray b, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? nameA = null, [CallerArgumentExpression(nameof(b))] string? nameB = null)
    {
        mlx_array result = default;
        int status = f(&result, Left(a, nameA), Right(b, nameB), Stream(stream));
        Done(a, b);
        return Result(status, result, function);
    }

    internal static MlxArray BinaryWithInt(
        delegate*<mlx_array*, mlx_array, mlx_array, int, mlx_stream, int> f, string function,
        MlxArray a, MlxArray b, int x, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? nameA = null, [CallerArgumentExpression(nameof(b))] string? nameB = null)
    {
        mlx_array result = default;
        int status = f(&result, Left(a, nameA), Right(b, nameB), x, Stream(stream));
        Done(a, b);
        return Result(status, result, function);
    }

    /// <summary>Calls with one array and two results.</summary>
    internal static (MlxArray First, MlxArray Second) ToPair(
        delegate*<mlx_array*, mlx_array*, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array first = default;
        mlx_array second = default;
        int status = f(&first, &second, Left(a, name), Stream(stream));
        Done(a);
        return (Result(status, first, function), Result(status, second, function));
    }

    /// <summary>Joins several arrays along an axis.</summary>
    internal static MlxArray Join(
        delegate*<mlx_array*, mlx_vector_array, int, mlx_stream, int> f, string function,
        ReadOnlySpan<MlxArray> arrays, int axis, MlxStream? stream)
    {
        using VectorArray inputs = VectorArray.From(arrays);
        mlx_array result = default;
        return Result(f(&result, inputs.Handle, axis, Stream(stream)), result, function);
    }
}
