namespace DotMlx.NN;

/// <summary>
/// Keeps an array, a module or a list of them out of the <see cref="Module"/> that holds it: no parameter, no child, no state.
/// On an override it takes the inherited parameter off the list.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class NotParameterAttribute : Attribute;
