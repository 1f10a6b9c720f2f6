namespace DotMlx.LanguageModels.Hub;

/// <summary>The progress of a download.</summary>
/// <param name="File">The file that is being downloaded, relative to the model's folder.</param>
/// <param name="FileBytes">The bytes of the file that are present.</param>
/// <param name="FileSize">The size of the file in bytes.</param>
/// <param name="Bytes">The bytes of all files that are present.</param>
/// <param name="Size">The size of all files in bytes, as far as known. Shards count only after their index has been read.</param>
public readonly record struct HubProgress(string File, long FileBytes, long FileSize, long Bytes, long Size);
