using System.Security.Cryptography;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Computes a hash that distinguishes models without reading gigabytes. It covers config.json, the names and sizes of the weight files, and
/// the first and last 64 KiB of each file.
/// </summary>
internal static class ModelIdentity
{
    private const int Part = 1 << 16;

    internal static string Of(string folder)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        byte[] buffer = new byte[Part];
        foreach (string file in Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal))
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(FormattableString.Invariant($"{Path.GetFileName(file)} {stream.Length}\n")));
            foreach (long start in new[] { 0, Math.Max(stream.Length - Part, 0) })
            {
                stream.Position = start;
                hash.AppendData(buffer, 0, stream.ReadAtLeast(buffer, Part, throwOnEndOfStream: false));
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
