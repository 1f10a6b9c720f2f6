namespace DotMlx;

/// <summary>
/// Real Fourier transforms under a transform such as <c>vmap</c>. MLX's vectorized real transform halves every axis instead of the last
/// one, so that it writes outside its memory, and it makes an odd size even (0.31.2 and 0.32).
/// </summary>
internal static class TracedRealFft
{
    internal static bool IsNeeded => Trace.Current is not null;

    /// <summary>The real transform along the last of the axes, and complex ones along the others.</summary>
    internal static MlxArray Forward(MlxArray a, int[] sizes, int[] axes, FFTNorm norm, MlxStream? stream)
    {
        MlxArray half = Mx.Fft.RFFT(a, sizes[^1], axes[^1], norm, stream);
        return axes.Length == 1 ? half : Mx.Fft.FFTN(half, sizes[..^1], axes[..^1], norm, stream);
    }

    /// <inheritdoc cref="Forward"/>
    internal static MlxArray Inverse(MlxArray a, int[] sizes, int[] axes, FFTNorm norm, MlxStream? stream)
    {
        MlxArray half = axes.Length == 1 ? a : Mx.Fft.IFFTN(a, sizes[..^1], axes[..^1], norm, stream);
        return Mx.Fft.IRFFT(half, sizes[^1], axes[^1], norm, stream);
    }

    /// <summary>The inverse real transform of an odd size, as the complex transform of the whole spectrum.</summary>
    internal static MlxArray InverseOdd(MlxArray a, int n, int axis, FFTNorm norm, MlxStream? stream)
    {
        MlxArray last = Mx.MoveAxis(a, axis, -1, stream);
        int length = n / 2 + 1, has = last.Dim(-1);
        if (has < length)
        {
            var padding = new (int, int)[last.NDim];
            padding[^1] = (0, length - has);
            last = Mx.Pad(last, padding, stream: stream);
        }

        MlxArray mirrored = Mx.Conjugate(Mx.Flip(last[Mx.Ellipsis, 1..length], -1, stream), stream);
        MlxArray whole = Mx.Concatenate([last[Mx.Ellipsis, ..length], mirrored], -1, stream);
        return Mx.MoveAxis(Mx.Real(Mx.Fft.IFFT(whole, n, -1, norm, stream), stream), -1, axis, stream);
    }
}
