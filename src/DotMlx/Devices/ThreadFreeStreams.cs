using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Creates streams that any thread may use, one thread at a time; mlx-c has them since v0.7.0.</summary>
internal static unsafe class ThreadFreeStreams
{
    internal static bool Available { get; } = MlxLibrary.Loaded.Exports("mlx_stream_new_thread_unsafe");

    internal static mlx_stream New(mlx_device device) => Mlxc.mlx_stream_new_thread_unsafe(device);
}
