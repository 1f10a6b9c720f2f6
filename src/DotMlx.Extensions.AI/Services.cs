using DotMlx.LanguageModels;

namespace DotMlx.Extensions.AI;

/// <summary>The lookup behind the <c>GetService</c> methods.</summary>
internal static class Services
{
    /// <summary>Returns the metadata, the model, or the owner, whichever has the type; null if a key is given or none has it.</summary>
    internal static object? Find<TMetadata>(Type serviceType, object? serviceKey, object owner, TMetadata metadata, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(TMetadata) ? metadata
            : serviceType.IsInstanceOfType(model) && serviceType != typeof(object) ? model
            : serviceType.IsInstanceOfType(owner) ? owner
            : null;
    }
}
