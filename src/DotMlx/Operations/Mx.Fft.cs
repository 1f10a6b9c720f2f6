using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Fast Fourier transforms (mlx.core.fft).</summary>
    public static unsafe partial class Fft
    {
        /// <summary>Discrete Fourier transform along one axis.</summary>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="n">The size of the transform. The axis is truncated or padded with zeros. Null for the size of the axis.</param>
        /// <param name="axis">The axis to transform, negative from the end.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array.</returns>
        /// <exception cref="MlxException">The size isn't positive.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.fft; C: mlx_fft_fft.</remarks>
        public static MlxArray FFT(
            MlxArray a, int? n = null, int axis = -1, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(a);
            return One(&MlxcPortable.mlx_fft_fft, "mlx_fft_fft", a, n ?? a.Dim(axis), axis, norm, stream);
        }

        /// <summary>Inverse discrete Fourier transform along one axis.</summary>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="n">The size of the transform. The axis is truncated or padded with zeros. Null for the size of the axis.</param>
        /// <param name="axis">The axis to transform, negative from the end.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array.</returns>
        /// <exception cref="MlxException">The size isn't positive.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.ifft; C: mlx_fft_ifft.</remarks>
        public static MlxArray IFFT(
            MlxArray a, int? n = null, int axis = -1, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(a);
            return One(&MlxcPortable.mlx_fft_ifft, "mlx_fft_ifft", a, n ?? a.Dim(axis), axis, norm, stream);
        }

        /// <summary>Discrete Fourier transform of real numbers along one axis.</summary>
        /// <param name="a">A real array with at least one axis.</param>
        /// <param name="n">The size of the transform. The axis is truncated or padded with zeros. Null for the size of the axis.</param>
        /// <param name="axis">The axis to transform, negative from the end.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array whose axis has size n / 2 + 1.</returns>
        /// <exception cref="MlxException">The size isn't positive.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.rfft; C: mlx_fft_rfft.</remarks>
        public static MlxArray RFFT(
            MlxArray a, int? n = null, int axis = -1, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(a);
            return One(&MlxcPortable.mlx_fft_rfft, "mlx_fft_rfft", a, n ?? a.Dim(axis), axis, norm, stream);
        }

        /// <summary>Inverse of <see cref="RFFT"/> along one axis.</summary>
        /// <param name="a">An array with at least one axis: the half spectrum of a real signal.</param>
        /// <param name="n">
        /// The size of the transform. The axis is truncated or padded with zeros. Null for 2 * (size of the axis - 1).
        /// </param>
        /// <param name="axis">The axis to transform, negative from the end.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A float32 array whose axis has size n.</returns>
        /// <exception cref="MlxException">The size isn't positive.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.irfft; C: mlx_fft_irfft.</remarks>
        public static MlxArray IRFFT(
            MlxArray a, int? n = null, int axis = -1, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(a);
            int size = n ?? FullLength(a, axis);
            return size % 2 == 1 && TracedRealFft.IsNeeded
                ? TracedRealFft.InverseOdd(a, size, AxisCheck.Of(a, axis), norm, stream)
                : One(&MlxcPortable.mlx_fft_irfft, "mlx_fft_irfft", a, size, axis, norm, stream);
        }

        /// <summary>Discrete Fourier transform along two axes.</summary>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.fft2; C: mlx_fft_fft2.</remarks>
        [OverloadResolutionPriority(1)] // An unnamed array argument contains sizes.
        public static MlxArray FFT2(MlxArray a, int[]? s = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => FFT2(a, s, [-2, -1], norm, stream);

        /// <inheritdoc cref="FFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray FFT2(MlxArray a, int[]? s, int[]? axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_fft2, "mlx_fft_fft2", a, s, axes, false, norm, stream);

        /// <inheritdoc cref="FFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray FFT2(MlxArray a, ReadOnlySpan<int> axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => FFT2(a, null, axes.IsEmpty ? null : axes.ToArray(), norm, stream);

        /// <summary>Inverse discrete Fourier transform along two axes.</summary>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.ifft2; C: mlx_fft_ifft2.</remarks>
        [OverloadResolutionPriority(1)] // An unnamed array argument contains sizes.
        public static MlxArray IFFT2(MlxArray a, int[]? s = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => IFFT2(a, s, [-2, -1], norm, stream);

        /// <inheritdoc cref="IFFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray IFFT2(MlxArray a, int[]? s, int[]? axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_ifft2, "mlx_fft_ifft2", a, s, axes, false, norm, stream);

        /// <inheritdoc cref="IFFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray IFFT2(MlxArray a, ReadOnlySpan<int> axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => IFFT2(a, null, axes.IsEmpty ? null : axes.ToArray(), norm, stream);

        /// <summary>Discrete Fourier transform of real numbers along two axes.</summary>
        /// <param name="a">A real array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array whose last transformed axis has size n / 2 + 1.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.rfft2; C: mlx_fft_rfft2.</remarks>
        [OverloadResolutionPriority(1)] // An unnamed array argument contains sizes.
        public static MlxArray RFFT2(MlxArray a, int[]? s = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => RFFT2(a, s, [-2, -1], norm, stream);

        /// <inheritdoc cref="RFFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">A real array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray RFFT2(MlxArray a, int[]? s, int[]? axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_rfft2, "mlx_fft_rfft2", a, s, axes, false, norm, stream, isReal: true);

        /// <inheritdoc cref="RFFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">A real array with at least one axis.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray RFFT2(MlxArray a, ReadOnlySpan<int> axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => RFFT2(a, null, axes.IsEmpty ? null : axes.ToArray(), norm, stream);

        /// <summary>Inverse of <see cref="RFFT2(MlxArray, int[], FFTNorm, MlxStream)"/> along two axes.</summary>
        /// <param name="a">An array with at least one axis: the half spectrum of a real signal.</param>
        /// <param name="s">
        /// The sizes of the transform in each axis; null for the sizes of the axes, except that the last one is 2 * (size - 1).
        /// </param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A float32 array.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.irfft2; C: mlx_fft_irfft2.</remarks>
        [OverloadResolutionPriority(1)] // An unnamed array argument contains sizes.
        public static MlxArray IRFFT2(MlxArray a, int[]? s = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => IRFFT2(a, s, [-2, -1], norm, stream);

        /// <inheritdoc cref="IRFFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">An array with at least one axis: the half spectrum of a real signal.</param>
        /// <param name="s">
        /// The sizes of the transform in each axis; null for the sizes of the axes, except that the last one is 2 * (size - 1).
        /// </param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray IRFFT2(MlxArray a, int[]? s, int[]? axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_irfft2, "mlx_fft_irfft2", a, s, axes, true, norm, stream, isReal: true);

        /// <inheritdoc cref="IRFFT2(MlxArray, int[], FFTNorm, MlxStream)"/>
        /// <param name="a">An array with at least one axis: the half spectrum of a real signal.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray IRFFT2(MlxArray a, ReadOnlySpan<int> axes, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => IRFFT2(a, null, axes.IsEmpty ? null : axes.ToArray(), norm, stream);

        /// <summary>Discrete Fourier transform along several axes.</summary>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.fftn; C: mlx_fft_fftn.</remarks>
        public static MlxArray FFTN(
            MlxArray a, int[]? s = null, int[]? axes = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_fftn, "mlx_fft_fftn", a, s, axes, false, norm, stream);

        /// <summary>Inverse discrete Fourier transform along several axes.</summary>
        /// <param name="a">A real or complex array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.ifftn; C: mlx_fft_ifftn.</remarks>
        public static MlxArray IFFTN(
            MlxArray a, int[]? s = null, int[]? axes = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_ifftn, "mlx_fft_ifftn", a, s, axes, false, norm, stream);

        /// <summary>Discrete Fourier transform of real numbers along several axes.</summary>
        /// <param name="a">A real array with at least one axis.</param>
        /// <param name="s">The sizes of the transform in each axis; null for the sizes of the axes.</param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A complex64 array whose last transformed axis has size n / 2 + 1.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.rfftn; C: mlx_fft_rfftn.</remarks>
        public static MlxArray RFFTN(
            MlxArray a, int[]? s = null, int[]? axes = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_rfftn, "mlx_fft_rfftn", a, s, axes, false, norm, stream, isReal: true);

        /// <summary>Inverse of <see cref="RFFTN"/> along several axes.</summary>
        /// <param name="a">An array with at least one axis: the half spectrum of a real signal.</param>
        /// <param name="s">
        /// The sizes of the transform in each axis; null for the sizes of the axes, except that the last one is 2 * (size - 1).
        /// </param>
        /// <param name="axes">The axes to transform, negative from the end; null for all axes.</param>
        /// <param name="norm">Where to apply the factor 1/n.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A float32 array.</returns>
        /// <exception cref="ArgumentException">The numbers of sizes and axes differ, or sizes are given without axes.</exception>
        /// <exception cref="MlxException">A size isn't positive, or an axis occurs twice.</exception>
        /// <exception cref="NotSupportedException">
        /// The loaded mlx-c is v0.6.0, and the norm isn't <see cref="FFTNorm.Backward"/>.
        /// </exception>
        /// <remarks>mlx.core.fft.irfftn; C: mlx_fft_irfftn.</remarks>
        public static MlxArray IRFFTN(
            MlxArray a, int[]? s = null, int[]? axes = null, FFTNorm norm = FFTNorm.Backward, MlxStream? stream = null)
            => Several(&MlxcPortable.mlx_fft_irfftn, "mlx_fft_irfftn", a, s, axes, true, norm, stream, isReal: true);

        /// <summary>The frequencies of the elements that <see cref="FFT"/> returns.</summary>
        /// <param name="n">The size of the transform.</param>
        /// <param name="d">The distance between two samples.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A float32 array of shape [n].</returns>
        /// <remarks>mlx.core.fft.fftfreq; C: mlx_fft_fftfreq.</remarks>
        public static MlxArray FFTFreq(int n, double d = 1.0, MlxStream? stream = null)
        {
            mlx_array result = default;
            return NativeCall.Result(Mlxc.mlx_fft_fftfreq(&result, n, d, NativeCall.Stream(stream)), result, "mlx_fft_fftfreq");
        }

        /// <summary>The frequencies of the elements that <see cref="RFFT"/> returns.</summary>
        /// <param name="n">The size of the transform.</param>
        /// <param name="d">The distance between two samples.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>A float32 array of shape [n / 2 + 1].</returns>
        /// <remarks>mlx.core.fft.rfftfreq; C: mlx_fft_rfftfreq.</remarks>
        public static MlxArray RFFTFreq(int n, double d = 1.0, MlxStream? stream = null)
        {
            mlx_array result = default;
            return NativeCall.Result(Mlxc.mlx_fft_rfftfreq(&result, n, d, NativeCall.Stream(stream)), result, "mlx_fft_rfftfreq");
        }

        /// <summary>Moves the zero frequency to the center.</summary>
        /// <param name="a">An array of any shape.</param>
        /// <param name="axes">The axes to shift, negative from the end; null for all axes.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
        /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
        /// <remarks>mlx.core.fft.fftshift; C: mlx_fft_fftshift.</remarks>
        public static MlxArray FFTShift(MlxArray a, int[]? axes = null, MlxStream? stream = null)
        {
            axes ??= AxisCheck.All(a);
            foreach (int axis in axes)
            {
                _ = AxisCheck.Of(a, axis, nameof(axes));
            }

            return NativeCall.WithInts(&Mlxc.mlx_fft_fftshift, "mlx_fft_fftshift", a, axes, stream);
        }

        /// <inheritdoc cref="FFTShift(MlxArray, int[], MlxStream)"/>
        /// <param name="a">An array of any shape.</param>
        /// <param name="axes">The axis to shift, negative from the end.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray FFTShift(MlxArray a, int axes, MlxStream? stream = null) => FFTShift(a, [axes], stream);

        /// <summary>Undoes <see cref="FFTShift(MlxArray, int[], MlxStream)"/>.</summary>
        /// <param name="a">An array of any shape.</param>
        /// <param name="axes">The axes to shift, negative from the end; null for all axes.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
        /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
        /// <remarks>mlx.core.fft.ifftshift; C: mlx_fft_ifftshift.</remarks>
        public static MlxArray IFFTShift(MlxArray a, int[]? axes = null, MlxStream? stream = null)
        {
            axes ??= AxisCheck.All(a);
            foreach (int axis in axes)
            {
                _ = AxisCheck.Of(a, axis, nameof(axes));
            }

            return NativeCall.WithInts(&Mlxc.mlx_fft_ifftshift, "mlx_fft_ifftshift", a, axes, stream);
        }

        /// <inheritdoc cref="IFFTShift(MlxArray, int[], MlxStream)"/>
        /// <param name="a">An array of any shape.</param>
        /// <param name="axes">The axis to shift, negative from the end.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        public static MlxArray IFFTShift(MlxArray a, int axes, MlxStream? stream = null) => IFFTShift(a, [axes], stream);

        private static MlxArray One(
            delegate*<mlx_array*, mlx_array, int, int, mlx_fft_norm, mlx_stream, int> f, string function,
            MlxArray a, int n, int axis, FFTNorm norm, MlxStream? stream)
        {
            _ = AxisCheck.Of(a, axis);
            mlx_array result = default;
            int status = f(&result, NativeCall.Handle(a), n, axis, (mlx_fft_norm)(int)norm, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Result(status, result, function);
        }

        private static MlxArray Several(
            delegate*<mlx_array*, mlx_array, int*, nuint, int*, nuint, mlx_fft_norm, mlx_stream, int> f, string function,
            MlxArray a, int[]? s, int[]? axes, bool half, FFTNorm norm, MlxStream? stream, bool isReal = false)
        {
            ArgumentNullException.ThrowIfNull(a);
            if (s is not null && axes is null)
            {
                throw new ArgumentException("Sizes were given without axes.", nameof(axes));
            }

            axes ??= AxisCheck.All(a);
            AxisCheck.Check(a, axes);
            s ??= Sizes(a, axes, half);
            if (s.Length != axes.Length)
            {
                throw new ArgumentException($"{s.Length} sizes were given for {axes.Length} axes.", nameof(s));
            }

            if (isReal && axes.Length > 0 && TracedRealFft.IsNeeded)
            {
                return half ? TracedRealFft.Inverse(a, s, axes, norm, stream) : TracedRealFft.Forward(a, s, axes, norm, stream);
            }

            mlx_array result = default;
            fixed (int* size = s, axis = axes)
            {
                int status = f(
                    &result, NativeCall.Handle(a), size, (nuint)s.Length, axis, (nuint)axes.Length, (mlx_fft_norm)(int)norm,
                    NativeCall.Stream(stream));
                GC.KeepAlive(a);
                return NativeCall.Result(status, result, function);
            }
        }

        /// <summary>Returns the transform length that gives as many elements as the axis has.</summary>
        private static int FullLength(MlxArray a, int axis) => SizeLimits.Axis(2 * ((long)a.Dim(axis) - 1), "irfft", a);

        private static int[] Sizes(MlxArray a, int[] axes, bool half)
        {
            int[] sizes = new int[axes.Length];
            for (int i = 0; i < axes.Length; i++)
            {
                sizes[i] = a.Dim(axes[i]);
            }

            if (half && sizes.Length > 0)
            {
                sizes[^1] = FullLength(a, axes[^1]);
            }

            return sizes;
        }
    }
}
