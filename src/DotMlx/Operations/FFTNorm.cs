namespace DotMlx;

/// <summary>Where a Fourier transform of n elements puts the factor 1/n (the norm argument of mlx.core.fft).</summary>
public enum FFTNorm
{
    /// <summary>Into the inverse transform.</summary>
    Backward,

    /// <summary>Its square root into both directions.</summary>
    Ortho,

    /// <summary>Into the forward transform.</summary>
    Forward,
}
