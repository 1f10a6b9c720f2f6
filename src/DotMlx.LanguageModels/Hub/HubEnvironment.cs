namespace DotMlx.LanguageModels.Hub;

/// <summary>The settings that Python's <c>huggingface_hub</c> reads from the environment.</summary>
internal static class HubEnvironment
{
    internal static Uri Endpoint => Variable("HF_ENDPOINT") is not { } text
        ? new("https://huggingface.co")
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new ArgumentException(
                $"The environment variable HF_ENDPOINT is '{text}', which isn't an address such as https://huggingface.co.");

    internal static string CacheFolder => Variable("HF_HUB_CACHE") ?? Variable("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home, "hub");

    internal static bool Offline => Variable("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    internal static string? Token
    {
        get
        {
            if (Variable("HF_TOKEN") is { } token)
            {
                return token;
            }
            string file = Variable("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");
            return File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } stored ? stored : null;
        }
    }

    private static string Home => Variable("HF_HOME")
        ?? Path.Combine(
            Variable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "huggingface");

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } value ? value : null;
}
