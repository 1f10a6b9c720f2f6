namespace DotMlx.Conformance.Operations;

/// <summary>An operation that Python requests.</summary>
internal delegate object? Operation(object?[] arguments);

/// <summary>The operations by name. Operations that only use one public member go through <see cref="MemberOperations"/>.</summary>
internal static class OperationTable
{
    private static readonly Dictionary<string, Operation> Operations = new(
        [.. MemberOperations.All, .. ArrayOperations.All, .. IndexOperations.All, .. TransformOperations.All, .. ModuleOperations.All],
        StringComparer.Ordinal);

    public static object? Run(string name, object?[] arguments) =>
        Operations.TryGetValue(name, out Operation? operation)
            ? operation(arguments)
            : throw new InvalidOperationException($"There is no operation '{name}'.");
}
