namespace DotMlx.NN;

/// <summary>
/// Marks state of a <see cref="Module"/> that is saved and loaded with the parameters but never trained, such as the running statistics of
/// <see cref="BatchNorm"/>. It is in <see cref="Module.Parameters"/> but never in <see cref="Module.TrainableParameters"/>, even after
/// <c>Unfreeze</c>.
/// </summary>
/// <param name="name">The name in checkpoints and trees, without dots; null for the member's own name.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class BufferAttribute(string? name = null) : Attribute
{
    /// <summary>The name in checkpoints and trees, or null for the member's own name.</summary>
    public string? Name { get; } = name;
}
