using System.Reflection;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance.Binding;

/// <summary>Finds public members by name. Case doesn't matter: Python's names don't show where a C# word begins.</summary>
internal static class Members
{
    /// <summary>The public types by their paths below the namespace DotMlx, such as <c>Mx.Random</c>, <c>NN.Losses</c>.</summary>
    private static readonly Dictionary<string, Type> Types = new[] { typeof(Mx).Assembly, typeof(MlxLibrary).Assembly }
        .SelectMany(assembly => assembly.GetExportedTypes()).Where(type => !type.IsGenericType)
        .DistinctBy(PathOf, StringComparer.OrdinalIgnoreCase).ToDictionary(PathOf, StringComparer.OrdinalIgnoreCase);

    private static readonly Lock Lock = new();
    private static readonly Dictionary<(Type Type, string Name, bool Static), MethodBase[]> Methods = [];

    public static object? CallStatic(string path, object?[] arguments, PythonDictionary named)
    {
        (Type type, string name) = Split(path);
        return Binder.Call(MethodsOf(type, name, isStatic: true), null, arguments, named, path);
    }

    public static object? Call(object target, string name, object?[] arguments, PythonDictionary named)
    {
        Type type = target.GetType();
        return Binder.Call(MethodsOf(type, name, isStatic: false), target, arguments, named, $"{type.Name}.{name}");
    }

    public static object Create(string type, object?[] arguments, PythonDictionary named) =>
        Binder.Call(TypeOf(type).GetConstructors(), null, arguments, named, "new " + type)!;

    public static object? Get(object target, string name) => Invoker.For(PropertyOf(target.GetType(), name).GetMethod!)(target, []);

    public static void Set(object target, string name, object? value)
    {
        PropertyInfo property = PropertyOf(target.GetType(), name);
        MethodInfo set = property.GetSetMethod() ?? throw new BindException($"{target.GetType().Name}.{name} has no setter.");
        Invoker.For(set)(target, [Conversions.To(property.PropertyType, value)]);
    }

    public static object? GetStatic(string path)
    {
        (Type type, string name) = Split(path);
        return type.GetProperty(name) is { } property ? property.GetValue(null)
            : (type.GetField(name) ?? throw new BindException($"There is no {path}.")).GetValue(null);
    }

    public static PropertyInfo PropertyOf(Type type, string name) =>
        type.GetProperties().FirstOrDefault(property => string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new BindException($"There is no {type.Name}.{name}.");

    private static (Type Type, string Name) Split(string path)
    {
        int dot = path.LastIndexOf('.');
        return (TypeOf(path[..dot]), path[(dot + 1)..]);
    }

    private static MethodBase[] MethodsOf(Type type, string name, bool isStatic)
    {
        lock (Lock)
        {
            if (!Methods.TryGetValue((type, name, isStatic), out MethodBase[]? methods))
            {
                methods = [.. type.GetMethods(BindingFlags.Public | (isStatic ? BindingFlags.Static : BindingFlags.Instance))
                    .Where(method => string.Equals(method.Name, name, StringComparison.OrdinalIgnoreCase))
                    .Select(ForTrees).OfType<MethodBase>()];
                Methods[(type, name, isStatic)] = methods;
            }

            return methods.Length > 0 ? methods : throw new BindException($"There is no {type.Name}.{name}.");
        }
    }

    /// <summary>Makes a method that accepts any kind of tree accept all of them; null for other generic methods.</summary>
    private static MethodInfo? ForTrees(MethodInfo method) =>
        !method.IsGenericMethodDefinition ? method
        : method.GetGenericArguments() is [var only] && only.GetGenericParameterConstraints().Contains(typeof(Tree))
            ? method.MakeGenericMethod(typeof(Tree))
            : null;

    private static Type TypeOf(string path) => Types.GetValueOrDefault(path) ?? throw new BindException($"There is no {path}.");

    private static string PathOf(Type type) => type.FullName!.Replace('+', '.')[(nameof(DotMlx).Length + 1)..];
}
