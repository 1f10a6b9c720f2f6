using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The recurring C signatures of operations with more than two arrays or with other arguments.</summary>
internal static unsafe class Call
{
    internal static MlxArray Int(
        delegate*<mlx_array*, mlx_array, int, mlx_stream, int> f, string function, MlxArray a, int x, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        int status = f(&result, Op.Left(a, name), x, Op.Stream(stream));
        Op.Done(a);
        return Op.Result(status, result, function);
    }

    internal static MlxArray Int2(
        delegate*<mlx_array*, mlx_array, int, int, mlx_stream, int> f, string function,
        MlxArray a, int x, int y, MlxStream? stream, [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        int status = f(&result, Op.Left(a, name), x, y, Op.Stream(stream));
        Op.Done(a);
        return Op.Result(status, result, function);
    }

    internal static MlxArray Ints(
        delegate*<mlx_array*, mlx_array, int*, nuint, mlx_stream, int> f, string function,
        MlxArray a, ReadOnlySpan<int> values, MlxStream? stream, [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        fixed (int* first = values)
        {
            int status = f(&result, Op.Left(a, name), first, (nuint)values.Length, Op.Stream(stream));
            Op.Done(a);
            return Op.Result(status, result, function);
        }
    }

    internal static MlxArray Flag(
        delegate*<mlx_array*, mlx_array, byte, mlx_stream, int> f, string function, MlxArray a, bool flag, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array result = default;
        int status = f(&result, Op.Left(a, name), Native.Byte(flag), Op.Stream(stream));
        Op.Done(a);
        return Op.Result(status, result, function);
    }

    /// <summary>Two arrays that keep their own dtypes: no weak scalars.</summary>
    internal static MlxArray Two(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function,
        MlxArray a, MlxArray b, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? nameA = null, [CallerArgumentExpression(nameof(b))] string? nameB = null)
    {
        mlx_array result = default;
        int status = f(&result, Op.Left(a, nameA), Op.Right(b, nameB), Op.Stream(stream));
        Op.Done(a, b);
        return Op.Result(status, result, function);
    }

    internal static MlxArray TwoInt(
        delegate*<mlx_array*, mlx_array, mlx_array, int, mlx_stream, int> f, string function,
        MlxArray a, MlxArray b, int x, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? nameA = null, [CallerArgumentExpression(nameof(b))] string? nameB = null)
    {
        mlx_array result = default;
        int status = f(&result, Op.Left(a, nameA), Op.Right(b, nameB), x, Op.Stream(stream));
        Op.Done(a, b);
        return Op.Result(status, result, function);
    }

    /// <summary>One array to two.</summary>
    internal static (MlxArray First, MlxArray Second) Pair(
        delegate*<mlx_array*, mlx_array*, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxStream? stream,
        [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        mlx_array first = default;
        mlx_array second = default;
        int status = f(&first, &second, Op.Left(a, name), Op.Stream(stream));
        Op.Done(a);
        return (Op.Result(status, first, function), Op.Result(status, second, function));
    }

    /// <summary>Several arrays to one, along an axis.</summary>
    internal static MlxArray Join(
        delegate*<mlx_array*, mlx_vector_array, int, mlx_stream, int> f, string function,
        ReadOnlySpan<MlxArray> arrays, int axis, MlxStream? stream)
    {
        using VectorArray inputs = VectorArray.From(arrays);
        mlx_array result = default;
        return Op.Result(f(&result, inputs.Handle, axis, Op.Stream(stream)), result, function);
    }
}
