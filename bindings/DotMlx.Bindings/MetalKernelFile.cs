using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>
/// mlx.metallib, the compiled kernels that MLX looks for next to libmlx. A single-file application that extracts its native libraries
/// leaves this file in its own folder, because the bundle contains only libraries.
/// </summary>
internal static unsafe class MetalKernelFile
{
    private const string Name = "mlx.metallib", Setter = "mlx_metal_set_metallib_path";

    /// <summary>Tells MLX where its kernels are, if they are only in the application's folder.</summary>
    /// <param name="library">A library that is part of the application.</param>
    /// <param name="application">The application's folder.</param>
    /// <exception cref="NotSupportedException">This mlx-c doesn't accept a path; the message explains how to publish.</exception>
    internal static void Locate(LoadedLibrary library, string application)
    {
        string beside = System.IO.Path.GetDirectoryName(library.Path)!, kernels = System.IO.Path.Combine(application, Name);
        if (File.Exists(System.IO.Path.Combine(beside, Name)) || !File.Exists(kernels)) return;
        if (!library.Exports(Setter))
            throw new NotSupportedException(
                $"MLX {library.MlxVersion} finds its Metal kernels only next to its library, which this single-file application extracted "
                + $"to '{beside}', while they are in '{kernels}'."
                + " Publish without IncludeNativeLibrariesForSelfExtract, or with "
                + "IncludeAllContentForSelfExtract=true as well, or use mlx-c v0.7.0 or newer.");
        nint path = Marshal.StringToCoTaskMemUTF8(kernels);
        try
        {
            var set = (delegate* unmanaged[Cdecl]<byte*, int>)NativeLibrary.GetExport(library.Handle, Setter);
            MlxError.ThrowIfFailed(set((byte*)path), Setter);
        }
        finally
        {
            Marshal.FreeCoTaskMem(path);
        }
    }
}
