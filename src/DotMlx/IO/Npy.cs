using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Npy files through MLX's reader and writer.</summary>
internal static unsafe class Npy
{
    internal static MlxArray Load(ByteSource source) => Load(source, out _);

    /// <param name="source">The file.</param>
    /// <param name="end">Where in it the array ends.</param>
    internal static MlxArray Load(ByteSource source, out long end)
    {
        NpyHeader header = NpyHeader.Read(source);
        end = header.DataOffset + header.DataLength;
        using NativeReader reader = new(header.ForMlx(), source, header.DataOffset);
        mlx_array loaded = default;
        int status = Mlxc.mlx_load_reader(&loaded, reader.Handle, Loading.Stream);
        if (status != 0)
        {
            reader.ThrowIfFailed();
        }

        MlxArray array = Op.Result(status, loaded, "mlx_load_reader");
        try
        {
            Loading.Finish(reader, [array]);
            return array;
        }
        catch
        {
            array.Dispose();
            throw;
        }
    }

    internal static void Save(Stream stream, MlxArray array, string name)
    {
        Loading.CheckSavable(name, array, nameof(array));
        using NativeWriter writer = new(stream);
        writer.Run(handle => Mlxc.mlx_save_writer(handle, array.Handle), "mlx_save_writer");
        GC.KeepAlive(array);
    }
}
