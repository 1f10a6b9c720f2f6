namespace DotMlx;

/// <summary>A queue of native arrays to be freed by the next thread that can, the oldest first.</summary>
internal sealed class PendingFrees
{
    private const int Least = 1 << 10;
    private const int MostKept = 1 << 16;

    private readonly Lock gate = new();

    // A ring whose length is a power of two.
    private nint[] handles = new nint[Least];
    private int head;
    private int count;
    private long taken;

    /// <summary>Whether there are any; cheap, and reliable once <see cref="Add"/> has returned.</summary>
    internal bool Any => Volatile.Read(ref count) != 0;

    /// <summary>The number of arrays ever taken.</summary>
    internal long Taken => Volatile.Read(ref taken);

    internal void Add(params ReadOnlySpan<nint> arrays)
    {
        lock (gate)
        {
            while (handles.Length - count < arrays.Length)
            {
                Grow();
            }

            foreach (nint array in arrays)
            {
                handles[(head + count) & (handles.Length - 1)] = array;
                Volatile.Write(ref count, count + 1);
            }
        }
    }

    /// <summary>Takes as many as are available or fit; returns their number.</summary>
    internal int Take(Span<nint> into)
    {
        lock (gate)
        {
            int number = Math.Min(count, into.Length);
            for (int i = 0; i < number; i++)
            {
                into[i] = handles[(head + i) & (handles.Length - 1)];
            }

            head = (head + number) & (handles.Length - 1);
            taken += number;
            Volatile.Write(ref count, count - number);
            if (count == 0 && handles.Length > MostKept)
            {
                (handles, head) = (new nint[Least], 0);
            }

            return number;
        }
    }

    private void Grow()
    {
        var larger = new nint[2 * handles.Length];
        int first = handles.Length - head;
        handles.AsSpan(head).CopyTo(larger);
        handles.AsSpan(0, head).CopyTo(larger.AsSpan(first));
        (handles, head) = (larger, 0);
    }
}
