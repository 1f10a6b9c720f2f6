using Microsoft.CodeAnalysis;

namespace DotMlx.SourceGeneration;

/// <summary>The role of a member's type in parameter discovery.</summary>
internal enum TypeRole
{
    /// <summary>The type holds no parameters.</summary>
    None,

    /// <summary>An array, a module, or lists and string-keyed dictionaries of them.</summary>
    Parameters,

    /// <summary>A container of parameters that can't be traversed and written by name.</summary>
    Unsupported,
}

/// <summary>Determines from a type whether a member holds parameters.</summary>
internal static class MemberTypes
{
    public const string ModuleType = "DotMlx.NN.Module";
    public const string UnaryType = "DotMlx.NN.IUnaryModule";
    private const string ArrayType = "DotMlx.MlxArray";

    public static TypeRole RoleOf(ITypeSymbol type)
    {
        if (IsArray(type) || IsModule(type))
        {
            return TypeRole.Parameters;
        }
        if (type is IArrayTypeSymbol array)
        {
            TypeRole role = RoleOf(array.ElementType);
            return role == TypeRole.Parameters && array.Rank > 1 ? TypeRole.Unsupported : role;
        }
        if (type is not INamedTypeSymbol named)
        {
            return TypeRole.None;
        }
        if (Element(named, out bool walkable) is ITypeSymbol element)
        {
            TypeRole role = RoleOf(element);
            return role == TypeRole.Parameters && (!walkable || named.IsValueType) ? TypeRole.Unsupported : role;
        }
        return named.IsTupleType && named.TupleElements.Any(e => RoleOf(e.Type) != TypeRole.None)
            ? TypeRole.Unsupported
            : TypeRole.None;
    }

    public static bool IsArray(ITypeSymbol type) => Is(type, ArrayType);

    /// <summary>A class derived from Module, a type parameter constrained to one, or the interface of one-argument modules.</summary>
    public static bool IsModule(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol parameter => parameter.ConstraintTypes.Any(IsModule),
        { TypeKind: TypeKind.Interface } => Is(type, UnaryType) || type.AllInterfaces.Any(i => Is(i, UnaryType)),
        _ => Is(type, ModuleType) || DerivesFromModule(type),
    };

    public static bool DerivesFromModule(ITypeSymbol type)
    {
        for (INamedTypeSymbol? current = type.BaseType; current is not null; current = current.BaseType)
        {
            if (Is(current, ModuleType))
            {
                return true;
            }
        }
        return false;
    }

    public static bool Is(ITypeSymbol type, string fullName)
    {
        int dot = fullName.LastIndexOf('.');
        return type is INamedTypeSymbol { ContainingType: null, IsGenericType: false }
            && type.Name.Length == fullName.Length - dot - 1
            && fullName.EndsWith(type.Name, StringComparison.Ordinal)
            && type.ContainingNamespace.ToDisplayString() == fullName.Substring(0, dot);
    }

    /// <summary>The element type of a collection, which can be traversed if it has positions or string keys.</summary>
    private static ITypeSymbol? Element(INamedTypeSymbol type, out bool walkable)
    {
        IEnumerable<INamedTypeSymbol> shapes = type.TypeKind == TypeKind.Interface
            ? type.AllInterfaces.Insert(0, type)
            : type.AllInterfaces;
        ITypeSymbol? list = null, dictionary = null, other = null;
        bool dictionaryHasStringKeys = false;
        foreach (INamedTypeSymbol shape in shapes.Where(s => s.IsGenericType))
        {
            switch (shape.OriginalDefinition.ToDisplayString())
            {
                case "System.Collections.Generic.IDictionary<TKey, TValue>":
                case "System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>":
                    dictionary = shape.TypeArguments[1];
                    dictionaryHasStringKeys = shape.TypeArguments[0].SpecialType == SpecialType.System_String;
                    break;
                case "System.Collections.Generic.IList<T>":
                case "System.Collections.Generic.IReadOnlyList<T>":
                    list = shape.TypeArguments[0];
                    break;
                case "System.Collections.Generic.IEnumerable<T>":
                    other = shape.TypeArguments[0];
                    break;
            }
        }
        walkable = dictionary is not null ? dictionaryHasStringKeys : list is not null;
        return dictionary ?? list ?? other;
    }
}
