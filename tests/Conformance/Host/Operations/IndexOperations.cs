using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Operations;

/// <summary>Reads, writes, and updates parts of an array.</summary>
internal static class IndexOperations
{
    public static readonly Dictionary<string, Operation> All = new()
    {
        ["index"] = a => ((MlxArray)a[0]!)[IndexOf(a[1])],
        ["set index"] = a =>
        {
            ((MlxArray)a[0]!)[IndexOf(a[1])] = Conversions.To<MlxArray>(a[2]);
            return a[0];
        },
        ["at"] = a => Members.Call(((MlxArray)a[0]!).At[IndexOf(a[1])], (string)a[2]!, [a[3]], new PythonDictionary([])),
    };

    private static MlxIndex[] IndexOf(object? value) => [.. Sequences.ItemsOf(value)!.Select(One)];

    private static MlxIndex One(object? value) => value switch
    {
        null => Mx.NewAxis,
        PythonEllipsis => Mx.Ellipsis,
        bool flag => flag,
        long position => checked((int)position),
        PythonSlice slice => new Slice(Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step)),
        MlxArray array => array,
        _ => throw new BindException($"{Description.Of(value)} is no index."),
    };

    // Python's own slices accept any integer as a bound.
    private static int? Bound(object? value) => value switch
    {
        null => null,
        long bound => (int)Math.Clamp(bound, int.MinValue, int.MaxValue),
        _ => throw new BindException($"{Description.Of(value)} is no bound of a slice."),
    };
}
