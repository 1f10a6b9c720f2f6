using System.Runtime.CompilerServices;
using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Operations;

/// <summary>Transforms Python's functions. The C# function takes a list of arrays, or a tree and a list.</summary>
internal static class TransformOperations
{
    public static readonly Dictionary<string, Operation> All = new()
    {
        ["value and grad"] = a => Parts(Mx.ValueAndGrad((MlxArray[] given) => Loss(a[0], given))(Conversions.To<MlxArray[]>(a[1]))),
        ["value and grad of tree"] = a => Parts(Mx.ValueAndGrad((Tree given) => Loss(a[0], given))(Conversions.To<Tree>(a[1]))),
        ["vmap"] = a => Mx.Vmap(OfArrays(a[0]), Axes(a[1]), a[2] is null ? null : Axes(a[2]))(Conversions.To<MlxArray[]>(a[3])),
        ["vmap twice"] = a => VmapTwice(a),
        ["checkpoint"] = a => Mx.Checkpoint(OfArrays(a[0]))(Conversions.To<MlxArray[]>(a[1])),
        ["compile"] = a => Compile((PythonFunction)a[0]!, a[1], a[2], (bool)a[3]!),
        ["state"] = a => new PythonState((PythonFunction)a[0]!, (PythonFunction)a[1]!),
    };

    /// <summary>Calls a function that returns [loss, auxiliary value…].</summary>
    public static (MlxArray Loss, object?[] Auxiliary) Loss(object? function, object given)
    {
        object?[] items = Sequences.ItemsOf(Python.Call((PythonFunction)function!, [given]))!;
        return (Conversions.To<MlxArray>(items[0]), items[1..]);
    }

    /// <summary>[value, auxiliary values, gradients].</summary>
    public static object?[] Parts(ITuple result) => [result[0], result[1], result[2]];

    // Python finds the axes of the results while it runs the function, but C# must know them in advance, so a first run finds them.
    private static MlxArray[] VmapTwice(object?[] a)
    {
        Func<MlxArray[], MlxArray[]> function = OfArrays(a[0]);
        int?[] inAxes = Axes(a[1]);
        MlxArray[] arguments = Conversions.To<MlxArray[]>(a[3]);
        Mx.Vmap(function, inAxes)(arguments);
        int?[] outAxes = Axes(Python.Call((PythonFunction)a[2]!, []));
        return Mx.Vmap(function, inAxes, outAxes)(arguments);
    }

    private static Func<object?[], object?[]> Compile(PythonFunction function, object? inputs, object? outputs, bool shapeless) =>
        Mx.Compile<object?[], object?[]>(
            arguments => Sequences.ItemsOf(Python.Call(function, arguments))!,
            Conversions.To<IMlxState[]?>(inputs), Conversions.To<IMlxState[]?>(outputs), shapeless);

    private static Func<MlxArray[], MlxArray[]> OfArrays(object? function) => Delegates.Make<Func<MlxArray[], MlxArray[]>>(function);

    private static int?[] Axes(object? value) => Conversions.To<int?[]>(value);
}
