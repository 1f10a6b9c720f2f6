using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace DotMlx.SourceGeneration;

/// <summary>The generator's diagnostics; every message explains how to fix the code.</summary>
internal static class Diagnostics
{
    private const string Category = "DotMlx.NN";

    public static readonly DiagnosticDescriptor NotPartial = Error("DMLX001", "Module class is not partial",
        "Module '{0}' must be declared 'partial' so that its parameters can be found: write 'partial class {0}'");

    public static readonly DiagnosticDescriptor ContainingTypeNotPartial = Error("DMLX002", "Containing type of a module is not partial",
        "Module '{0}' is nested in '{1}', which must be declared 'partial' too: add 'partial' to '{1}' or move '{0}' out of it");

    public static readonly DiagnosticDescriptor NoParameter = Error("DMLX003", "Attribute on a member that cannot be a parameter",
        "[{0}] has no effect on '{1}': {2}");

    public static readonly DiagnosticDescriptor DuplicateName = Error("DMLX004", "Duplicate parameter name",
        "'{0}' and '{1}' of module '{2}' are both named \"{3}\": give one of them another name with [Parameter(\"...\")]");

    public static readonly DiagnosticDescriptor Contradiction = Error("DMLX005", "Conflicting attributes",
        "'{0}' has both [{1}] and [{2}], which are mutually exclusive: remove one of them");

    public static readonly DiagnosticDescriptor InvalidName = Error("DMLX006", "Invalid parameter name",
        "\"{0}\" cannot be the name of parameter '{1}': use a non-empty name without dots (they separate "
        + "the levels of a path) that does not begin with '_'");

    public static readonly DiagnosticDescriptor UnsupportedContainer = new("DMLX007", "Parameters in an unsupported container",
        "'{0}' holds arrays or modules in '{1}', where the generator doesn't find them: use List<T>, T[], or "
        + "Dictionary<string, T>, or mark it [NotParameter]",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor CannotBeSet = Error("DMLX008", "Parameter cannot be set",
        "[{0}] on '{1}' needs a property that stores its value or has a setter: make it '{{ get; set; }}' "
        + "or mark the member that stores the value");

    public static readonly DiagnosticDescriptor FileLocal = Error("DMLX009", "Module class is file-local",
        "Module '{0}' cannot be declared 'file', because the generator writes its other part to a separate file: make it internal");

    public static readonly DiagnosticDescriptor HiddenMember = new("DMLX010", "Member with a leading underscore is not a parameter",
        "'{0}' is not a parameter because its name begins with '_': mark it [Parameter] to train and save "
        + "it, or [NotParameter] to confirm that it isn't one",
        Category, DiagnosticSeverity.Info, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor CapturedParameter = new("DMLX011", "Arrays or modules in a captured constructor parameter",
        "'{0}' holds arrays or modules, but the generator doesn't find a constructor parameter that a member of module '{1}' captures: "
        + "store it in a property, 'public {2} {3} {{ get; }} = {0};', and use the property",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true);

    private static DiagnosticDescriptor Error(string id, string title, string message) =>
        new(id, title, message, Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}

/// <summary>A diagnostic as plain data, because symbols and syntax would keep whole compilations alive.</summary>
internal sealed record DiagnosticInfo(DiagnosticDescriptor Descriptor, LocationInfo? Location, EquatableArray<string> Arguments)
{
    public static DiagnosticInfo Create(DiagnosticDescriptor descriptor, Location? location, params string[] arguments) =>
        new(descriptor, LocationInfo.From(location), new EquatableArray<string>(arguments));

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Descriptor, Location?.ToLocation(), [.. Arguments]);
}

/// <summary>A source location without its syntax tree.</summary>
internal sealed record LocationInfo(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public static LocationInfo? From(Location? location) =>
        location?.SourceTree is null ? null : new(location.SourceTree.FilePath, location.SourceSpan, location.GetLineSpan().Span);

    public Location ToLocation() => Location.Create(Path, Span, Lines);
}
