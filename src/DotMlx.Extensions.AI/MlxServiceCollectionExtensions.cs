using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers models on MLX with a container.</summary>
public static class MlxServiceCollectionExtensions
{
    /// <summary>Registers a chat client. The model is loaded when the client is first asked for, and disposed with the container.</summary>
    /// <param name="services">The container.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">How requests are served; null for the defaults.</param>
    /// <param name="load">How the model is loaded; null for the defaults.</param>
    /// <returns>A builder that adds function invocation, telemetry, caching, and the like.</returns>
    public static ChatClientBuilder AddMlxChatClient(
        this IServiceCollection services, string folder, DotMlx.Extensions.AI.MlxChatClientOptions? options = null,
            LoadOptions? load = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddModel(services, folder, load);
        return services.AddChatClient(provider =>
            new DotMlx.Extensions.AI.MlxChatClient(provider.GetRequiredKeyedService<LanguageModel>(folder), options));
    }

    /// <summary>
    /// Registers a generator of embeddings. The model is loaded when it is first asked for, and disposed with the container.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">How embeddings are computed; null for the defaults.</param>
    /// <param name="load">How the model is loaded; null for the defaults.</param>
    /// <returns>A builder that adds telemetry, caching, and the like.</returns>
    public static EmbeddingGeneratorBuilder<string, Embedding<float>> AddMlxEmbeddingGenerator(
        this IServiceCollection services, string folder, DotMlx.Extensions.AI.MlxEmbeddingGeneratorOptions? options = null,
            LoadOptions? load = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddModel(services, folder, load);
        return services.AddEmbeddingGenerator(
            provider => new DotMlx.Extensions.AI.MlxEmbeddingGenerator(provider.GetRequiredKeyedService<LanguageModel>(folder), options));
    }

    private static void AddModel(IServiceCollection services, string folder, LoadOptions? load)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!services.Any(service => service.ServiceType == typeof(LanguageModel) && folder.Equals(service.ServiceKey)))
        {
            services.AddKeyedSingleton(folder, (_, _) => LanguageModel.Load(folder, load));
        }
    }
}
