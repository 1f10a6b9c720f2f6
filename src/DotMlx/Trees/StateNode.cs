namespace DotMlx;

/// <summary>The lock that every traversal of an optimizer's state takes, so that no update is committed during the traversal.</summary>
internal sealed class StateGate
{
    private int _readers;

    /// <summary>Whether private arrays of the state are still in use, so that they must not be freed.</summary>
    internal bool HasReaders => Volatile.Read(ref _readers) != 0;

    /// <summary>Lets the caller, which holds the lock, use private arrays without the lock until <see cref="EndRead"/>.</summary>
    internal void BeginRead() => Interlocked.Increment(ref _readers);

    internal void EndRead() => Interlocked.Decrement(ref _readers);
}

/// <summary>An optimizer's data about a container of its state.</summary>
internal class StateNode(StateGate gate)
{
    /// <summary>The gate that all containers of an optimizer share.</summary>
    internal StateGate Gate { get; } = gate;
}

/// <summary>Keeps an optimizer from committing an update until this is disposed; see <see cref="Tree.Hold"/>.</summary>
internal readonly ref struct TreeHold
{
    private readonly StateGate? _gate;

    internal TreeHold(StateGate? gate)
    {
        _gate = gate;
        if (gate is not null)
        {
            Monitor.Enter(gate);
        }
    }

    public void Dispose()
    {
        if (_gate is not null)
        {
            Monitor.Exit(_gate);
        }
    }
}
