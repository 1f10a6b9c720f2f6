using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>A file, or the caller's reader or writer behind mlx-c's callbacks.</summary>
internal sealed unsafe class NativeFile(void* descriptor, mlx_io_vtable table) : Owned
{
    internal void* Descriptor => descriptor;

    internal string Label => NativeString.Read(table.label(descriptor)) ?? "";

    internal void Open(string name)
    {
        if (table.is_open(descriptor) == 0 || table.good(descriptor) == 0) throw new MlxFailure($"[{name}] Failed to open {Label}");
    }

    /// <summary>Returns the length of the file, which limits the lengths that the header of a format states.</summary>
    internal long Length()
    {
        table.seek(descriptor, 0, 2);
        var length = (long)table.tell(descriptor);
        table.seek(descriptor, 0, 0);
        return length;
    }

    internal void Read(Span<byte> target)
    {
        fixed (byte* pointer = target) table.read(descriptor, pointer, (nuint)target.Length);
        if (table.good(descriptor) == 0) throw new MlxFailure($"[read] Unable to read {target.Length} bytes from {Label}.");
    }

    internal void Seek(long offset) => table.seek(descriptor, offset, 0);

    internal void Write(ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data) table.write(descriptor, pointer, (nuint)data.Length);
        if (table.good(descriptor) == 0) throw new MlxFailure($"[write] Unable to write {data.Length} bytes to {Label}.");
    }

    protected override void OnReleased()
    {
        if (table.free != null) table.free(descriptor);
    }
}

/// <summary>
/// The source from which formats are read. Its length is known first, so that a header can't request more data than exists.
/// </summary>
internal interface ISource
{
    string Label { get; }

    long Length { get; }

    void Read(long offset, Span<byte> target);
}

internal sealed class NativeSource : ISource
{
    private readonly NativeFile _file;

    internal NativeSource(NativeFile file, string name)
    {
        _file = file;
        file.Open(name);
        Length = file.Length();
    }

    public string Label => _file.Label;

    public long Length { get; }

    public void Read(long offset, Span<byte> target)
    {
        _file.Seek(offset);
        _file.Read(target);
    }
}

internal sealed class PathSource : ISource, IDisposable
{
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _handle;

    internal PathSource(string path, string name)
    {
        Label = "file " + path;
        try
        {
            _handle = File.OpenHandle(path);
            Length = RandomAccess.GetLength(_handle);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new MlxFailure($"[{name}] Failed to open {Label}");
        }
    }

    public string Label { get; }

    public long Length { get; }

    public void Read(long offset, Span<byte> target)
    {
        for (var done = 0; done < target.Length;)
        {
            var count = RandomAccess.Read(_handle, target[done..], offset + done);
            if (count == 0) throw new MlxFailure($"[read] Unable to read {target.Length} bytes from {Label}.");
            done += count;
        }
    }

    public void Dispose() => _handle.Dispose();
}

/// <summary>The safetensors and npy formats.</summary>
internal static class Formats
{
    private static readonly (string Name, mlx_dtype Type)[] SafetensorsTypes =
    [
        ("BOOL", MLX_BOOL), ("U8", MLX_UINT8), ("U16", MLX_UINT16), ("U32", MLX_UINT32), ("U64", MLX_UINT64),
        ("I8", MLX_INT8), ("I16", MLX_INT16),
        ("I32", MLX_INT32), ("I64", MLX_INT64), ("F16", MLX_FLOAT16), ("F32", MLX_FLOAT32), ("BF16", MLX_BFLOAT16), ("C64", MLX_COMPLEX64),
        ("F8_E4M3", MLX_UINT8),
    ];

    private static readonly (string Name, mlx_dtype Type)[] NpyTypes =
    [
        ("|b1", MLX_BOOL), ("|u1", MLX_UINT8), ("<u2", MLX_UINT16), ("<u4", MLX_UINT32), ("<u8", MLX_UINT64),
        ("|i1", MLX_INT8), ("<i2", MLX_INT16),
        ("<i4", MLX_INT32), ("<i8", MLX_INT64), ("<f2", MLX_FLOAT16), ("<f4", MLX_FLOAT32), ("<f8", MLX_FLOAT64), ("<V2", MLX_BFLOAT16),
        ("<c8", MLX_COMPLEX64),
    ];

    private static readonly byte[] NpyMagic = [0x93, .. "NUMPY"u8];

