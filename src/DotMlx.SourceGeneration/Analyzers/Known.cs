using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace DotMlx.SourceGeneration.Analyzers;

/// <summary>Recognizes the library's types and methods in a program.</summary>
internal static class Known
{
    private const string MxType = "DotMlx.Mx";

    public static bool IsArray(ITypeSymbol? type) => type is not null && MemberTypes.IsArray(type);

    public static bool IsScope(ITypeSymbol? type) => type is not null && MemberTypes.Is(type, "DotMlx.MlxScope");

    public static bool IsModule(ITypeSymbol? type) => type is not null && MemberTypes.IsModule(type) && type.TypeKind != TypeKind.Interface;

    public static bool IsOptimizer(ITypeSymbol? type)
    {
        for (ITypeSymbol? current = type; current is not null; current = current.BaseType)
        {
            if (MemberTypes.Is(current, "DotMlx.Optimizers.OptimizerBase"))
            {
                return true;
            }
        }
        return false;
    }

    public static bool IsTree(ITypeSymbol? type) => type is not null && (MemberTypes.Is(type, "DotMlx.Tree") || IsTree(type.BaseType));

    public static bool IsMx(IMethodSymbol method) => MemberTypes.Is(method.ContainingType, MxType)
        || (method.ContainingType.ContainingType is { } outer && MemberTypes.Is(outer, MxType));

    public static bool IsMx(IMethodSymbol method, string name) => method.Name == name && MemberTypes.Is(method.ContainingType, MxType);

    /// <summary>The local, parameter, or field that an operand refers to; fields and properties only of this object.</summary>
    public static ISymbol? SymbolOf(IOperation? operation) => operation switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IFieldReferenceOperation { Instance: null or IInstanceReferenceOperation } field => field.Field,
        IPropertyReferenceOperation { Instance: null or IInstanceReferenceOperation } property => property.Property,
        IConversionOperation conversion => SymbolOf(conversion.Operand),
        _ => null,
    };

    /// <summary>The operand without conversions that the compiler has added.</summary>
    public static IOperation Unconverted(IOperation operation)
    {
        while (operation is IConversionOperation { IsImplicit: true } conversion)
        {
            operation = conversion.Operand;
        }
        return operation;
    }

    public static IOperation? Argument(IInvocationOperation call, string parameter) =>
        call.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == parameter)?.Value;
}
