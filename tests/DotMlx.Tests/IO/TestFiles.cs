using System.Buffers.Binary;
using System.Text;

namespace DotMlx.Tests.IO;

/// <summary>Creates valid and invalid files by hand.</summary>
internal static class TestFiles
{
    /// <summary>A safetensors file: length, JSON, data.</summary>
    internal static byte[] Safetensors(string header, params byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. data];
    }

    /// <summary>A safetensors file of float32 arrays with one element each.</summary>
    internal static byte[] Named(params string[] names)
    {
        IEnumerable<string> entries = names.Select((name, i) =>
            $"\"{name}\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[{4 * i},{(4 * i) + 4}]}}");
        return Safetensors($"{{{string.Join(',', entries)}}}", new byte[4 * names.Length]);
    }

    /// <summary>An npy file of version 1.</summary>
    internal static byte[] Npy(string header, params byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header + "\n");
        return [0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)text.Length), .. text, .. data];
    }
}
