namespace DotMlx;

/// <summary>What <see cref="Mx.Pad(MlxArray, int, PadMode, MlxArray, MlxStream)"/> adds.</summary>
public enum PadMode
{
    /// <summary>One value.</summary>
    Constant,

    /// <summary>The outermost elements.</summary>
    Edge,

    /// <summary>The elements mirrored at the outermost ones; MLX has it from 0.32.1 on.</summary>
    Reflect,

    /// <summary>The elements mirrored at the border; MLX has it from 0.32.1 on.</summary>
    Symmetric,
}
