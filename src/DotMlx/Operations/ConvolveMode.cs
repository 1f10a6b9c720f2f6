namespace DotMlx;

/// <summary>The part of a convolution of two vectors that <see cref="Mx.Convolve"/> returns.</summary>
public enum ConvolveMode
{
    /// <summary>All m + n - 1 elements.</summary>
    Full,

    /// <summary>As many elements as the longer vector has.</summary>
    Same,

    /// <summary>The elements for which both vectors overlap fully.</summary>
    Valid,
}
