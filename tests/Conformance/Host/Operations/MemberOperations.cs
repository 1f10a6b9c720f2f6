using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Operations;

/// <summary>Calls methods and constructors, and reads properties, by name.</summary>
internal static class MemberOperations
{
    public static readonly Dictionary<string, Operation> All = new()
    {
        ["static"] = a => Members.CallStatic((string)a[0]!, (object?[])a[1]!, (PythonDictionary)a[2]!),
        ["new"] = a => Members.Create((string)a[0]!, (object?[])a[1]!, (PythonDictionary)a[2]!),
        ["call"] = a => Members.Call(a[0]!, (string)a[1]!, (object?[])a[2]!, (PythonDictionary)a[3]!),
        ["get"] = a => Members.Get(a[0]!, (string)a[1]!),
        ["set"] = a =>
        {
            Members.Set(a[0]!, (string)a[1]!, a[2]);
            return null;
        },
        ["get static"] = a => Members.GetStatic((string)a[0]!),
    };
}
