namespace DotMlx.SourceGeneration;

/// <summary>How a member's value is replaced.</summary>
internal enum MemberAccess
{
    /// <summary>By assignment.</summary>
    Assign,

    /// <summary>Through its backing field, because the member is read-only.</summary>
    Field,
}

/// <summary>A member that holds arrays or modules.</summary>
/// <param name="Name">The name of the attribute in Python.</param>
/// <param name="Member">The C# member.</param>
/// <param name="Type">The fully qualified type.</param>
/// <param name="Access">How the value is replaced.</param>
/// <param name="FieldName">The backing field, for <see cref="MemberAccess.Field"/>.</param>
/// <param name="IsBuffer">Whether the state is saved but never trained.</param>
/// <param name="Removes">Whether the member removes an inherited parameter from the list.</param>
internal sealed record MemberModel(
    string Name, string Member, string Type, MemberAccess Access, string FieldName, bool IsBuffer, bool Removes);

/// <summary>A type declaration around the generated part, outermost first; the last one is the module itself.</summary>
internal sealed record TypeHeader(string Keyword, string Name, string TypeParameters);

/// <summary>All generated code of a module class, and all of its errors.</summary>
internal sealed record ModuleModel(
    string HintName,
    string Namespace,
    EquatableArray<TypeHeader> Types,
    EquatableArray<MemberModel> Members,
    bool ImplementsUnary,
    bool CanGenerate,
    EquatableArray<DiagnosticInfo> Diagnostics);
