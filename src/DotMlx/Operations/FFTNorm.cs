namespace DotMlx;

/// <summary>Where a Fourier transform of n elements applies the factor 1/n (the norm argument of mlx.core.fft).</summary>
public enum FFTNorm
{
    /// <summary>In the inverse transform.</summary>
    Backward,

    /// <summary>The square root of the factor, in both directions.</summary>
    Ortho,

    /// <summary>In the forward transform.</summary>
    Forward,
}
