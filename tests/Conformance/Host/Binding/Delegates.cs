using System.Linq.Expressions;
using System.Reflection;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Binding;

/// <summary>Delegates that call Python.</summary>
internal static class Delegates
{
    private static readonly MethodInfo CallPython = typeof(Python).GetMethod(nameof(Python.Call))!;
    private static readonly MethodInfo Convert = typeof(Conversions).GetMethod(nameof(Conversions.To), [typeof(Type), typeof(object)])!;

    public static T Make<T>(object? function)
        where T : Delegate
        => (T)Make(typeof(T), (PythonFunction)function!);

    public static Delegate Make(Type type, PythonFunction function)
    {
        MethodInfo invoke = type.GetMethod("Invoke")!;
        ParameterExpression[] parameters = [.. invoke.GetParameters().Select(p => Expression.Parameter(p.ParameterType, p.Name))];
        Expression arguments = Expression.NewArrayInit(typeof(object), parameters.Select(p => Expression.Convert(p, typeof(object))));
        Expression call = Expression.Call(CallPython, Expression.Constant(function), arguments);
        Expression body = invoke.ReturnType == typeof(void)
            ? call
            : Expression.Convert(Expression.Call(Convert, Expression.Constant(invoke.ReturnType), call), invoke.ReturnType);
        return Expression.Lambda(type, body, parameters).Compile();
    }
}
