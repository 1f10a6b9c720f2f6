using System.Runtime.InteropServices;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_device_type;

namespace DotMlx.Reference;

internal sealed record Device(mlx_device_type Type, int Index)
{
    internal static readonly Device Cpu = new(MLX_CPU, 0);

    internal bool IsAvailable => Type == MLX_CPU && Index == 0;

    public override string ToString() => $"Device({(Type == MLX_CPU ? "cpu" : "gpu")}, {Index})";
}

internal sealed record Stream(Device Device, int Index)
{
    public override string ToString() => $"Stream({Device}, {Index})";
}

/// <summary>The properties of a device: a string or a number per key.</summary>
internal sealed class DeviceInfo : NativeMap<object>;

/// <summary>
/// device.h, stream.h, memory.h, metal.h, cuda.h, version.h, and error.h. The only device is the CPU, and streams have only names.
/// </summary>
internal static unsafe class DeviceFunctions
{
    private static volatile Device _defaultDevice = Device.Cpu;
    private static readonly Stream FirstStream = new(Device.Cpu, 0);
    private static int _streams;
    private static long _memoryLimit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, _cacheLimit = _memoryLimit, _wiredLimit;

    [ThreadStatic]
    private static Stream? _defaultStream;

    internal static Device Of(mlx_device dev) => Handles.Get<Device>(dev.ctx, nameof(mlx_device));

    internal static Stream Of(mlx_stream stream) => Handles.Get<Stream>(stream.ctx, nameof(mlx_stream));

    internal static int Give<T>(T* place, T value) where T : unmanaged
    {
        *place = value;
        return 0;
    }

    internal static byte Bool(bool value) => value ? (byte)1 : (byte)0;

    public static mlx_device mlx_device_new() => default;

    public static mlx_device mlx_device_new_type(mlx_device_type type, int index) => new() { ctx = Handles.New(new Device(type, index)) };

    public static int mlx_device_free(mlx_device dev) => Handles.Free(dev.ctx, nameof(mlx_device));

    public static int mlx_device_set(mlx_device* dev, mlx_device src) => Assign(&dev->ctx, Of(src));

    public static int mlx_device_tostring(mlx_string* str, mlx_device dev) => SetText(str, Of(dev).ToString());

    public static byte mlx_device_equal(mlx_device lhs, mlx_device rhs) => Bool(Of(lhs) == Of(rhs));

    public static int mlx_device_get_index(int* index, mlx_device dev) => Give(index, Of(dev).Index);

    public static int mlx_device_get_type(mlx_device_type* type, mlx_device dev) => Give(type, Of(dev).Type);

    public static int mlx_get_default_device(mlx_device* dev) => Assign(&dev->ctx, _defaultDevice);

    public static int mlx_set_default_device(mlx_device dev)
    {
        _defaultDevice = Checked(Of(dev), "set_default_device");
        return 0;
    }

    internal static Device Checked(Device device, string name) => device.IsAvailable
        ? device
        : throw new MlxFailure($"[{name}] Cannot use {device}: the reference library has one device, the CPU.");

    public static int mlx_device_is_available(byte* avail, mlx_device dev) => Give(avail, Bool(Of(dev).IsAvailable));

    public static int mlx_device_count(int* count, mlx_device_type type) => Give(count, type == MLX_CPU ? 1 : 0);

    public static mlx_device_info mlx_device_info_new() => default;

    internal static DeviceInfo Of(mlx_device_info info) => Handles.Get<DeviceInfo>(info.ctx, nameof(mlx_device_info));

    public static int mlx_device_info_get(mlx_device_info* info, mlx_device dev)
    {
        Checked(Of(dev), "device_info");
        var result = new DeviceInfo();
        result.Add("device_name", new NativeString("DotMlx reference library"));
        result.Add("architecture", new NativeString(RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()));
        return Assign(&info->ctx, result);
    }

    public static int mlx_device_info_free(mlx_device_info info) => Handles.Free(info.ctx, nameof(mlx_device_info));

    private static object? Entry(mlx_device_info info, byte* key) =>
        Of(info).Items.GetValueOrDefault(NativeString.Required(key, nameof(key))).Value;

    public static int mlx_device_info_has_key(byte* exists, mlx_device_info info, byte* key) =>
        Give(exists, Bool(Entry(info, key) is not null));

    public static int mlx_device_info_is_string(byte* is_string, mlx_device_info info, byte* key) =>
        Entry(info, key) is { } entry ? Give(is_string, Bool(entry is NativeString)) : NotFound;

