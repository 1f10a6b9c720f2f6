using System.Runtime.InteropServices;

/// <summary>The files that are mapped into this process as code.</summary>
internal static partial class LoadedFiles
{
    public static IEnumerable<string> All()
    {
        if (OperatingSystem.IsLinux())
            return File.ReadLines("/proc/self/maps")
                .Where(line => line.Contains('/') && line.Split(' ', 3)[1].Contains('x'))
                .Select(line => line[line.IndexOf('/')..]).Distinct();
        if (OperatingSystem.IsMacOS())
            return Enumerable.Range(0, (int)ImageCount()).Select(i => Marshal.PtrToStringUTF8(ImageName((uint)i))!).Distinct();
        return System.Diagnostics.Process.GetCurrentProcess().Modules.Cast<System.Diagnostics.ProcessModule>()
            .Select(module => module.FileName);
    }

    [LibraryImport("libSystem.dylib", EntryPoint = "_dyld_image_count")]
    private static partial uint ImageCount();

    [LibraryImport("libSystem.dylib", EntryPoint = "_dyld_get_image_name")]
    private static partial nint ImageName(uint index);
}
