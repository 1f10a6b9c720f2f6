namespace DotMlx;

/// <summary>When the processes of a group compare their communication (<see cref="Mx.Distributed.Checks"/>).</summary>
public enum CollectiveChecks
{
    /// <summary>Never: ranks that differ get wrong numbers or wait until the timeout.</summary>
    Off,

    /// <summary>The first time a rank calls an operation with a shape and dtype; after that, it costs nothing.</summary>
    FirstUse,

    /// <summary>Before every call, with one small message between the ranks: for finding where ranks diverge.</summary>
    Always,
}