    internal static (TensorMap Arrays, StringMap Metadata) LoadSafetensors(ISource source)
    {
        const string Name = "[load_safetensors]";
        Span<byte> lengthBytes = stackalloc byte[8];
        if (source.Length < 8) throw new MlxFailure($"{Name} Invalid json header length {source.Label}");
        source.Read(0, lengthBytes);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length is 0 or >= 100_000_000) throw new MlxFailure($"{Name} Invalid json header length {source.Label}");
        if ((ulong)source.Length - 8 < length)
        {
            throw new MlxFailure($"{Name} The JSON header is {length} bytes long but the file is only {source.Length} bytes. Perhaps an "
                + $"incomplete download or corrupt file?");
        }
        var header = new byte[length];
        source.Read(8, header);
        var (arrays, metadata) = (new TensorMap(), new StringMap());
        try
        {
            using var json = JsonDocument.Parse(header);
            foreach (var item in json.RootElement.EnumerateObject())
            {
                if (item.Name != "__metadata__")
                {
                    arrays.Add(item.Name, LoadEntry(source, item, 8 + (long)length));
                    continue;
                }
                if (item.Value.ValueKind == JsonValueKind.Null) continue;
                foreach (var entry in item.Value.EnumerateObject())
                    metadata.Add(entry.Name, new NativeString(entry.Value.GetString() ?? ""));
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new MlxFailure($"{Name} Invalid json metadata {source.Label}");
        }
        return (arrays, metadata);
    }

    private static Tensor LoadEntry(ISource source, JsonProperty item, long start)
    {
        var name = item.Value.GetProperty("dtype").GetString();
        if (Array.Find(SafetensorsTypes, x => x.Name == name) is not { Name: not null } type)
            throw new MlxFailure($"[safetensor] unsupported dtype{name}");
        int[] shape = [.. item.Value.GetProperty("shape").EnumerateArray().Select(x => x.GetInt32())];
        ulong[] offsets = [.. item.Value.GetProperty("data_offsets").EnumerateArray().Select(x => x.GetUInt64())];
        if (offsets.Length != 2)
        {
            throw new MlxFailure($"[load_safetensors] Tensor '{item.Name}' data_offsets must have exactly 2 "
                + $"entries but has {offsets.Length}");
        }
        var expected = shape.Aggregate((UInt128)DTypes.SizeOf(type.Type), (n, x) => x < 0
            ? UInt128.MaxValue
            : UInt128.Min(n, ulong.MaxValue) * (ulong)x);
        if (offsets[1] < offsets[0] || offsets[1] - offsets[0] != expected)
        {
            throw new MlxFailure($"[load_safetensors] Tensor '{item.Name}' invalid data offsets "
                + $"({offsets[0]}, {offsets[1]}). Expecting {expected} bytes.");
        }
        if (offsets[1] > (ulong)(source.Length - start))
        {
            throw new MlxFailure($"[load_safetensors] Tensor '{item.Name}' invalid data offsets "
                + $"({offsets[0]}, {offsets[1]}) exceeding the size of the file. "
                + "Perhaps an incomplete download or corrupt file?");
        }
        var result = new Tensor(type.Type, shape);
        source.Read(start + (long)offsets[0], result.Data<byte>());
        return result;
    }

