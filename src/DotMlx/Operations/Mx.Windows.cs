using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The Bartlett window: triangular.</summary>
    /// <param name="m">The number of points.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A float32 array of shape [m].</returns>
    /// <remarks>mlx.core.bartlett; C: mlx_bartlett.</remarks>
    public static MlxArray Bartlett(int m, MlxStream? stream = null) => Window(&Mlxc.mlx_bartlett, "mlx_bartlett", m, stream);

    /// <summary>The Hanning window: raised cosine.</summary>
    /// <param name="m">The number of points.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A float32 array of shape [m].</returns>
    /// <remarks>mlx.core.hanning; C: mlx_hanning.</remarks>
    public static MlxArray Hanning(int m, MlxStream? stream = null) => Window(&Mlxc.mlx_hanning, "mlx_hanning", m, stream);

    /// <summary>The Hamming window: raised cosine on a pedestal.</summary>
    /// <param name="m">The number of points.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A float32 array of shape [m].</returns>
    /// <remarks>mlx.core.hamming; C: mlx_hamming.</remarks>
    public static MlxArray Hamming(int m, MlxStream? stream = null) => Window(&Mlxc.mlx_hamming, "mlx_hamming", m, stream);

    /// <summary>The Blackman window: three-term cosine.</summary>
    /// <param name="m">The number of points.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A float32 array of shape [m].</returns>
    /// <remarks>mlx.core.blackman; C: mlx_blackman.</remarks>
    public static MlxArray Blackman(int m, MlxStream? stream = null) => Window(&Mlxc.mlx_blackman, "mlx_blackman", m, stream);

    private static MlxArray Window(
        delegate*<mlx_array*, int, mlx_stream, int> f, string function, int m, MlxStream? stream)
    {
        mlx_array result = default;
        return NativeCall.Result(f(&result, m, NativeCall.Stream(stream)), result, function);
    }
}
