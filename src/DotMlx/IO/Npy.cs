using System.Buffers.Binary;
using System.Text;

namespace DotMlx;

/// <summary>Npy files: one array each.</summary>
internal static class Npy
{
    // NumPy uses this alignment for programs that map the file.
    private const int Alignment = 64;

    internal static ArrayFile LoadFile(ByteSource source, Transfer transfer) => LoadFile(source, transfer, out _);

    /// <param name="source">The file.</param>
    /// <param name="transfer">Receives the progress in bytes.</param>
    /// <param name="end">The position in the file after the array.</param>
    internal static ArrayFile LoadFile(ByteSource source, Transfer transfer, out long end)
    {
        NpyHeader header = NpyHeader.Read(source);
        StoredArray stored = header.Stored("");
        end = header.DataOffset + header.DataLength;
        transfer.Expect([stored]);
        return new ArrayFile(source.Name, Loading.Load(source, [stored], transfer));
    }

    /// <param name="stream">The destination.</param>
    /// <param name="array">An array that was checked and is known to the transfer.</param>
    /// <param name="transfer">Receives the progress in bytes.</param>
    internal static void Save(Stream stream, MlxArray array, Transfer transfer)
    {
        // Python writes a comma in a tuple with one element.
        string shape = string.Concat(array.Shape.ToArray().Select(size => $"{size}, "));
        string text = $"{{'descr': '{NpyHeader.DescrOf(array.DType)}', 'fortran_order': False, 'shape': ({shape}), }}";
        const int Prefix = 10;
        int length = ((Prefix + text.Length + 1 + Alignment - 1) / Alignment * Alignment) - Prefix;
        byte[] header = [.. NpyHeader.Magic, 1, 0, 0, 0, .. Encoding.ASCII.GetBytes(text.PadRight(length - 1) + '\n')];
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)length));
        stream.Write(header);
        Saving.WriteElements(stream, array, transfer);
    }
}
