namespace DotMlx;

/// <summary>The elements that <see cref="Mx.Pad(MlxArray, int, PadMode, MlxArray, MlxStream)"/> adds.</summary>
public enum PadMode
{
    /// <summary>A constant value.</summary>
    Constant,

    /// <summary>The outermost elements.</summary>
    Edge,

    /// <summary>The elements mirrored at the outermost elements (MLX 0.32.1 or later).</summary>
    Reflect,

    /// <summary>The elements mirrored at the border (MLX 0.32.1 or later).</summary>
    Symmetric,
}
