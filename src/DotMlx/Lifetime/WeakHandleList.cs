namespace DotMlx;

/// <summary>The weak handles of arrays that have survived the same number of collections. Every weak handle knows its position.</summary>
/// <param name="generation">Collections of this generation may have found arrays of this list unreachable.</param>
internal sealed class WeakHandleList(int generation)
{
    private const int Least = 64;

    private WeakHandle?[] _weakHandles = [];
    private int _count;
    private int _collections;

    // The number of weak handles known to precede the next collection; afterward, those with live arrays move to the older list.
    private int _settled;

    internal bool IsEmpty => _count == 0;

    /// <summary>Whether a collection may have found arrays of this list unreachable.</summary>
    internal bool IsDue => _count != 0 && _collections != GC.CollectionCount(generation);

    internal void Add(WeakHandle weakHandle)
    {
        // An array that is added to an empty list has survived all earlier collections.
        if (_count == 0)
        {
            _collections = GC.CollectionCount(generation);
        }

        if (_count == _weakHandles.Length)
        {
            Array.Resize(ref _weakHandles, Math.Max(Least, 2 * _count));
        }

        _weakHandles[_count] = weakHandle;
        weakHandle.List = this;
        weakHandle.Index = _count++;
    }

    /// <summary>Records that no collection has run since the last sweep.</summary>
    internal void Settle() => _settled = _count;

    internal void Remove(WeakHandle weakHandle)
    {
        WeakHandle last = _weakHandles[--_count]!;
        _weakHandles[weakHandle.Index] = last;
        last.Index = weakHandle.Index;
        _weakHandles[_count] = null;
        weakHandle.List = null;
    }

    /// <summary>Sweeps the list, and removes the weak handles whose arrays are disposed or unreachable.</summary>
    /// <param name="older">The list for arrays that have survived the collection; null if they stay in this list.</param>
    /// <param name="owner">Receives the handles of unreachable arrays.</param>
    /// <returns>The number of unreachable arrays.</returns>
    internal int Sweep(WeakHandleList? older, ThreadState owner)
    {
        _collections = GC.CollectionCount(generation);
        int before = _count;
        int unreachable = 0;
        _count = 0;
        for (int i = 0; i < before; i++)
        {
            WeakHandle weakHandle = _weakHandles[i]!;
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
                (i < _settled ? older ?? this : this).Add(weakHandle);
            }
        }

        Array.Clear(_weakHandles, _count, before - _count);
        _settled = _count;
        if (_weakHandles.Length > Least && _count < _weakHandles.Length / 8)
        {
            Array.Resize(ref _weakHandles, Math.Max(Least, _weakHandles.Length / 4));
        }

        return unreachable;
    }
}
