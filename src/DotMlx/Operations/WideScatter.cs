namespace DotMlx;

/// <summary>
/// Selects the device for writes by index on Metal, whose kernels don't support eight-byte elements. Arrays of int64, uint64, and complex64
/// are written on the CPU, which shares the memory.
/// </summary>
internal static class WideScatter
{
    private static readonly Lazy<bool> HasMetal = new(Mx.Metal.IsAvailable);

    /// <summary>Returns the stream to write on.</summary>
    internal static MlxStream? StreamFor(DType dtype, MlxStream? stream) =>
        IsTooWide(dtype, stream?.Device ?? Streams.DefaultDevice) && HasMetal.Value ? Streams.DefaultOf(DeviceType.Cpu) : stream;

    /// <summary>Whether Metal can't write such elements on a device.</summary>
    internal static bool IsTooWide(DType dtype, MlxDevice device) => device.Type == DeviceType.Gpu && dtype.ItemSize() == 8;
}
