namespace DotMlx;

/// <summary>How far loading or saving has come, in bytes of array data.</summary>
/// <param name="Done">The bytes read or written so far.</param>
/// <param name="Total">The bytes of all arrays together.</param>
public readonly record struct FileProgress(long Done, long Total);
