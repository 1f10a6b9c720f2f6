namespace DotMlx;

/// <summary>The progress of loading or saving, in bytes of array data.</summary>
/// <param name="Done">The number of bytes read or written so far.</param>
/// <param name="Total">The number of bytes of all arrays together.</param>
public readonly record struct FileProgress(long Done, long Total);
