using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers MLX models in a service collection.</summary>
public static class MlxServiceCollectionExtensions
{
    /// <summary>
    /// Registers a chat client. The model is loaded when the client is first requested and is disposed with the service provider.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">The client options; null for the defaults.</param>
    /// <param name="load">The loading options; null for the defaults.</param>
    /// <returns>A builder for function invocation, telemetry, caching, and so on.</returns>
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
    /// Registers an embedding generator. The model is loaded when the generator is first requested and is disposed with the service
    /// provider.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">The generator options; null for the defaults.</param>
    /// <param name="load">The loading options; null for the defaults.</param>
    /// <returns>A builder for telemetry, caching, and so on.</returns>
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
