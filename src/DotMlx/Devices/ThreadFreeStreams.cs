using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Streams that any thread may use as long as one does at a time; mlx-c has them from v0.7.0.</summary>
internal static unsafe class ThreadFreeStreams
{
    private static readonly Lazy<bool> Known = new(Probe);

    internal static bool Available => Known.Value;

    internal static mlx_stream New(mlx_device device) => Mlxc.mlx_stream_new_thread_unsafe(device);

    // Asking for one is the only question that every library answers.
    private static bool Probe()
    {
        using var cpu = MlxDevice.Cpu.ToNative();
        try
        {
            mlx_stream stream = New(cpu.Handle);
            bool made = stream.ctx != null;
            Mlxc.mlx_stream_free(stream);
            return made;
        }
        catch (Exception exception) when (exception is NotSupportedException or EntryPointNotFoundException)
        {
            return false;
        }
    }
}
