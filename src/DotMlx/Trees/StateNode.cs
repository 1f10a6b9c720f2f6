namespace DotMlx;

/// <summary>The lock that every walk through the state of an optimizer takes, so that no update is committed during the walk.</summary>
internal sealed class StateGate
{
    private int _lookers;

    /// <summary>Whether arrays of the state that the program hasn't seen are still in use, so that they must not be freed.</summary>
    internal bool IsLookedAt => Volatile.Read(ref _lookers) != 0;

    /// <summary>Lets the caller, who has the lock, use such arrays without the lock until <see cref="EndLook"/>.</summary>
    internal void BeginLook() => Interlocked.Increment(ref _lookers);

    internal void EndLook() => Interlocked.Decrement(ref _lookers);
}

/// <summary>Data of an optimizer about a container of its state.</summary>
internal class StateNode(StateGate gate)
{
    /// <summary>The gate, one for all containers of an optimizer.</summary>
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
