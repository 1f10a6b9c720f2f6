namespace DotMlx;

/// <summary>The guards of arrays that have survived the same number of collections. Every guard knows its position.</summary>
/// <param name="generation">Collections of this generation may have found arrays of this list unreachable.</param>
internal sealed class GuardList(int generation)
{
    private const int Least = 64;

    private HandleGuard?[] guards = [];
    private int count;
    private int collections;

    // So many were there when there had been no collection since the last sweep: they have lived through the one that comes.
    private int settled;

    internal bool IsEmpty => count == 0;

    /// <summary>Whether there has been a collection that may have found arrays of this list unreachable.</summary>
    internal bool IsDue => count != 0 && collections != GC.CollectionCount(generation);

    internal void Add(HandleGuard guard)
    {
        // What comes has lived through all collections until now.
        if (count == 0)
        {
            collections = GC.CollectionCount(generation);
        }

        if (count == guards.Length)
        {
            Array.Resize(ref guards, Math.Max(Least, 2 * count));
        }

        guards[count] = guard;
        guard.List = this;
        guard.Index = count++;
    }

    /// <summary>Records that there has been no collection since the last sweep.</summary>
    internal void Settle() => settled = count;

    internal void Remove(HandleGuard guard)
    {
        HandleGuard last = guards[--count]!;
        guards[guard.Index] = last;
        last.Index = guard.Index;
        guards[count] = null;
        guard.List = null;
    }

    /// <summary>Sweeps the list: removes guards whose arrays are disposed or unreachable.</summary>
    /// <param name="older">The list for arrays that have survived the collection; null if they stay.</param>
    /// <param name="owner">Receives the handles of unreachable arrays.</param>
    /// <returns>The number of unreachable arrays.</returns>
    internal int Sweep(GuardList? older, ThreadState owner)
    {
        collections = GC.CollectionCount(generation);
        int before = count;
        int forgotten = 0;
        count = 0;
        for (int i = 0; i < before; i++)
        {
            HandleGuard guard = guards[i]!;
            if (guard.IsForgotten)
            {
                guard.List = null;
                owner.TakeForgotten(guard);
                forgotten++;
            }
            else if (guard.Handle == 0)
            {
                guard.List = null;
            }
            else
            {
                (i < settled ? older ?? this : this).Add(guard);
            }
        }

        Array.Clear(guards, count, before - count);
        settled = count;
        if (guards.Length > Least && count < guards.Length / 8)
        {
            Array.Resize(ref guards, Math.Max(Least, guards.Length / 4));
        }

        return forgotten;
    }
}
