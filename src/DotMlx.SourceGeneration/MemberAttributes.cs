using Microsoft.CodeAnalysis;

namespace DotMlx.SourceGeneration;

/// <summary>Reads [Parameter], [Buffer], and [NotParameter], and finds attributes on members where they have no meaning.</summary>
internal sealed class MemberAttributes
{
    public const string Namespace = "DotMlx.NN";
    public static readonly string[] All = ["Parameter", "Buffer", "NotParameter"];

    private MemberAttributes()
    {
    }

    public bool IsParameter { get; private set; }

    public bool IsBuffer { get; private set; }

    public bool IsNotParameter { get; private set; }

    /// <summary>The name given by [Parameter("name")] or [Buffer("name")].</summary>
    public string? Name { get; private set; }

    public bool IncludesExplicitly => IsParameter || IsBuffer;

    public static MemberAttributes Of(ISymbol member)
    {
        MemberAttributes result = new();
        foreach (AttributeData attribute in member.GetAttributes())
        {
            if (attribute.AttributeClass is not { } type || type.ContainingNamespace?.ToDisplayString() != Namespace)
            {
                continue;
            }
            string? name = attribute.ConstructorArguments.Length > 0 ? attribute.ConstructorArguments[0].Value as string : null;
            switch (type.Name)
            {
                case "ParameterAttribute":
                    result.IsParameter = true;
                    result.Name ??= name;
                    break;
                case "BufferAttribute":
                    result.IsBuffer = true;
                    result.Name ??= name;
                    break;
                case "NotParameterAttribute":
                    result.IsNotParameter = true;
                    break;
            }
        }
        return result;
    }

    /// <summary>The error of an attribute on a member that can't be a parameter, or null.</summary>
    public static DiagnosticInfo? CheckPlace(ISymbol member, string attribute)
    {
        string? reason = member switch
        {
            { ContainingType: not { } } => "it is not a member of a module",
            _ when !MemberTypes.DerivesFromModule(member.ContainingType)
                && !MemberTypes.Is(member.ContainingType, MemberTypes.ModuleType) =>
                $"'{member.ContainingType.Name}' is not derived from DotMlx.NN.Module; derive it or remove the attribute",
            { IsStatic: true } => "static members cannot be parameters; make it an instance member or remove the attribute",
            IPropertySymbol { IsIndexer: true } => "indexers cannot be parameters; remove the attribute",
            IPropertySymbol { GetMethod: null } => "it cannot be read; add a getter or remove the attribute",
            IPropertySymbol property => CheckType(property.Type, attribute),
            IFieldSymbol field => CheckType(field.Type, attribute),
            _ => "only fields and properties can be parameters; remove the attribute",
        };
        return reason is null
            ? null
            : DiagnosticInfo.Create(Diagnostics.NoParameter, member.Locations.FirstOrDefault(), attribute, member.Name, reason);
    }

    private static string? CheckType(ITypeSymbol type, string attribute)
    {
        TypeRole role = MemberTypes.RoleOf(type);
        string shown = type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);
        return role switch
        {
            TypeRole.Parameters => null,
            TypeRole.Unsupported when attribute == "NotParameter" => null,
            TypeRole.Unsupported => $"the generator doesn't find parameters inside '{shown}'; use List<T>, T[], or Dictionary<string, T>",
            _ => $"'{shown}' is not MlxArray, a module, or a list or string-keyed dictionary of them; "
                + $"remove the attribute or change the type",
        };
    }
}
