using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Calls functions of MLX that print graphs to a C file.</summary>
internal static unsafe class GraphText
{
    // Only the used part of the stack takes memory.
    private const int DefaultStackSize = 256 << 20;

    // On Unix, the C library is in every process. On Windows, MLX uses the Universal C Runtime.
    private static readonly Lazy<nint> Library = new(() =>
        OperatingSystem.IsWindows() ? NativeLibrary.Load("ucrtbase.dll") : NativeLibrary.GetMainProgramHandle());

    internal static void Write(
        string path, delegate*<void*, mlx_node_namer, mlx_vector_array, int> print, string function,
        MlxArray[] outputs, IReadOnlyDictionary<string, MlxArray>? names, int stackSize = DefaultStackSize)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        using VectorArray arrays = VectorArray.From(outputs);
        mlx_vector_array handle = arrays.Handle;
        mlx_node_namer namer = Mlxc.mlx_node_namer_new();
        try
        {
            foreach ((string name, MlxArray array) in names ?? new Dictionary<string, MlxArray>())
            {
                fixed (byte* text = NativeKey.Bytes(name, nameof(names)))
                {
                    MlxError.ThrowIfFailed(Mlxc.mlx_node_namer_set_name(namer, NativeCall.Handle(array), text), "mlx_node_namer_set_name");
                }

                GC.KeepAlive(array);
            }

            void* file = Open(path);
            int status = 0;
            string? message = null;

            // MLX traverses the graph recursively, and calls no code of the program in the meantime. An evaluation would change the graph.
            var printing = new Thread(
                () =>
                {
                    status = print(file, namer, handle);
                    message = MlxError.TakeMessage();
                },
                stackSize) { IsBackground = true, Name = "DotMlx graph" };
            GraphLock.Enter();
            try
            {
                printing.Start();
                printing.Join();
            }
            finally
            {
                GraphLock.Exit();
            }

            int closed = ((delegate* unmanaged[Cdecl]<void*, int>)NativeLibrary.GetExport(Library.Value, "fclose"))(file);
            if (status != 0)
            {
                throw new MlxException(message ?? $"{function} failed without a message.", function);
            }

            if (closed != 0)
            {
                throw new IOException($"'{path}' could not be written completely.");
            }
        }
        finally
        {
            if (namer.ctx != null)
            {
                _ = Mlxc.mlx_node_namer_free(namer);
            }
        }
    }

    private static void* Open(string path)
    {
        void* file;
        if (OperatingSystem.IsWindows())
        {
            var open = (delegate* unmanaged[Cdecl]<char*, char*, void*>)NativeLibrary.GetExport(Library.Value, "_wfopen");
            fixed (char* name = path)
            fixed (char* mode = "wb")
            {
                file = open(name, mode);
            }
        }
        else
        {
            var open = (delegate* unmanaged[Cdecl]<byte*, byte*, void*>)NativeLibrary.GetExport(Library.Value, "fopen");
            fixed (byte* name = NativeKey.Bytes(path, nameof(path)))
            fixed (byte* mode = "wb\0"u8)
            {
                file = open(name, mode);
            }
        }

        return file != null ? file : throw new IOException($"'{path}' cannot be opened for writing.");
    }
}
