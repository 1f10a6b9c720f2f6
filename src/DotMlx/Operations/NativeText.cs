using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>A string as mlx-c takes it: UTF-8, zero-terminated, alive until disposed.</summary>
internal readonly unsafe ref struct NativeText
{
    internal byte* Pointer { get; }

    /// <param name="text">The text; null gives a null pointer.</param>
    /// <param name="name">Name of the caller's parameter, for the exception.</param>
    /// <param name="allowPercent">Whether the text may hold '%': only where MLX never puts it into an error message.</param>
    internal NativeText(string? text, string name, bool allowPercent = false)
    {
        if (text is null)
        {
            return;
        }

        // mlx-c uses MLX's error messages as printf formats, so a '%' in a quoted argument would corrupt memory.
        if (!allowPercent && text.Contains('%', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The text '{text}' must not contain '%'.", name);
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("The text must not contain a zero character.", name);
        }

        Pointer = (byte*)Marshal.StringToCoTaskMemUTF8(text);
    }

    public void Dispose() => Marshal.FreeCoTaskMem((nint)Pointer);
}
