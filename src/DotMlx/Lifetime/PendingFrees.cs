namespace DotMlx;

/// <summary>A first-in, first-out queue of native arrays that the next thread able to free them takes.</summary>
internal sealed class PendingFrees
{
    private const int Least = 1 << 10;
    private const int MaxKept = 1 << 16;

    private readonly Lock _gate = new();

    // A ring buffer whose length is a power of two.
    private nint[] _handles = new nint[Least];
    private int _head;
    private int _count;
    private long _taken;

    /// <summary>Whether the queue holds arrays. The check is cheap, and it sees every <see cref="Add"/> that has returned.</summary>
    internal bool Any => Volatile.Read(ref _count) != 0;

    /// <summary>The number of arrays ever taken.</summary>
    internal long Taken => Volatile.Read(ref _taken);

    internal void Add(params ReadOnlySpan<nint> arrays)
    {
        lock (_gate)
        {
            while (_handles.Length - _count < arrays.Length)
            {
                Grow();
            }

            foreach (nint array in arrays)
            {
                _handles[(_head + _count) & (_handles.Length - 1)] = array;
                Volatile.Write(ref _count, _count + 1);
            }
        }
    }

    /// <summary>Takes as many arrays as are queued and fit, and returns their number.</summary>
    internal int Take(Span<nint> into)
    {
        lock (_gate)
        {
            int number = Math.Min(_count, into.Length);
            for (int i = 0; i < number; i++)
            {
                into[i] = _handles[(_head + i) & (_handles.Length - 1)];
            }

            _head = (_head + number) & (_handles.Length - 1);
            _taken += number;
            Volatile.Write(ref _count, _count - number);
            if (_count == 0 && _handles.Length > MaxKept)
            {
                (_handles, _head) = (new nint[Least], 0);
            }

            return number;
        }
    }

    private void Grow()
    {
        var larger = new nint[2 * _handles.Length];
        int first = _handles.Length - _head;
        _handles.AsSpan(_head).CopyTo(larger);
        _handles.AsSpan(0, _head).CopyTo(larger.AsSpan(first));
        (_handles, _head) = (larger, 0);
    }
}
