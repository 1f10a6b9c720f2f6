using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>A string in the form that mlx-c takes: UTF-8, null-terminated, valid until disposed.</summary>
internal readonly unsafe ref struct NativeText
{
    internal byte* Pointer { get; }

    /// <param name="text">The text; null for a null pointer.</param>
    /// <param name="name">The name of the caller's parameter, for the exception.</param>
    /// <param name="allowPercent">
    /// Whether the text may contain '%', which is safe only if MLX never includes the text in an error message.
    /// </param>
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
            throw new ArgumentException("The text must not contain a null character.", name);
        }

        Pointer = (byte*)Marshal.StringToCoTaskMemUTF8(text);
    }

    public void Dispose() => Marshal.FreeCoTaskMem((nint)Pointer);
}
