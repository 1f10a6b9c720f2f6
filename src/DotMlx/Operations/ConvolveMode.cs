namespace DotMlx;

/// <summary>Which part of a convolution of two rows <see cref="Mx.Convolve"/> gives.</summary>
public enum ConvolveMode
{
    /// <summary>All m + n - 1 elements.</summary>
    Full,

    /// <summary>As many as the longer row has.</summary>
    Same,

    /// <summary>Those where both rows overlap fully.</summary>
    Valid,
}
