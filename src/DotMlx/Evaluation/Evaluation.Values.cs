using DotMlx.Bindings;

namespace DotMlx;

/// <content>Finds out whether values are known, so that reading them computes nothing.</content>
internal static unsafe partial class Evaluation
{
    /// <summary>
    /// Evaluates an array that the caller keeps alive and then reads. If its values are known, this needs neither the thread of the streams
    /// nor a look at the memory, some of which a GPU frees a little after its evaluation.
    /// </summary>
    internal static void EvalToRead(mlx_array handle)
    {
        if (PeerWatch.IsLost || ProcessEnd.IsClosedHere || !IsAvailable(handle))
        {
            Eval(handle);
        }
    }

    /// <summary>Whether the values are available, so that reading them computes nothing.</summary>
    internal static bool IsAvailable(MlxArray array)
    {
        if (PeerWatch.IsLost)
        {
            return IsAvailableHere(array);
        }

        EnterGate();
        try
        {
            return IsAvailableHere(array);
        }
        finally
        {
            Gate.Exit();
        }
    }

    /// <summary>Like <see cref="IsAvailable(MlxArray)"/>, but returns false instead of waiting if another thread is evaluating.</summary>
    internal static bool IsKnown(MlxArray array)
    {
        if (!Gate.TryEnter())
        {
            return false;
        }

        try
        {
            return IsAvailable(array);
        }
        finally
        {
            Gate.Exit();
        }
    }

    /// <summary>Whether the values are available or can be computed now. Arrays of a traced function may have no values.</summary>
    internal static bool CanRead(MlxArray array) => !TraceLock.IsHeldByCurrentThread || IsAvailable(array);

    private static bool IsAvailable(mlx_array handle)
    {
        EnterGate();
        try
        {
            return IsAvailableHere(handle);
        }
        finally
        {
            Gate.Exit();
        }
    }

    private static bool IsAvailableHere(MlxArray array)
    {
        ThreadState thread = ThreadState.Current;
        bool available = IsAvailableHere(array.Protect(thread, ref thread.Property));
        Volatile.Write(ref thread.Property, 0);
        GC.KeepAlive(array);
        return available;
    }

    private static bool IsAvailableHere(mlx_array array)
    {
        byte available = 0;
        int status = Mlxc._mlx_array_is_available(&available, array);
        MlxError.ThrowIfFailed(status, "_mlx_array_is_available");
        return available != 0;
    }

    // An abandoned evaluation holds the lock forever, but reading values that are already computed needs no lock.
    private static void ReadOnly(mlx_array array)
    {
        if (!IsAvailableHere(array))
        {
            PeerWatch.ThrowIfLost();
        }
    }
}