    internal static void SaveSafetensors(TensorMap arrays, StringMap metadata, Action<ReadOnlySpan<byte>> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata.Items.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, (_, value)) in metadata.Items) json.WriteString(key, value.Text);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var (key, (_, value)) in arrays.Items)
            {
                if (value.Size == 0) throw new MlxFailure($"[save_safetensors] Cannot serialize an empty array ('{key}')");
                if (Array.Find(SafetensorsTypes, x => x.Type == value.DType) is not { Name: { } name })
                    throw new MlxFailure("[save_safetensors] received invalid dtype.");
                json.WriteStartObject(key);
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += value.NBytes);
                json.WriteEndArray();
                json.WriteString("dtype", name);
                json.WriteStartArray("shape");
                foreach (var dim in value.Shape) json.WriteNumberValue(dim);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var header = buffer.ToArray();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        write(length);
        write(header);
        foreach (var (_, (_, value)) in arrays.Items) write(value.Data<byte>());
    }

    internal static Tensor LoadNpy(ISource source)
    {
        Span<byte> start = stackalloc byte[12];
        start = start[..(int)Math.Min(source.Length, 12)];
        source.Read(0, start);
        if (start.Length < 12 || !start.StartsWith(NpyMagic)) throw new MlxFailure($"[load] Invalid header in {source.Label}");
        if (start[6] is not (1 or 2)) throw new MlxFailure($"[load] Unsupported npy format version in {source.Label}");
        var headerStart = start[6] == 1 ? 10 : 12;
        var length = start[6] == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > source.Length - headerStart) throw new MlxFailure($"[load] Invalid header in {source.Label}");
        var bytes = new byte[length];
        source.Read(headerStart, bytes);
        var header = Encoding.Latin1.GetString(bytes);
        var text = Value(header, "'descr'", source).Trim('\'', ' ');
        var bigEndian = text.StartsWith('>');
        var code = bigEndian ? "<" + text[1..] : text;
        if (Array.Find(NpyTypes, x => x.Name[1..] == (code.Length == 3 ? code[1..] : code)) is not { Name: not null } type)
        {
            throw new MlxFailure($"[from_str] Unsupported array protocol type-string: {text}");
        }
        var shape = ShapeOf(header, source);
        var columnMajor = Value(header, "'fortran_order'", source) switch
        {
            "True" => true,
            "False" => false,
            _ => throw new MlxFailure($"[load] Unknown error while parsing header in {source.Label}"),
        };
        var needed = shape.Aggregate((UInt128)DTypes.SizeOf(type.Type), (n, x) => UInt128.Min(n, ulong.MaxValue) * (ulong)x);
        if (needed > (UInt128)(source.Length - headerStart - length))
            throw new MlxFailure($"[load] The array needs {needed} bytes but {source.Label} is shorter. "
                + $"Perhaps an incomplete download or corrupt file?");
        if (columnMajor) Array.Reverse(shape);
        var result = new Tensor(type.Type, shape);
        source.Read(headerStart + length, result.Data<byte>());
        if (bigEndian) SwapBytes(result);
        return columnMajor ? mlx_transpose(result) : result;
    }

    private static string Value(string header, string key, ISource source)
    {
        var at = header.IndexOf(key, StringComparison.Ordinal);
        var from = at < 0 ? -1 : header.IndexOf(':', at);
        var to = from < 0 ? -1 : header.IndexOf(',', from);
        return to < 0 ? throw new MlxFailure($"[load] Unknown error while parsing header in {source.Label}") : header[(from + 1)..to]
            .Trim();
    }

    private static int[] ShapeOf(string header, ISource source)
    {
        var from = header.LastIndexOf('(');
        var to = header.LastIndexOf(')');
        if (from < 0 || to < from) throw new MlxFailure($"[load] Unknown error while parsing header in {source.Label}");
        var parts = header[(from + 1)..to].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.ConvertAll(parts, x =>
            int.TryParse(x, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var dim)
            ? dim
            : throw new MlxFailure($"[load] Unknown error while parsing header in {source.Label}"));
    }

    private static void SwapBytes(Tensor tensor)
    {
        // A complex number consists of two numbers.
        var size = tensor.DType == MLX_COMPLEX64 ? 4 : DTypes.SizeOf(tensor.DType);
        var bytes = tensor.Data<byte>();
        for (var i = 0; i < bytes.Length; i += size) bytes.Slice(i, size).Reverse();
    }

    internal static void SaveNpy(Tensor tensor, Action<ReadOnlySpan<byte>> write)
    {
        if (tensor.Size == 0) throw new MlxFailure("[save] cannot serialize an empty array");
        var shape = string.Concat(tensor.Shape.Select(x => $"{x}, "));
        var header = $"{{'descr': '{Array.Find(NpyTypes, x => x.Type == tensor.DType).Name}', 'fortran_order': False, 'shape': ({shape})}}";
        var version = header.Length + 80 < ushort.MaxValue ? 1 : 2;
        var start = version == 1 ? 10 : 12;
        // As the format recommends, the data begins at a multiple of 64.
        header = header.PadRight((start + header.Length + 1 + 63) / 64 * 64 - start - 1) + "\n";
        Span<byte> prefix = stackalloc byte[start];
        NpyMagic.CopyTo(prefix);
        (prefix[6], prefix[7]) = ((byte)version, 0);
        if (version == 1) BinaryPrimitives.WriteUInt16LittleEndian(prefix[8..], (ushort)header.Length);
        else BinaryPrimitives.WriteUInt32LittleEndian(prefix[8..], (uint)header.Length);
        write(prefix);
        write(Encoding.Latin1.GetBytes(header));
        write(tensor.Data<byte>());
    }
}

