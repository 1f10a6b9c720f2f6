namespace System.Runtime.CompilerServices;

/// <summary>The compiler requires this type to compile records, but .NET Standard 2.0 doesn't have it.</summary>
internal static class IsExternalInit;
