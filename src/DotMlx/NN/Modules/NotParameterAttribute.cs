namespace DotMlx.NN;

/// <summary>
/// Excludes an array, a module, or a list of them from the <see cref="Module"/> that holds it: the member is neither a parameter, a child,
/// nor state. On an override, it removes the inherited parameter from the list.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class NotParameterAttribute : Attribute;
