using System.Text;

namespace DotMlx.Tool.Tests.Support;

/// <summary>Writes a GGUF file, as the format's public description specifies.</summary>
internal sealed class GgufBuilder
{
    private readonly List<byte> _metadata = [];
    private readonly List<byte> _arrays = [];
    private readonly List<byte> _data = [];
    private ulong _metadataCount;
    private ulong _arrayCount;

    public GgufBuilder Text(string key, string value) => Metadata(key, 8, writer => Write(writer, value));

    public GgufBuilder Texts(string key, params string[] values) => Metadata(key, 9, writer =>
    {
        writer.Write(8u);
        writer.Write((ulong)values.Length);
        foreach (string value in values)
        {
            Write(writer, value);
        }
    });

    public GgufBuilder Numbers(string key, params int[] values) => Metadata(key, 9, writer =>
    {
        writer.Write(5u);
        writer.Write((ulong)values.Length);
        foreach (int value in values)
        {
            writer.Write(value);
        }
    });

    public GgufBuilder Number(string key, uint value) => Metadata(key, 4, writer => writer.Write(value));

    public GgufBuilder Number(string key, float value) => Metadata(key, 6, writer => writer.Write(value));

    public GgufBuilder Number(string key, double value) => Metadata(key, 12, writer => writer.Write(value));

    public GgufBuilder Truth(string key, bool value) => Metadata(key, 7, writer => writer.Write(value));

    /// <param name="name">Its name.</param>
    /// <param name="type">The number of its type.</param>
    /// <param name="bytes">Its data.</param>
    /// <param name="shape">Its sizes in MLX's order.</param>
    public GgufBuilder Array(string name, uint type, byte[] bytes, params int[] shape)
    {
        _arrays.AddRange(Bytes(writer =>
        {
            Write(writer, name);
            writer.Write((uint)shape.Length);
            foreach (int size in shape.Reverse())
            {
                writer.Write((ulong)size);
            }

            writer.Write(type);
            writer.Write((ulong)_data.Count);
        }));
        _data.AddRange(bytes);
        Pad(_data);
        _arrayCount++;
        return this;
    }

    public byte[] Build()
    {
        List<byte> file = [.. Bytes(writer =>
        {
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write(_arrayCount);
            writer.Write(_metadataCount);
        }), .. _metadata, .. _arrays];
        Pad(file);
        return [.. file, .. _data];
    }

    private static void Pad(List<byte> bytes)
    {
        const int Alignment = 32;
        while (bytes.Count % Alignment != 0)
        {
            bytes.Add(0);
        }
    }

    private static byte[] Bytes(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        write(writer);
        return stream.ToArray();
    }

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private GgufBuilder Metadata(string key, uint type, Action<BinaryWriter> value)
    {
        _metadata.AddRange(Bytes(writer =>
        {
            Write(writer, key);
            writer.Write(type);
            value(writer);
        }));
        _metadataCount++;
        return this;
    }
}
