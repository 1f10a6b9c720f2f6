using System.IO.Compression;
using System.Text;

namespace DotMlx.Fuzz;

/// <summary>A parser of headers.</summary>
/// <param name="Multiple">The maximum allocation of a read as a multiple of the file's length.</param>
/// <param name="Read">Reads a file as loading and the tool's descriptions do.</param>
/// <param name="Sample">A sound file.</param>
internal sealed record Parser(long Multiple, Action<ByteSource> Read, Func<byte[]> Sample)
{
    private const long HeaderMultiple = 32;

    // An entry's header of 1 MiB may be packed into a thousandth of its size.
    private const long UnpackedMultiple = HeaderMultiple * 1032;

    public static IReadOnlyDictionary<string, Parser> All { get; } = new Dictionary<string, Parser>
    {
        ["safetensors"] = new(HeaderMultiple, source => Twice(describe => SafetensorsHeader.Read(source, describe)), Safetensors),
        ["npy"] = new(HeaderMultiple, source => Twice(describe => NpyHeader.Read(source, describe)),
            () => Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", 8)),
        ["npz"] = new(UnpackedMultiple, source => Npz.Describe(source), Archive),
        ["gguf"] = new(HeaderMultiple, source => Twice(describe => GgufHeader.Read(source, describe)), Gguf),
        ["index"] = new(HeaderMultiple, source => SafetensorsIndex.Read("model.safetensors.index.json", source), Index),
    };

    private static void Twice(Action<bool> read)
    {
        try
        {
            read(false);
        }
        catch (InvalidDataException)
        {
            // A file that can't be loaded may still be described.
        }

        read(true);
    }

    private static byte[] Safetensors()
    {
        byte[] header = """{"__metadata__":{"k":"v"},"a.b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"c":{"dtype":"F8_E4M3","shape":[],"data_offsets":[8,9]}}"""u8.ToArray();
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[9]];
    }

    private static byte[] Npy(string header, int length)
    {
        byte[] text = Encoding.UTF8.GetBytes(header + "\n");
        return [0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)text.Length), .. text, .. new byte[length]];
    }

    private static byte[] Archive()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            archive.CreateEntry("folder/");
            using (Stream stored = archive.CreateEntry("a.npy", CompressionLevel.NoCompression).Open())
            {
                stored.Write(Npy("{'descr': '<i2', 'fortran_order': True, 'shape': (), }", 2));
            }

            using Stream packed = archive.CreateEntry("b.npy").Open();
            packed.Write(Npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12));
        }

        return stream.ToArray();
    }

    private static byte[] Gguf()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(2ul);
        writer.Write(4ul);
        Write(writer, "name", 8);
        Text(writer, "tiny");
        Write(writer, "tokens", 9);
        writer.Write(8u);
        writer.Write(2ul);
        Text(writer, "a");
        Text(writer, "");
        Write(writer, "sizes", 9);
        writer.Write(5u);
        writer.Write(1ul);
        writer.Write(7);
        Write(writer, "general.alignment", 4);
        writer.Write(32u);
        Array(writer, "w", 3, 0, 0);
        Array(writer, "q.weight", 32, 2, 32);
        writer.Write(new byte[(32 - (stream.Length % 32)) % 32]);
        writer.Write(new byte[32 + 18]);
        return stream.ToArray();
    }

    private static byte[] Index() =>
        """{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""u8
            .ToArray();

    private static void Write(BinaryWriter writer, string key, uint type)
    {
        Text(writer, key);
        writer.Write(type);
    }

    private static void Array(BinaryWriter writer, string name, ulong size, uint type, ulong offset)
    {
        Text(writer, name);
        writer.Write(1u);
        writer.Write(size);
        writer.Write(type);
        writer.Write(offset);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }
}
