namespace DotMlx;

/// <summary>
/// Writing through positions on Metal, whose kernels have no elements of eight bytes: such arrays (int64, uint64, complex64) are
/// written on the CPU, which shares the memory.
/// </summary>
internal static class WideScatter
{
    private static readonly Lazy<bool> HasMetal = new(Mx.Metal.IsAvailable);

    /// <summary>The stream to write on.</summary>
    internal static MlxStream? StreamFor(DType dtype, MlxStream? stream) =>
        IsTooWide(dtype, stream?.Device ?? Streams.DefaultDevice) && HasMetal.Value ? Streams.DefaultOf(DeviceType.Cpu) : stream;

    /// <summary>Whether Metal could not write such elements on a device.</summary>
    internal static bool IsTooWide(DType dtype, MlxDevice device) => device.Type == DeviceType.Gpu && dtype.ItemSize() == 8;
}
