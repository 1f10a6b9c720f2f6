namespace DotMlx;

/// <summary>When the processes of a group compare what they are about to communicate (<see cref="Mx.Distributed.Checks"/>).</summary>
public enum CollectiveChecks
{
    /// <summary>Never: ranks that differ get wrong numbers or wait until the timeout.</summary>
    Off,

    /// <summary>The first time a rank calls an operation with a shape and dtype; from then on it costs nothing.</summary>
    FirstUse,

    /// <summary>Before every call, one small message between the ranks: to find out where a program goes apart.</summary>
    Always,
}