/// <summary>io.h and io_types.h without GGUF.</summary>
internal static unsafe class FileFunctions
{
    private static NativeFile Reader(mlx_io_reader io) => Handles.Get<NativeFile>(io.ctx, nameof(mlx_io_reader));

    private static NativeFile Writer(mlx_io_writer io) => Handles.Get<NativeFile>(io.ctx, nameof(mlx_io_writer));

    public static mlx_io_reader mlx_io_reader_new(void* desc, mlx_io_vtable vtable) =>
        new() { ctx = Handles.New(new NativeFile(desc, vtable)) };

    public static int mlx_io_reader_free(mlx_io_reader io) => Handles.Free(io.ctx, nameof(mlx_io_reader));

    public static int mlx_io_reader_descriptor(void** desc_, mlx_io_reader io) => Give((nint*)desc_, (nint)Reader(io).Descriptor);

    public static int mlx_io_reader_tostring(mlx_string* str_, mlx_io_reader io) => SetText(str_, Reader(io).Label);

    public static mlx_io_writer mlx_io_writer_new(void* desc, mlx_io_vtable vtable) =>
        new() { ctx = Handles.New(new NativeFile(desc, vtable)) };

    public static int mlx_io_writer_free(mlx_io_writer io) => Handles.Free(io.ctx, nameof(mlx_io_writer));

    public static int mlx_io_writer_descriptor(void** desc_, mlx_io_writer io) => Give((nint*)desc_, (nint)Writer(io).Descriptor);

    public static int mlx_io_writer_tostring(mlx_string* str_, mlx_io_writer io) => SetText(str_, Writer(io).Label);

    public static int mlx_load_reader(mlx_array* res, mlx_io_reader in_stream, mlx_stream s)
    {
        Of(s);
        return Assign(&res->ctx, Formats.LoadNpy(new NativeSource(Reader(in_stream), "load")));
    }

    public static int mlx_load(mlx_array* res, byte* file, mlx_stream s)
    {
        Of(s);
        using var source = new PathSource(NativeString.Required(file, nameof(file)), "load");
        return Assign(&res->ctx, Formats.LoadNpy(source));
    }

    public static int mlx_load_safetensors_reader(mlx_map_string_to_array* res_0, mlx_map_string_to_string* res_1,
        mlx_io_reader in_stream, mlx_stream s)
    {
        Of(s);
        return SetMaps(res_0, res_1, Formats.LoadSafetensors(new NativeSource(Reader(in_stream), "load_safetensors")));
    }

    public static int mlx_load_safetensors(mlx_map_string_to_array* res_0, mlx_map_string_to_string* res_1, byte* file, mlx_stream s)
    {
        Of(s);
        using var source = new PathSource(NativeString.Required(file, nameof(file)), "load_safetensors");
        return SetMaps(res_0, res_1, Formats.LoadSafetensors(source));
    }

    private static int SetMaps(mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata, (TensorMap, StringMap) maps)
    {
        Assign(&arrays->ctx, maps.Item1);
        return Assign(&metadata->ctx, maps.Item2);
    }

    public static int mlx_save_writer(mlx_io_writer out_stream, mlx_array a)
    {
        Writer(out_stream).Open("save");
        Formats.SaveNpy(Array_(a), Writer(out_stream).Write);
        return 0;
    }

    public static int mlx_save(byte* file, mlx_array a) =>
        SavePath(file, ".npy", "save", write => Formats.SaveNpy(Array_(a), write));

    public static int mlx_save_safetensors_writer(mlx_io_writer in_stream, mlx_map_string_to_array param, mlx_map_string_to_string metadata)
    {
        Writer(in_stream).Open("save_safetensors");
        Formats.SaveSafetensors(Map(param), Map(metadata), Writer(in_stream).Write);
        return 0;
    }

    public static int mlx_save_safetensors(byte* file, mlx_map_string_to_array param, mlx_map_string_to_string metadata) =>
        SavePath(file, ".safetensors", "save_safetensors", write => Formats.SaveSafetensors(Map(param), Map(metadata), write));

    private static int SavePath(byte* file, string extension, string name, Action<Action<ReadOnlySpan<byte>>> save)
    {
        var path = NativeString.Required(file, nameof(file));
        if (!path.EndsWith(extension, StringComparison.Ordinal)) path += extension;
        try
        {
            using var stream = File.Create(path);
            save(stream.Write);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new MlxFailure($"[{name}] Failed to open file {path}");
        }
        return 0;
    }
}
