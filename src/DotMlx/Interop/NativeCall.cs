using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Calls C functions for operations: passes handles, checks statuses, and owns results.</summary>
internal static unsafe partial class NativeCall
{
    /// <summary>The stream on which an operation runs: the given one, or the library's default stream.</summary>
    internal static mlx_stream Stream(MlxStream? stream) => Stream(stream, ThreadState.Current);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static mlx_stream Stream(MlxStream? stream, ThreadState thread)
    {
        // Some MLX code (broadcasting of indices, for example) uses the thread's default stream in any case.
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

    /// <summary>
    /// Protects the handle of the first operand of a call. The caller ends the call with <see cref="Done(MlxArray)"/> and calls no other
    /// code of the library in between.
    /// </summary>
    internal static mlx_array Left(MlxArray a, [CallerArgumentExpression(nameof(a))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(a, name);
        ThreadState thread = ThreadState.Current;
        return a.Protect(thread, ref thread.Left);
    }

    /// <summary>Like <see cref="Left"/>, for the second operand.</summary>
    internal static mlx_array Right(MlxArray b, [CallerArgumentExpression(nameof(b))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(b, name);
        ThreadState thread = ThreadState.Current;
        return b.Protect(thread, ref thread.Right);
    }

    /// <summary>Ends the call and withdraws the operands' handles.</summary>
    internal static void Done(MlxArray a)
    {
        Volatile.Write(ref ThreadState.Current.Left, 0);
        GC.KeepAlive(a);
    }

    /// <inheritdoc cref="Done(MlxArray)"/>
    internal static void Done(MlxArray a, MlxArray b)
    {
        Volatile.Write(ref ThreadState.Current.Right, 0);
        Done(a);
        GC.KeepAlive(b);
    }

    internal static mlx_array HandleOrNull(MlxArray? a) => a is null ? default : a.Handle;

    /// <summary>
    /// Takes ownership of the result of a call, or throws MLX's error. Withdraws the handles that the call used (<see cref="Handle"/>).
    /// </summary>
    /// <exception cref="MlxException">The call failed.</exception>
    internal static MlxArray Result(int status, mlx_array result, string function) =>
        Result(status, result, function, ThreadState.Current);

    internal static MlxArray Unary(
        delegate*<mlx_array*, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        ThreadState thread = ThreadState.Current;
        mlx_array result = default;
        int status = f(&result, a.Protect(thread, ref thread.Left), Stream(stream, thread));
        Volatile.Write(ref thread.Left, 0);
        GC.KeepAlive(a);
        return Result(status, result, function, thread);
    }

    /// <summary>Like <see cref="Unary"/>, for functions that keep the shape and dtype of floating-point arrays.</summary>
    internal static MlxArray Elementwise(
        delegate*<mlx_array*, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxStream? stream)
    {
        MlxArray result = Unary(f, function, a, stream);
        if (a.Kind is not null)
        {
            result.InheritKind(a, a);
        }

        return result;
    }

    /// <summary>Calls with two operands. Either operand may be a .NET number, which takes the dtype of the other.</summary>
    internal static MlxArray Binary(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxArray b, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return Invoke(f, function, a, b, stream, ThreadState.Current);
    }

    /// <summary>Like <see cref="Binary"/>, for functions that keep the shape and dtype of floating-point arrays of the same kind.</summary>
    internal static MlxArray Arithmetic(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxArray b, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ThreadState thread = ThreadState.Current;
        MlxArray result = Invoke(f, function, a, b, stream, thread);
        if (thread.Arena is not null)
        {
            result.InheritKind(a, b);
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static MlxArray Invoke(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> f, string function, MlxArray a, MlxArray b,
        MlxStream? stream, ThreadState thread)
    {
        mlx_array left = Operand(a, b, thread, ref thread.Left);
        mlx_array right = Operand(b, a, thread, ref thread.Right);
        mlx_array result = default;
        int status = f(&result, left, right, Stream(stream, thread));
        Volatile.Write(ref thread.Left, 0);
        Volatile.Write(ref thread.Right, 0);
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return Result(status, result, function, thread);
    }

    /// <summary>
    /// Returns the handle of an operand. A .NET number takes the dtype of the other operand, and a scalar that parameters share uses the
    /// shared array.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static mlx_array Operand(MlxArray a, MlxArray beside, ThreadState thread, ref nint slot) =>
        a.IsWeakScalar || a.Shared is not null ? ScalarOperand(a, beside, thread) : a.Protect(thread, ref slot);

    private static mlx_array ScalarOperand(MlxArray a, MlxArray beside, ThreadState thread)
    {
        if (beside.IsWeakScalar)
        {
            return a.Handle;
        }

        if (thread.Arena?.Scalars is { } scalars && scalars.TryGet(a, beside, out mlx_array spread))
        {
            return spread;
        }

        return a.Weak is { } weak ? weak.Native(weak.DTypeWith(beside.DType)).Handle : a.Handle;
    }

    /// <summary>
    /// Returns the operand to use next to an array of dtype <paramref name="like"/>: a .NET number becomes a scalar by the weak-scalar rule.
    /// Dispose the result.
    /// </summary>
    internal static MlxArray AsOperand(MlxArray scalarOrArray, DType like)
    {
        ArgumentNullException.ThrowIfNull(scalarOrArray);
        return scalarOrArray.Weak is { } weak ? weak.Native(weak.DTypeWith(like)).Share() : scalarOrArray.Share();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static MlxArray Result(int status, mlx_array result, string function, ThreadState thread)
    {
        thread.EndOperation();
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
