namespace DotMlx;

/// <summary>Explains why the loaded library lacks a device.</summary>
internal static class MissingDevice
{
    /// <summary>Creates the exception for a missing device.</summary>
    internal static NotSupportedException Error(MlxDevice device) =>
        new($"{device} is not available in the loaded library ({MlxLibrary.Path}): {Reason(device)}");

    /// <summary>Returns a sentence that explains why a device is missing. Call this only for a missing device.</summary>
    internal static string Reason(MlxDevice device)
    {
        int count = Mx.DeviceCount(device.Type);
        if (MlxLibrary.Kind == MlxLibraryKind.Reference && device.Type == DeviceType.Gpu)
        {
            return "the reference library computes only on the CPU.";
        }

        bool built = device.Type == DeviceType.Cpu || Mx.Metal.IsAvailable() || Mx.Cuda.IsAvailable();
        return Reason(device, count, built, Report);
    }

    /// <param name="device">The device.</param>
    /// <param name="count">The number of devices of its kind.</param>
    /// <param name="built">Whether MLX was built for its kind.</param>
    /// <param name="report">MLX's message about the device; null if MLX reports no error.</param>
    internal static string Reason(MlxDevice device, int count, bool built, Func<MlxDevice, string?> report)
    {
        if (count > 0)
        {
            return $"there {(count == 1 ? "is 1" : $"are {count}")} of this kind, and they are numbered from 0.";
        }

        if (!built)
        {
            return "this MLX was built without Metal and without CUDA, or CUDA finds no GPU.";
        }

        return report(device) is { } error
            ? $"{error.TrimEnd().TrimEnd('.')}. To compute on the CPU, call Mx.SetDefaultDevice(DeviceType.Cpu) first."
            : "MLX doesn't report why.";
    }

    /// <summary>Queries a device for MLX's error, because since MLX 0.32 the device count hides the error.</summary>
    private static string? Report(MlxDevice device)
    {
        // mlx-c uses MLX's messages as printf formats, and this message names a file next to the library.
        if (MlxLibrary.Path.Contains('%', StringComparison.Ordinal))
        {
            return $"MLX finds no device, and DotMlx can't ask it why from a folder with '%' in its name";
        }

        try
        {
            _ = Mx.DeviceInfo(device);
            return null;
        }
        catch (MlxException error)
        {
            return error.Message;
        }
    }
}
