using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>How operations call C: handles in, statuses checked, results owned.</summary>
internal static unsafe class Op
{
    /// <summary>The stream an operation runs on: the given one, or the default stream that the library owns.</summary>
    internal static mlx_stream Stream(MlxStream? stream) => Stream(stream, ThreadState.Current);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static mlx_stream Stream(MlxStream? stream, ThreadState thread)
    {
        // In some places (indices that are broadcast, say) MLX asks for the thread's default stream all the same.
        Streams.PrepareThread(thread);
        return stream is null ? Streams.CurrentHandle : stream.Handle;
    }

    internal static mlx_array Handle(MlxArray a, [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        if (a is null)
        {
            throw new ArgumentNullException(name);
        }

        return a.Handle;
    }

    internal static mlx_array HandleOrNull(MlxArray? a) => a is null ? default : a.Handle;

    /// <summary>Owns the result of a call, or throws what MLX reported.</summary>
    /// <exception cref="MlxException">The status says that the call failed.</exception>
    internal static MlxArray Result(int status, mlx_array result, string function)
    {
        if (status != 0)
        {
            Fail(status, result, function);
        }

        return new MlxArray(result);
    }

    internal static MlxArray Unary(
        delegate*<mlx_array*, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxStream? stream)
    {
        ThreadState thread = ThreadState.Current;
        mlx_array result = default;
        int status = f(&result, Handle(a), Stream(stream, thread));
        GC.KeepAlive(a);
        return Result(status, result, function, thread);
    }

    /// <summary>Calls with two operands of which either may be a .NET number, which takes the other's element type.</summary>
    internal static MlxArray Binary(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxArray b, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        WeakScalar? left = a.Weak;
        WeakScalar? right = b.Weak;
        if (left is not null && right is null)
        {
            a = left.Native(left.DTypeBeside(b.DType));
        }
        else if (right is not null && left is null)
        {
            b = right.Native(right.DTypeBeside(a.DType));
        }

        ThreadState thread = ThreadState.Current;
        mlx_array result = default;
        int status = f(&result, a.Handle, b.Handle, Stream(stream, thread));
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return Result(status, result, function, thread);
    }

    /// <summary>The operand beside an array of type <paramref name="like"/>: a .NET number becomes a scalar by the weak rule. Dispose the result.</summary>
    internal static MlxArray AsOperand(MlxArray scalarOrArray, DType like)
    {
        ArgumentNullException.ThrowIfNull(scalarOrArray);
        return scalarOrArray.Weak is { } weak ? weak.Native(weak.DTypeBeside(like)).Share() : scalarOrArray.Share();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static MlxArray Result(int status, mlx_array result, string function, ThreadState thread)
    {
        if (status != 0)
        {
            Fail(status, result, function);
        }

        return new MlxArray(result, thread);
    }

    private static void Fail(int status, mlx_array result, string function)
    {
        NativeFree.Free(result.ctx);
        MlxError.ThrowIfFailed(status, function);
    }
}
