namespace DotMlx;

/// <summary>Keys in the form that mlx-c expects.</summary>
internal static class NativeKey
{
    /// <summary>Returns the text as null-terminated UTF-8, for <c>fixed</c>.</summary>
    /// <exception cref="ArgumentException">The text contains a null character or an unpaired surrogate.</exception>
    internal static byte[] Bytes(string text, string name) => [.. Saving.CheckText(text, name), 0];
}
