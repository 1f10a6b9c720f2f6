namespace DotMlx.SourceGeneration;

/// <summary>How a member's value is replaced.</summary>
internal enum MemberAccess
{
    /// <summary>By assignment.</summary>
    Assign,

    /// <summary>Through its backing field, because the member is read-only.</summary>
    Field,
}

/// <summary>One member that holds arrays or modules.</summary>
/// <param name="Name">The name in Python's sense.</param>
/// <param name="Member">The C# member.</param>
/// <param name="Type">Its type, fully qualified.</param>
/// <param name="Access">How it is replaced.</param>
/// <param name="FieldName">The field behind it, for <see cref="MemberAccess.Field"/>.</param>
/// <param name="IsBuffer">State that is saved but never trained.</param>
/// <param name="Removes">The member takes an inherited parameter off the list.</param>
internal sealed record MemberModel(
    string Name, string Member, string Type, MemberAccess Access, string FieldName, bool IsBuffer, bool Removes);

/// <summary>A type declaration around the generated part, outermost first; the last one is the module itself.</summary>
internal sealed record TypeHeader(string Keyword, string Name, string TypeParameters);

/// <summary>Everything that is written for one module class, and everything wrong with it.</summary>
internal sealed record ModuleModel(
    string HintName,
    string Namespace,
    EquatableArray<TypeHeader> Types,
    EquatableArray<MemberModel> Members,
    bool ImplementsUnary,
    bool CanGenerate,
    EquatableArray<DiagnosticInfo> Diagnostics);
