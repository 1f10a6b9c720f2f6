using System.Reflection;
using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;
using Binder = DotMlx.Conformance.Binding.Binder;

namespace DotMlx.Conformance.Operations;

/// <summary>Operations on arrays that aren't methods: operators, conversions, elements.</summary>
internal static class ArrayOperations
{
    public static readonly Dictionary<string, Operation> All = new()
    {
        ["operator"] = a => Operator((string)a[0]!, a[1..]),
        ["array"] = a => Elements.Of((DType)a[0]!).Create((byte[])a[2]!, Conversions.To<int[]>(a[1])),
        ["bytes"] = a => Elements.Of(((MlxArray)a[0]!).DType).Bytes((MlxArray)a[0]!),
        ["item"] = a => Elements.Of(((MlxArray)a[0]!).DType).Item((MlxArray)a[0]!),
        ["bool"] = a => (bool)(MlxArray)a[0]!,
        ["int"] = a => (long)(MlxArray)a[0]!,
        ["float"] = a => (double)(MlxArray)a[0]!,
        ["rows"] = a => Rows((MlxArray)a[0]!),
        ["flatten"] = a => Flatten(a[0]),
    };

    /// <summary>The operators that C# has, with the compiler's names.</summary>
    private static readonly Dictionary<string, string> Operators = new()
    {
        ["+"] = "op_Addition",
        ["-"] = "op_Subtraction",
        ["*"] = "op_Multiply",
        ["/"] = "op_Division",
        ["%"] = "op_Modulus",
        ["<"] = "op_LessThan",
        [">"] = "op_GreaterThan",
        ["<="] = "op_LessThanOrEqual",
        [">="] = "op_GreaterThanOrEqual",
        ["&"] = "op_BitwiseAnd",
        ["|"] = "op_BitwiseOr",
        ["^"] = "op_ExclusiveOr",
        ["<<"] = "op_LeftShift",
        [">>"] = "op_RightShift",
        ["neg"] = "op_UnaryNegation",
        ["~"] = "op_OnesComplement",
    };

    /// <summary>Python's operators that are functions in C#.</summary>
    private static readonly Dictionary<string, string> Functions = new()
    {
        ["=="] = nameof(Mx.Equal),
        ["!="] = nameof(Mx.NotEqual),
        ["@"] = nameof(Mx.MatMul),
        ["**"] = nameof(Mx.Power),
        ["//"] = nameof(Mx.FloorDivide),
    };

    private static readonly ILookup<string, MethodBase> Overloads = typeof(MlxArray)
        .GetMethods(BindingFlags.Public | BindingFlags.Static).ToLookup(method => method.Name, method => (MethodBase)method);

    private static object? Operator(string symbol, object?[] operands) =>
        Operators.TryGetValue(symbol, out string? name)
            ? Binder.Call([.. Overloads[name]], null, operands, new PythonDictionary([]), symbol)
            : Members.CallStatic($"Mx.{Functions[symbol]}", operands, new PythonDictionary([]));

    private static object?[] Rows(MlxArray array)
    {
        List<object?> rows = [];
        foreach (MlxArray row in array)
        {
            rows.Add(row);
        }

        return [.. rows];
    }

    private static object?[] Flatten(object? tree) =>
        [.. (Trees.From(tree) ?? throw new BindException("The tree has leaves that are no arrays.")).Flatten().Cast<object?>()];
}
