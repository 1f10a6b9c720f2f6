namespace DotMlx.NN;

/// <summary>
/// Makes a member of a <see cref="Module"/> a parameter with the given name, or with its own name in snake case without leading
/// underscores. Needed only where the rules give another result: for Python names such as <c>Wxh</c>, private fields that start with '_',
/// and computed properties with a setter.
/// </summary>
/// <param name="name">The name in checkpoints and trees, without dots; null for the member's own name.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class ParameterAttribute(string? name = null) : Attribute
{
    /// <summary>The name in checkpoints and trees, or null for the member's own name.</summary>
    public string? Name { get; } = name;
}
