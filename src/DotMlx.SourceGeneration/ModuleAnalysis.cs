using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DotMlx.SourceGeneration;

/// <summary>Turns the symbol of a module class into its model.</summary>
internal sealed class ModuleAnalysis
{
    private readonly INamedTypeSymbol _type;
    private readonly List<MemberModel> _members = [];
    private readonly List<DiagnosticInfo> _diagnostics = [];
    private readonly Dictionary<string, string> _memberOfName = [];

    private ModuleAnalysis(INamedTypeSymbol type) => _type = type;

    /// <summary>The model, or null if there is nothing to write and nothing to report.</summary>
    public static ModuleModel? Run(INamedTypeSymbol type, ClassDeclarationSyntax declaration, SemanticModel semantics,
        CancellationToken cancel)
    {
        ModuleAnalysis analysis = new(type);
        foreach (ISymbol member in type.GetMembers())
        {
            cancel.ThrowIfCancellationRequested();
            analysis.Add(member);
        }
        analysis._diagnostics.AddRange(CapturedParameters.Find(type, declaration, semantics, cancel));
        bool unary = analysis.ShouldImplementUnary();
        if (analysis._members.Count == 0 && analysis._diagnostics.Count == 0 && !unary)
        {
            return null;
        }
        bool placed = analysis.CheckDeclaration(declaration, cancel);
        return new ModuleModel(
            HintName(type),
            type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString(),
            new([.. Headers(type)]),
            new([.. analysis._members]),
            unary,
            placed && (analysis._members.Count > 0 || unary),
            new([.. analysis._diagnostics]));
    }

    private void Add(ISymbol symbol)
    {
        ITypeSymbol type;
        switch (symbol)
        {
            case IPropertySymbol
                { IsStatic: false, IsIndexer: false, GetMethod: not null, ExplicitInterfaceImplementations.IsEmpty: true } property:
                type = property.Type;
                break;
            case IFieldSymbol { IsStatic: false, IsImplicitlyDeclared: false, AssociatedSymbol: null } field:
                type = field.Type;
                break;
            default:
                return;
        }
        MemberAttributes attributes = MemberAttributes.Of(symbol);
        if (attributes.IsNotParameter)
        {
            AddExclusion(symbol, attributes);
            return;
        }
        bool overrides = symbol is IPropertySymbol { IsOverride: true };
        switch (MemberTypes.RoleOf(type))
        {
            case TypeRole.Parameters when symbol is IPropertySymbol property && !attributes.IncludesExplicitly
                && BackingField(property) is null:
                // A computed property stores nothing; the members that it reads are found where they are stored.
                return;
            case TypeRole.Parameters:
                AddParameter(symbol, type, attributes);
                return;
            case TypeRole.Unsupported when !attributes.IncludesExplicitly && !overrides && Stores(symbol):
                Report(Diagnostics.UnsupportedContainer, symbol, symbol.Name, Shown(type));
                return;
        }
    }

    private void AddExclusion(ISymbol symbol, MemberAttributes attributes)
    {
        if (attributes.IncludesExplicitly)
        {
            Report(Diagnostics.Contradiction, symbol, symbol.Name, attributes.IsParameter ? "Parameter" : "Buffer", "NotParameter");
        }
        if (symbol is IPropertySymbol { IsOverride: true, OverriddenProperty: { } overridden })
        {
            _members.Add(new(NameOf(overridden, MemberAttributes.Of(overridden)), symbol.Name, "", MemberAccess.Assign, "",
                false, Removes: true));
        }
    }

    private void AddParameter(ISymbol symbol, ITypeSymbol type, MemberAttributes attributes)
    {
        if (attributes is { IsParameter: true, IsBuffer: true } && attributes.Name is null)
        {
            Report(Diagnostics.Contradiction, symbol, symbol.Name, "Parameter", "Buffer");
        }
        if (attributes.Name is { } given && (given.Length == 0 || given.Contains('.') || given[0] == '_'))
        {
            Report(Diagnostics.InvalidName, symbol, given, symbol.Name);
            return;
        }
        if (!TryFindAccess(symbol, out MemberAccess access, out string field))
        {
            Report(Diagnostics.CannotBeSet, symbol, attributes.IsParameter ? "Parameter" : "Buffer", symbol.Name);
            return;
        }
        string name = NameOf(symbol, attributes);
        if (_memberOfName.TryGetValue(name, out string? other) || InheritedWithName(symbol, name, out other))
        {
            Report(Diagnostics.DuplicateName, symbol, other!, symbol.Name, _type.Name, name);
            return;
        }
        if (name[0] == '_')
        {
            Report(Diagnostics.HiddenMember, symbol, symbol.Name);
        }
        _memberOfName.Add(name, symbol.Name);
        _members.Add(new(name, symbol.Name, Qualified(type), access, field, attributes.IsBuffer, Removes: false));
    }

    private static string NameOf(ISymbol symbol, MemberAttributes attributes)
    {
        if (attributes.Name is { Length: > 0 } given)
        {
            return given;
        }
        string name = PythonName.From(symbol.Name);
        string trimmed = name.TrimStart('_');
        return attributes.IncludesExplicitly && trimmed.Length > 0 ? trimmed : name;
    }

