using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>
    /// The stream on which operations on a device run by default (<c>mx.default_stream</c>). Unlike in Python, the default stream is the
    /// same for all threads.
    /// </summary>
    /// <param name="device">The device; null for the default device.</param>
    /// <exception cref="NotSupportedException">The loaded library doesn't have the device.</exception>
    public static MlxStream DefaultStream(MlxDevice? device = null) => device is null ? Streams.Current : Streams.DefaultOf(device);

    /// <summary>Makes a stream the default of its device, for all threads (<c>mx.set_default_stream</c>).</summary>
    public static void SetDefaultStream(MlxStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Streams.SetDefault(stream);
    }

    /// <summary>
    /// Creates a stream on a device (<c>mx.new_stream</c>). Any thread may use it. MLX keeps streams for the lifetime of the process.
    /// </summary>
    /// <param name="device">The device; null for the default device.</param>
    /// <exception cref="NotSupportedException">The loaded library doesn't have the device.</exception>
    public static MlxStream NewStream(MlxDevice? device = null) => Streams.New(device ?? DefaultDevice());

    /// <summary>Creates a stream for each thread that uses it, on first use (<c>mx.new_thread_local_stream</c>).</summary>
    /// <param name="device">The device; null for the default device.</param>
    public static ThreadLocalStream NewThreadLocalStream(MlxDevice? device = null) => new(device ?? DefaultDevice());

    /// <summary>
    /// Runs operations in the current execution context, including after <c>await</c>, on a stream until the result is disposed
    /// (<c>mx.stream</c>).
    /// </summary>
    /// <param name="stream">A stream, or a device to use its default stream.</param>
    /// <example><code>using (Mx.StreamScope(DeviceType.Cpu)) { var y = Mx.Linalg.Svd(x); }</code></example>
    public static IDisposable StreamScope(MlxStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Streams.Enter(stream);
    }

    /// <summary>Waits until the work on a stream has finished (<c>mx.synchronize</c>).</summary>
    /// <param name="stream">The stream; null for the default stream.</param>
    public static void Synchronize(MlxStream? stream = null)
    {
        mlx_stream handle = NativeCall.Stream(stream);
        Evaluation.Run(() => MlxError.ThrowIfFailed(Mlxc.mlx_synchronize(handle), "mlx_synchronize"));
    }

    /// <summary>
    /// Not available: Python's function destroys the streams of the calling thread, but DotMlx's streams serve all threads.
    /// </summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public static void ClearStreams() => throw new NotSupportedException(
        "mx.clear_streams destroys the streams that the calling thread made. DotMlx has one stream per device for all threads, which "
        + "lives as long as the process.");
}
