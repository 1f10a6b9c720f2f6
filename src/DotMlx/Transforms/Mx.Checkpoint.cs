namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>
    /// Creates a form of a function that recomputes intermediate results for its gradient instead of storing them (<c>mlx_checkpoint</c>),
    /// which takes less memory but more time.
    /// </summary>
    /// <param name="fun">Any function; it is called again for its gradient. Captured arrays aren't differentiated.</param>
    /// <remarks>An exception in <paramref name="fun"/> is thrown unchanged.</remarks>
    public static Func<MlxArray, MlxArray> Checkpoint(Func<MlxArray, MlxArray> fun) => Checkpoint<MlxArray, MlxArray>(fun);

    /// <inheritdoc cref="Checkpoint(Func{MlxArray, MlxArray})"/>
    public static Func<MlxArray, MlxArray, MlxArray> Checkpoint(Func<MlxArray, MlxArray, MlxArray> fun) =>
        Checkpoint<MlxArray, MlxArray, MlxArray>(fun);

    /// <inheritdoc cref="Checkpoint(Func{MlxArray, MlxArray})"/>
    public static Func<MlxArray, MlxArray, MlxArray, MlxArray> Checkpoint(Func<MlxArray, MlxArray, MlxArray, MlxArray> fun) =>
        Checkpoint<MlxArray, MlxArray, MlxArray, MlxArray>(fun);

    /// <inheritdoc cref="Checkpoint(Func{MlxArray, MlxArray})"/>
    public static Func<MlxArray[], MlxArray[]> Checkpoint(Func<MlxArray[], MlxArray[]> fun) => Checkpoint<MlxArray[], MlxArray[]>(fun);

    /// <summary>Checkpoints a function of one structure.</summary>
    /// <inheritdoc cref="Checkpoint{T1, T2, T3, TResult}"/>
    public static Func<T1, TResult> Checkpoint<T1, TResult>(Func<T1, TResult> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return a => (TResult)Checkpointing.Call(x => fun((T1)x[0]!), a)!;
    }

    /// <summary>Checkpoints a function of two structures.</summary>
    /// <inheritdoc cref="Checkpoint{T1, T2, T3, TResult}"/>
    public static Func<T1, T2, TResult> Checkpoint<T1, T2, TResult>(Func<T1, T2, TResult> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b) => (TResult)Checkpointing.Call(x => fun((T1)x[0]!, (T2)x[1]!), a, b)!;
    }

    /// <summary>Checkpoints a function of three structures.</summary>
    /// <typeparam name="T1">
    /// An array; an array, list, or string dictionary of arrays; a <see cref="Tree"/>; or a tuple of these. Any other value passes through
    /// unchanged.
    /// </typeparam>
    /// <typeparam name="T2">See <typeparamref name="T1"/>.</typeparam>
    /// <typeparam name="T3">See <typeparamref name="T1"/>.</typeparam>
    /// <typeparam name="TResult">See <typeparamref name="T1"/>.</typeparam>
    /// <param name="fun">Any function; it is called again for its gradient.</param>
    public static Func<T1, T2, T3, TResult> Checkpoint<T1, T2, T3, TResult>(Func<T1, T2, T3, TResult> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b, c) => (TResult)Checkpointing.Call(x => fun((T1)x[0]!, (T2)x[1]!, (T3)x[2]!), a, b, c)!;
    }
}
