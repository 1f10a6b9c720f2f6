namespace DotMlx.Tool.Info;

/// <summary>Facts about the library in use.</summary>
internal sealed record LibraryFacts(
    string Path,
    MlxLibraryKind Kind,
    string MlxVersion,
    string MlxcVersion,
    string Gpu,
    string? WhyNoGpu,
    string DefaultDevice,
    IReadOnlyList<(string Name, IReadOnlyDictionary<string, object> Facts)> Devices,
    IReadOnlyList<KeyValuePair<string, long>> Memory)
{
    public static LibraryFacts Read() => new(
        MlxLibrary.Path,
        MlxLibrary.Kind,
        MlxLibrary.MlxVersion,
        MlxLibrary.MlxcVersion,
        !Mx.IsAvailable(DeviceType.Gpu) ? "none" : Mx.Metal.IsAvailable() ? "Metal" : "CUDA",
        Mx.WhyUnavailable(DeviceType.Gpu),
        NameOf(Mx.DefaultDevice()),
        [.. new[] { DeviceType.Cpu, DeviceType.Gpu }.SelectMany(DevicesOf)],
        [
            KeyValuePair.Create("active", Mx.GetActiveMemory()),
            KeyValuePair.Create("peak", Mx.GetPeakMemory()),
            KeyValuePair.Create("cache", Mx.GetCacheMemory()),
            KeyValuePair.Create("limit", Mx.GetMemoryLimit()),
        ]);

    public static string NameOf(MlxDevice device) => $"{(device.Type == DeviceType.Cpu ? "cpu" : "gpu")}:{device.Index}";

    private static IEnumerable<(string Name, IReadOnlyDictionary<string, object> Facts)> DevicesOf(DeviceType type) =>
        Enumerable.Range(0, Mx.DeviceCount(type)).Select(i => new MlxDevice(type, i)).Select(device => (NameOf(device), FactsOf(device)));

    private static IReadOnlyDictionary<string, object> FactsOf(MlxDevice device)
    {
        try
        {
            return Mx.DeviceInfo(device);
        }
        catch (Exception exception) when (exception is MlxException or NotSupportedException)
        {
            // The facts are optional: a device without facts is still listed.
            return new Dictionary<string, object>();
        }
    }
}
