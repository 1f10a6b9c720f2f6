using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DotMlx;

/// <summary>Safetensors files.</summary>
internal static class Safetensors
{
    // The format's own implementation uses this alignment.
    private const int Alignment = 8;

    internal static SafetensorsFile Load(ByteSource source, Transfer transfer)
    {
        SafetensorsHeader header = SafetensorsHeader.Read(source);
        StoredArray[] stored =
        [
            .. header.Entries.Select(entry =>
                new StoredArray(entry.Name, entry.DType!.Value, entry.Shape, header.DataOffset + entry.Begin)),
        ];
        transfer.Expect(stored);
        return new SafetensorsFile(
            source.Name,
            Loading.Load(source, stored, transfer),
            header.Metadata,
            header.Entries.Where(entry => entry.IsFloat8).ToDictionary(entry => entry.Name, entry => entry.TypeName));
    }

    internal static void Save(
        Stream stream, IEnumerable<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata, Transfer transfer)
    {
        List<KeyValuePair<string, MlxArray>> items = Saving.Check(arrays, transfer);
        stream.Write(Header(items, metadata));
        foreach ((_, MlxArray array) in items)
        {
            Saving.WriteElements(stream, array, transfer);
        }
    }

    private static byte[] Header(List<KeyValuePair<string, MlxArray>> arrays, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream text = new();
        text.Write(new byte[8]);
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            Write(json, metadata);
            long offset = 0;
            foreach ((string key, MlxArray array) in arrays)
            {
                json.WriteStartObject(CheckKey(key));
                json.WriteString("dtype", SafetensorsHeader.NameOf(array.DType) ?? throw new ArgumentException(
                    $"The array '{key}' is {array.DType.MlxName()}, which MLX can't save as safetensors; convert it with AsType.",
                    nameof(arrays)));
                json.WriteStartArray("shape");
                foreach (int size in array.Shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += array.NBytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (text.Length % Alignment != 0)
        {
            text.WriteByte((byte)' ');
        }

        if (text.Length > SafetensorsHeader.MaxLength)
        {
            throw new ArgumentException(
                $"The names, shapes, and metadata of {arrays.Count} arrays take {text.Length} bytes, and a safetensors header holds at "
                + $"most {SafetensorsHeader.MaxLength}.", nameof(arrays));
        }

        byte[] bytes = text.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - 8);
        return bytes;
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null || metadata.Count == 0)
        {
            return;
        }

        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach ((string key, string value) in metadata)
        {
            Saving.CheckText(key, nameof(metadata));
            Saving.CheckText(value, nameof(metadata));
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static string CheckKey(string key) => key == SafetensorsHeader.MetadataKey
        ? throw new ArgumentException($"An array cannot be named '{key}': the format keeps its metadata there.", nameof(key))
        : key;
}
