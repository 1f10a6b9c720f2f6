using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The stream that operations on a device run on unless told otherwise (<c>mx.default_stream</c>). One for all threads, unlike Python's.</summary>
    /// <param name="device">The device; the default device when null.</param>
    /// <exception cref="NotSupportedException">The library in use does not have the device.</exception>
    public static MlxStream DefaultStream(MlxDevice? device = null) => device is null ? Streams.Current : Streams.DefaultOf(device);

    /// <summary>Makes a stream the default of its device, for all threads (<c>mx.set_default_stream</c>).</summary>
    public static void SetDefaultStream(MlxStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Streams.SetDefault(stream);
    }

    /// <summary>A new stream on a device (<c>mx.new_stream</c>). Any thread may use it. MLX keeps streams for the life of the process.</summary>
    /// <param name="device">The device; the default device when null.</param>
    /// <exception cref="NotSupportedException">The library in use does not have the device.</exception>
    public static MlxStream NewStream(MlxDevice? device = null) => Streams.New(device ?? DefaultDevice());

    /// <summary>A stream for each thread that uses it, made when first needed (<c>mx.new_thread_local_stream</c>).</summary>
    /// <param name="device">The device; the default device when null.</param>
    public static ThreadLocalStream NewThreadLocalStream(MlxDevice? device = null) => new(device ?? DefaultDevice());

    /// <summary>Runs operations on a stream until the result is disposed, in this flow of control, also after <c>await</c> (<c>mx.stream</c>).</summary>
    /// <param name="stream">A stream, or a device, whose default stream is taken.</param>
    /// <example><code>using (Mx.StreamScope(DeviceType.Cpu)) { var y = Mx.Linalg.Svd(x); }</code></example>
    public static IDisposable StreamScope(MlxStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Streams.Enter(stream);
    }

    /// <summary>Waits until the work on a stream is done (<c>mx.synchronize</c>).</summary>
    /// <param name="stream">The stream; the default one when null.</param>
    public static void Synchronize(MlxStream? stream = null)
    {
        mlx_stream handle = Op.Stream(stream);
        Evaluation.Run(() => MlxError.ThrowIfFailed(Mlxc.mlx_synchronize(handle), "mlx_synchronize"));
    }

    /// <summary>Not to be had: Python's function destroys the streams of the calling thread; DotMlx's streams serve all threads.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public static void ClearStreams() => throw new NotSupportedException(
        "mx.clear_streams destroys the streams that the calling thread made. DotMlx has one stream per device for all threads, which lives as long as the process.");
}
