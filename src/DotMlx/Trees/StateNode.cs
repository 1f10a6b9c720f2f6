namespace DotMlx;

/// <summary>What whoever goes through the state of an optimizer locks, so that no update is committed meanwhile.</summary>
internal sealed class StateGate
{
    private int _lookers;

    /// <summary>Whether somebody still uses arrays of the state that nobody was shown, so that they may not be freed.</summary>
    internal bool IsLookedAt => Volatile.Read(ref _lookers) != 0;

    /// <summary>Lets the caller use such arrays without the lock until <see cref="EndLook"/>; the caller has the lock.</summary>
    internal void BeginLook() => Interlocked.Increment(ref _lookers);

    internal void EndLook() => Interlocked.Decrement(ref _lookers);
}

/// <summary>Stands beside a container of an optimizer's state.</summary>
internal class StateNode(StateGate gate)
{
    /// <summary>One for all containers of an optimizer.</summary>
    internal StateGate Gate { get; } = gate;
}

/// <summary>Keeps an optimizer from committing an update until it is disposed, see <see cref="Tree.Hold"/>.</summary>
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
