using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Native arrays that were taken out of their <see cref="MlxArray"/> while other threads might be using them. A native array is freed once
/// no thread protects it (<see cref="ThreadState.AddInUse"/>), or once its <see cref="MlxArray"/> is unreachable, because a user keeps the
/// array alive until the end of the call.
/// </summary>
internal static class RetiredHandles
{
    // The batch size over which the cost of one process-wide barrier is spread.
    private const int Batch = 32;

    private static readonly Lock Gate = new();
    private static readonly HashSet<nint> InUse = [];
    private static readonly List<Retired> Waiting = [];
    private static int _limit = Batch;
    private static volatile bool _isNew;
    private static int _count;

    /// <summary>Whether arrays wait until no thread protects them.</summary>
    internal static bool Any => Volatile.Read(ref _count) != 0;

    /// <summary>
    /// Takes over the native array of a disposed array, or, if <paramref name="array"/> is null, of an array that lives on with another
    /// native array.
    /// </summary>
    internal static void Add(nint handle, MlxArray? array)
    {
        ThreadState.Current.Withdraw(handle);
        var retired = new Retired(handle, array is null ? default : new WeakGCHandle<MlxArray>(array, trackResurrection: true));
        bool isFull;
        lock (Gate)
        {
            Waiting.Add(retired);
            Volatile.Write(ref _count, Waiting.Count);
            _isNew = true;
            isFull = Waiting.Count >= _limit;
        }

        if (isFull)
        {
            Free();
        }

        if (Any)
        {
            NativeFree.Sweeper.Start();
        }
    }

    /// <summary>Frees the arrays added since the last call, unless they are in use.</summary>
    internal static void FreeNew()
    {
        if (_isNew)
        {
            Free();
        }
    }

    /// <summary>Frees all arrays that are no longer in use.</summary>
    internal static void Free()
    {
        if (!Any)
        {
            return;
        }

        lock (Gate)
        {
            _isNew = false;
            InUse.Clear();
            ThreadStates.AddInUse(InUse);
            Waiting.RemoveAll(static retired =>
            {
                if (InUse.Contains(retired.Handle) && !retired.IsUnreachable)
                {
                    return false;
                }

                retired.Free();
                return true;
            });
            Volatile.Write(ref _count, Waiting.Count);
            _limit = Math.Max(Batch, 2 * Waiting.Count);
        }

        NativeFree.FreeAll();
    }

    private readonly struct Retired(nint handle, WeakGCHandle<MlxArray> array)
    {
        internal nint Handle => handle;

        internal bool IsUnreachable => array.IsAllocated && !array.TryGetTarget(out _);

        internal void Free()
        {
            if (array.IsAllocated)
            {
                array.Dispose();
            }

            NativeFree.Enqueue([handle]);
        }
    }
}
