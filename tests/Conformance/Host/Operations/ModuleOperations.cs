using System.Collections;
using System.Runtime.CompilerServices;
using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;
using DotMlx.NN;

namespace DotMlx.Conformance.Operations;

/// <summary>Modules as Python sees them: members by name, and one Python object for each module.</summary>
internal static class ModuleOperations
{
    public static readonly Dictionary<string, Operation> All = new()
    {
        ["module"] = a => new DynamicModule((PythonFunction)a[0]!),
        ["identity"] = a => Identity((Module)a[0]!),
        ["put"] = a =>
        {
            ((DynamicModule)a[0]!).Put((string)a[1]!, Member(a[2])!);
            return null;
        },
        ["drop"] = a =>
        {
            ((DynamicModule)a[0]!).Drop((string)a[1]!);
            return null;
        },
        ["names"] = a => Names((Module)a[0]!),
        ["find"] = a => Find((Module)a[0]!, (string)a[1]!),
        ["module value and grad"] = a => TransformOperations.Parts(
            ((Module)a[0]!).ValueAndGrad((MlxArray[] given) => TransformOperations.Loss(a[1], given))(Conversions.To<MlxArray[]>(a[2]))),
    };

    private static readonly ConditionalWeakTable<Module, object> Identities = [];
    private static long _next;

    /// <summary>The number by which Python finds the object that it created for a module.</summary>
    public static long Identity(Module module) => (long)Identities.GetValue(module, _ => Interlocked.Increment(ref _next));

    // Lists and dictionaries of modules and arrays become C# collections, as in a class of modules.
    private static object? Member(object? value) => value switch
    {
        PythonDictionary named => named.Items.ToDictionary(item => (string)item.Key!, item => Member(item.Value)),
        _ when Sequences.ItemsOf(value) is { } items => items.Select(Member).ToList(),
        _ => value,
    };

    /// <summary>The members that contain arrays or modules, which are the first names in their paths.</summary>
    private static string[] Names(Module module) => module is DynamicModule dynamic
        ? [.. dynamic.Names]
        : [.. module.Parameters().Keys.Concat(module.Children().Select(child => child.Key)).Select(path => path.Split('.')[0]).Distinct()];

    private static object? Find(Module module, string name) => Value(module is DynamicModule dynamic
        ? dynamic.Find(name)
        : Members.Get(module, name.Replace("_", "", StringComparison.Ordinal)));

    // A list that is a module remains a module.
    private static object? Value(object? value) => value switch
    {
        Module => value,
        IDictionary dictionary => new PythonDictionary(
            [.. dictionary.Keys.Cast<object>().Select(key => KeyValuePair.Create((object?)key, Value(dictionary[key])))]),
        IList list => list.Cast<object?>().Select(Value).ToArray(),
        _ => value,
    };
}
