namespace DotMlx.Conformance.Binding;

/// <summary>No member takes the arguments: in C# the call would not compile.</summary>
internal sealed class BindException(string message) : Exception(message);