    // An override replaces the inherited member; any other member with that name would hide it.
    private bool InheritedWithName(ISymbol symbol, string name, out string? other)
    {
        ISymbol? overridden = (symbol as IPropertySymbol)?.OverriddenProperty;
        for (INamedTypeSymbol? type = _type.BaseType; type is not null
            && !MemberTypes.Is(type, MemberTypes.ModuleType); type = type.BaseType)
        {
            foreach (ISymbol member in type.GetMembers().Where(m => m is IPropertySymbol { IsStatic: false, IsIndexer: false }
                or IFieldSymbol { IsStatic: false, IsImplicitlyDeclared: false }))
            {
                MemberAttributes attributes = MemberAttributes.Of(member);
                ITypeSymbol memberType = member is IPropertySymbol property ? property.Type : ((IFieldSymbol)member).Type;
                if (attributes.IsNotParameter
                    || MemberTypes.RoleOf(memberType) != TypeRole.Parameters
                    || NameOf(member, attributes) != name
                    || (member is IPropertySymbol computed && !attributes.IncludesExplicitly && IsInSource(member)
                        && BackingField(computed) is null)
                    || member is IPropertySymbol { IsAbstract: true })
                {
                    continue;
                }
                if (overridden is not null && SameMember(overridden, member))
                {
                    return Found(null, out other);
                }
                return Found(type.Name + "." + member.Name, out other);
            }
        }
        return Found(null, out other);

        static bool Found(string? text, out string? result)
        {
            result = text;
            return text is not null;
        }
    }

    private static bool IsInSource(ISymbol symbol) => symbol.DeclaringSyntaxReferences.Length > 0;

    private static bool SameMember(ISymbol overridden, ISymbol member)
    {
        for (ISymbol? current = overridden; current is not null; current = (current as IPropertySymbol)?.OverriddenProperty)
        {
            if (SymbolEqualityComparer.Default.Equals(current.OriginalDefinition, member.OriginalDefinition))
            {
                return true;
            }
        }
        return false;
    }

    private static bool TryFindAccess(ISymbol symbol, out MemberAccess access, out string field)
    {
        access = MemberAccess.Assign;
        field = "";
        if (symbol is IFieldSymbol plain)
        {
            if (plain.IsReadOnly)
            {
                access = MemberAccess.Field;
                field = plain.Name;
            }
            return true;
        }
        IPropertySymbol property = (IPropertySymbol)symbol;
        if (property.SetMethod is { IsInitOnly: false })
        {
            return true;
        }
        // The class that implements an abstract property lists it.
        access = MemberAccess.Field;
        field = BackingField(property)?.Name ?? "";
        return field.Length > 0;
    }

    private static IFieldSymbol? BackingField(IPropertySymbol property) => property.ContainingType.GetMembers()
        .OfType<IFieldSymbol>()
        .FirstOrDefault(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, property));

    private static bool Stores(ISymbol symbol) => symbol is IFieldSymbol || BackingField((IPropertySymbol)symbol) is not null;

    /// <summary>A class with <c>MlxArray Forward(MlxArray)</c> can be used in a <c>Sequential</c> without declaring it.</summary>
    private bool ShouldImplementUnary() =>
        !_type.Interfaces.Any(i => MemberTypes.Is(i, MemberTypes.UnaryType))
        && _type.GetMembers("Forward").OfType<IMethodSymbol>().Any(method =>
            !method.IsStatic && !method.IsOverride && !method.IsGenericMethod
            && MemberTypes.IsArray(method.ReturnType)
            && method.Parameters.Length > 0
            && MemberTypes.IsArray(method.Parameters[0].Type)
            && method.Parameters[0].RefKind == RefKind.None
            && method.Parameters.Skip(1).All(p => p.IsOptional || p.IsParams));

    private bool CheckDeclaration(ClassDeclarationSyntax declaration, CancellationToken cancel)
    {
        if (_type.IsFileLocal)
        {
            _diagnostics.Add(DiagnosticInfo.Create(Diagnostics.FileLocal, declaration.Identifier.GetLocation(), _type.Name));
            return false;
        }
        if (!declaration.Modifiers.Any(SyntaxKind.PartialKeyword))
        {
            _diagnostics.Add(DiagnosticInfo.Create(Diagnostics.NotPartial, declaration.Identifier.GetLocation(), _type.Name));
            return false;
        }
        bool placed = true;
        for (INamedTypeSymbol? outer = _type.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            if (!outer.DeclaringSyntaxReferences.Any(r => r.GetSyntax(cancel) is TypeDeclarationSyntax t
                && t.Modifiers.Any(SyntaxKind.PartialKeyword)))
            {
                _diagnostics.Add(DiagnosticInfo.Create(
                    Diagnostics.ContainingTypeNotPartial, declaration.Identifier.GetLocation(), _type.Name, outer.Name));
                placed = false;
            }
        }
        return placed;
    }

    private void Report(DiagnosticDescriptor descriptor, ISymbol symbol, params string[] arguments) =>
        _diagnostics.Add(DiagnosticInfo.Create(descriptor, symbol.Locations.FirstOrDefault(), arguments));

    private static List<TypeHeader> Headers(INamedTypeSymbol type)
    {
        List<TypeHeader> headers = [];
        for (INamedTypeSymbol? current = type; current is not null; current = current.ContainingType)
        {
            string keyword = current switch
            {
                { TypeKind: TypeKind.Interface } => "interface",
                { TypeKind: TypeKind.Struct, IsRecord: true } => "record struct",
                { TypeKind: TypeKind.Struct } => "struct",
                { IsRecord: true } => "record",
                _ => "class",
            };
            string parameters = current.TypeParameters.IsEmpty
                ? ""
                : "<" + string.Join(", ", current.TypeParameters.Select(p => Escaped(p.Name))) + ">";
            headers.Insert(0, new(keyword, Escaped(current.Name), parameters));
        }
        return headers;
    }

    private static string HintName(INamedTypeSymbol type) =>
        type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat).Replace('<', '{').Replace('>', '}').Replace(" ", "")
            .Replace("@", "") + ".Members.g.cs";

    private static string Escaped(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private static string Qualified(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    private static string Shown(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);
}
