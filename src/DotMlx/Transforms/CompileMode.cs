namespace DotMlx;

/// <summary>What compiled functions do with the graph they trace (<c>mlx_compile_mode</c>).</summary>
public enum CompileMode
{
    /// <summary>Nothing is compiled: functions run as they are.</summary>
    Disabled = 0,

    /// <summary>The graph is not simplified.</summary>
    NoSimplify = 1,

    /// <summary>Operations are not fused into kernels.</summary>
    NoFuse = 2,

    /// <summary>Everything: the default.</summary>
    Enabled = 3,
}
