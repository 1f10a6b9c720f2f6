using System.Buffers.Binary;
using System.Text;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Reads arrays at known positions in a file, for all formats.</summary>
internal static unsafe class Loading
{
    /// <summary>The maximum number of dimensions of an array in a file: NumPy's own limit.</summary>
    internal const int MaxDimensions = 64;

    // The number of bytes that MLX reads at once, with several threads; progress is reported between batches.
    private const long BatchLength = 1 << 26;

    /// <summary>Reads arrays, each directly into MLX's memory.</summary>
    /// <param name="source">The file.</param>
    /// <param name="stored">The positions of the arrays in the source, with different names.</param>
    /// <param name="transfer">Receives the progress; it already knows the total.</param>
    /// <returns>The arrays, evaluated, in the given order.</returns>
    internal static OrderedDictionary<string, MlxArray> Load(ByteSource source, IReadOnlyCollection<StoredArray> stored, Transfer transfer)
    {
        OrderedDictionary<string, MlxArray> arrays = new(stored.Count, StringComparer.Ordinal);
        using Batch batch = new(transfer);
        try
        {
            foreach (StoredArray array in stored)
            {
                arrays.Add(array.Name, batch.Add(source, array));
                if (batch.Length >= BatchLength)
                {
                    batch.Read();
                }
            }

            batch.Read();
            return arrays;
        }
        catch
        {
            NativeClosure.DisposeAll([.. arrays.Values]);
            throw;
        }
    }

    // MLX expects this text in fixed places.
    private static byte[] NpyHeader(StoredArray array)
    {
        string text = $"{{'descr': '{DotMlx.NpyHeader.DescrOf(array.DType)}', 'fortran_order': {(array.FortranOrder ? "True" : "False")}, "
            + $"'shape': ({string.Join(", ", array.Shape)}), }}\n";
        byte[] bytes = [.. DotMlx.NpyHeader.Magic, 1, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)text.Length);
        return bytes;
    }

    /// <summary>Arrays that MLX hasn't read yet.</summary>
    private sealed class Batch(Transfer transfer) : IDisposable
    {
        private readonly List<NativeReader> _readers = [];
        private readonly List<MlxArray> _arrays = [];

        internal long Length { get; private set; }

        internal MlxArray Add(ByteSource source, StoredArray stored)
        {
            NativeReader reader = new(NpyHeader(stored), stored.Elements(source), stored.ElementsOffset, transfer.Cancellation);
            _readers.Add(reader);
            mlx_array loaded = default;

            // With Metal, only the CPU can load files; with CUDA, it can too.
            int status = Mlxc.mlx_load_reader(&loaded, reader.Handle, Streams.DefaultOf(MlxDevice.Cpu).Handle);
            if (status != 0)
            {
                // The reference library reads immediately, and the exception of the source is more specific.
                reader.ThrowIfFailed();
            }

            MlxArray array = NativeCall.Result(status, loaded, "mlx_load_reader");
            _arrays.Add(array);
            Length += stored.NBytes;
            return array;
        }

        /// <summary>Makes MLX read the data now, while the source exists, and rethrows exceptions of the source.</summary>
        internal void Read()
        {
            if (_arrays.Count == 0)
            {
                return;
            }

            Evaluation.Eval([.. _arrays]);
            foreach (NativeReader reader in _readers)
            {
                reader.ThrowIfFailed();
            }

            Dispose();
            _arrays.Clear();
            transfer.Advance(Length);
            Length = 0;
        }

        public void Dispose()
        {
            foreach (NativeReader reader in _readers)
            {
                reader.Dispose();
            }

            _readers.Clear();
        }
    }
}
