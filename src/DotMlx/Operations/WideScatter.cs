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
        dtype.ItemSize() == 8 && (stream?.Device ?? Streams.DefaultDevice).Type == DeviceType.Gpu && HasMetal.Value
            ? Streams.DefaultOf(DeviceType.Cpu)
            : stream;
}