    public static int mlx_device_info_get_string(byte** value, mlx_device_info info, byte* key)
    {
        if (Entry(info, key) is not NativeString text) return NotFound;
        *value = text.Pointer;
        return 0;
    }

    public static int mlx_device_info_get_size(nuint* value, mlx_device_info info, byte* key) =>
        Entry(info, key) is nuint size ? Give(value, size) : NotFound;

    public static int mlx_device_info_get_keys(mlx_vector_string* keys, mlx_device_info info) =>
        Assign(&keys->ctx, Of(info).Items.Values.Select(x => x.Key).ToList());

    // ---- streams ------------------------------------------------------------------------------------------------

    private static mlx_stream NewStream(Stream stream) => new() { ctx = Handles.New(stream) };

    public static mlx_stream mlx_stream_new() => default;

    public static mlx_stream mlx_stream_new_device(mlx_device dev) =>
        NewStream(new Stream(Checked(Of(dev), "new_stream"), Interlocked.Increment(ref _streams)));

    public static int mlx_stream_set(mlx_stream* stream, mlx_stream src) => Assign(&stream->ctx, Of(src));

    public static int mlx_stream_free(mlx_stream stream) => Handles.Free(stream.ctx, nameof(mlx_stream));

    public static int mlx_stream_tostring(mlx_string* str, mlx_stream stream) => SetText(str, Of(stream).ToString());

    public static byte mlx_stream_equal(mlx_stream lhs, mlx_stream rhs) => Bool(Of(lhs) == Of(rhs));

    public static int mlx_stream_get_device(mlx_device* dev, mlx_stream stream) => Assign(&dev->ctx, Of(stream).Device);

    public static int mlx_stream_get_index(int* index, mlx_stream stream) => Give(index, Of(stream).Index);

    public static int mlx_synchronize(mlx_stream stream)
    {
        Of(stream);
        return 0;
    }

    public static int mlx_get_default_stream(mlx_stream* stream, mlx_device dev)
    {
        Checked(Of(dev), "default_stream");
        return Assign(&stream->ctx, _defaultStream ?? FirstStream);
    }

    public static int mlx_set_default_stream(mlx_stream stream)
    {
        _defaultStream = Of(stream);
        return 0;
    }

    public static mlx_stream mlx_default_cpu_stream_new() => NewStream(_defaultStream ?? FirstStream);

    public static mlx_stream mlx_default_gpu_stream_new() =>
        throw new MlxFailure("[default_stream] Cannot get gpu stream: the reference library has one device, the CPU.");

    // ---- memory -------------------------------------------------------------------------------------------------

    public static int mlx_get_active_memory(nuint* res) => Give(res, (nuint)Storage.Active);

    public static int mlx_get_peak_memory(nuint* res) => Give(res, (nuint)Storage.Peak);

    public static int mlx_get_cache_memory(nuint* res) => Give<nuint>(res, 0);

    public static int mlx_get_memory_limit(nuint* res) => Give(res, (nuint)Volatile.Read(ref _memoryLimit));

    public static int mlx_reset_peak_memory()
    {
        Storage.ResetPeak();
        return 0;
    }

    public static int mlx_clear_cache() => 0;

    // The limits are stored but have no effect. Nothing is cached, and an allocation fails only if the system rejects it.
    public static int mlx_set_memory_limit(nuint* res, nuint limit) =>
        Give(res, (nuint)Interlocked.Exchange(ref _memoryLimit, (long)limit));

    public static int mlx_set_cache_limit(nuint* res, nuint limit) => Give(res, (nuint)Interlocked.Exchange(ref _cacheLimit, (long)limit));

    public static int mlx_set_wired_limit(nuint* res, nuint limit) => Give(res, (nuint)Interlocked.Exchange(ref _wiredLimit, (long)limit));

    // ---- Metal, CUDA, the version, and errors -------------------------------------------------------------------

    public static int mlx_metal_is_available(byte* res) => Give(res, Bool(false));

    public static int mlx_cuda_is_available(byte* res) => Give(res, Bool(false));

    public static int mlx_version(mlx_string* str_) => SetText(str_, "0.31.2");

    public static void mlx_set_error_handler(delegate* unmanaged[Cdecl]<byte*, void*, void> handler, void* data,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        Errors.SetHandler(handler, data, dtor);

    // C's variable arguments aren't formatted; the format string is the message.
    public static void _mlx_error(byte* file, int line, byte* fmt) =>
        Errors.Report($"{NativeString.Read(fmt)} at {NativeString.Read(file)}:{line}");
}
