namespace DotMlx;

/// <summary>How compiled functions optimize the graphs that they trace (<c>mlx_compile_mode</c>).</summary>
public enum CompileMode
{
    /// <summary>Functions run uncompiled.</summary>
    Disabled = 0,

    /// <summary>The graph isn't simplified.</summary>
    NoSimplify = 1,

    /// <summary>Operations aren't fused into kernels.</summary>
    NoFuse = 2,

    /// <summary>All optimizations; the default.</summary>
    Enabled = 3,
}
