namespace DotMlx;

/// <summary>The weak handles of arrays that have survived the same number of collections. Every weak handle knows its position.</summary>
/// <param name="generation">Collections of this generation may have found arrays of this list unreachable.</param>
internal sealed class WeakHandleList(int generation)
{
    private const int Least = 64;

    private WeakHandle?[] weakHandles = [];
    private int count;
    private int collections;

    // So many were there when there had been no collection since the last sweep: they have lived through the one that comes.
    private int settled;

    internal bool IsEmpty => count == 0;

    /// <summary>Whether there has been a collection that may have found arrays of this list unreachable.</summary>
    internal bool IsDue => count != 0 && collections != GC.CollectionCount(generation);

    internal void Add(WeakHandle weakHandle)
    {
        // What comes has lived through all collections until now.
        if (count == 0)
        {
            collections = GC.CollectionCount(generation);
        }

        if (count == weakHandles.Length)
        {
            Array.Resize(ref weakHandles, Math.Max(Least, 2 * count));
        }

        weakHandles[count] = weakHandle;
        weakHandle.List = this;
        weakHandle.Index = count++;
    }

    /// <summary>Records that there has been no collection since the last sweep.</summary>
    internal void Settle() => settled = count;

    internal void Remove(WeakHandle weakHandle)
    {
        WeakHandle last = weakHandles[--count]!;
        weakHandles[weakHandle.Index] = last;
        last.Index = weakHandle.Index;
        weakHandles[count] = null;
        weakHandle.List = null;
    }

    /// <summary>Sweeps the list: removes weak handles whose arrays are disposed or unreachable.</summary>
    /// <param name="older">The list for arrays that have survived the collection; null if they stay.</param>
    /// <param name="owner">Receives the handles of unreachable arrays.</param>
    /// <returns>The number of unreachable arrays.</returns>
    internal int Sweep(WeakHandleList? older, ThreadState owner)
    {
        collections = GC.CollectionCount(generation);
        int before = count;
        int unreachable = 0;
        count = 0;
        for (int i = 0; i < before; i++)
        {
            WeakHandle weakHandle = weakHandles[i]!;
            if (weakHandle.IsUnreachable)
            {
                weakHandle.List = null;
                owner.TakeUnreachable(weakHandle);
                unreachable++;
            }
            else if (weakHandle.Handle == 0)
            {
                weakHandle.List = null;
            }
            else
            {
                (i < settled ? older ?? this : this).Add(weakHandle);
            }
        }

        Array.Clear(weakHandles, count, before - count);
        settled = count;
        if (weakHandles.Length > Least && count < weakHandles.Length / 8)
        {
            Array.Resize(ref weakHandles, Math.Max(Least, weakHandles.Length / 4));
        }

        return unreachable;
    }
}
