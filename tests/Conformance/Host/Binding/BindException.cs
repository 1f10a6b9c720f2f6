namespace DotMlx.Conformance.Binding;

/// <summary>No member accepts the arguments, so in C# the call wouldn't compile.</summary>
internal sealed class BindException(string message) : Exception(message);
