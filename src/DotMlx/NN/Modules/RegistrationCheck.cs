using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace DotMlx.NN;

/// <summary>
/// Finds unregistered arrays and modules in the fields of a class that the source generator hasn't processed. Without this check, such
/// arrays would silently be neither trained nor saved.
/// </summary>
internal static class RegistrationCheck
{
    private static readonly ConditionalWeakTable<Type, FieldInfo[]> FieldsOf = [];

    /// <exception cref="InvalidOperationException">A field holds an array or a module that isn't among the members.</exception>
    public static void Run(Module module, ModuleMember[] members, IReadOnlyList<object> excluded)
    {
        HashSet<object>? known = null;
        for (Type type = module.GetType(); type != typeof(Module); type = type.BaseType!)
        {
            if (Array.Exists(members, member => member.GeneratedFor == type))
            {
                continue;
            }
            foreach (FieldInfo field in FieldsOf.GetValue(type, Candidates))
            {
                if (field.GetValue(module) is { } value && HoldsState(value)
                    && !(known ??= Known(module, members, excluded)).Contains(value))
                {
                    throw new InvalidOperationException(Message(type, NameOf(field), value));
                }
            }
        }
    }

    private static HashSet<object> Known(Module module, ModuleMember[] members, IReadOnlyList<object> excluded)
    {
        HashSet<object> known = new(excluded, ReferenceEqualityComparer.Instance);
        known.UnionWith(members.Select(member => member.Get(module)).OfType<object>());
        return known;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Only unused fields are trimmed.")]
    private static FieldInfo[] Candidates(Type type) =>
    [
        .. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(field => !field.FieldType.IsValueType && !typeof(Delegate).IsAssignableFrom(field.FieldType)
                && field.FieldType != typeof(string))
            .Where(field => !IsCapturedParameter(field) && !IsExcluded(type, field)),
    ];

    // The C# compiler stores a captured primary-constructor parameter in such a field; an analyzer reports it.
    private static bool IsCapturedParameter(FieldInfo field) => field.Name.StartsWith('<') && field.Name.EndsWith('P');

    [UnconditionalSuppressMessage("Trimming", "IL2070",
        Justification = "If a property is trimmed, its field lacks the attribute, but no code uses the field.")]
    private static bool IsExcluded(Type type, FieldInfo field) => field.IsDefined(typeof(NotParameterAttribute))
        || type.GetProperty(NameOf(field),
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)?
            .IsDefined(typeof(NotParameterAttribute)) == true;

    // The backing field of an auto-property is Name@ in F#, <Name>k__BackingField in C#, and _Name in Visual Basic.
    private static string NameOf(FieldInfo field) => field.Name.StartsWith('<')
        ? field.Name[1..Math.Max(1, field.Name.IndexOf('>', StringComparison.Ordinal))]
        : field.Name.TrimEnd('@').TrimStart('_');

    // F#'s list is neither an IList nor an IDictionary, but it can hold modules.
    private static bool HoldsState(object value) => value switch
    {
        MlxArray or Module => true,
        string => false,
        IDictionary dictionary => dictionary.Values.OfType<object>().Any(HoldsState),
        IList list => list.OfType<object>().Any(HoldsState),
        IEnumerable<MlxArray> arrays => value is IReadOnlyCollection<MlxArray> && arrays.Any(),
        IEnumerable<Module> modules => value is IReadOnlyCollection<Module> && modules.Any(),
        IEnumerable<IUnaryModule> modules => value is IReadOnlyCollection<IUnaryModule> && modules.Any(),
        _ => false,
    };

    private static string Message(Type type, string name, object value)
    {
        string held = $"'{name}' of module {type.Name} holds {Kind(value)} that would be neither trained nor saved";
        return ModuleSlot.IsContainer(value) || value is MlxArray or Module
            ? $"{held}, because the class has no generated part and doesn't register it. In C#, declare the class "
            + $"partial and use the package's source "
                + $"generator. In another language, override AddMembers and write "
                + $"members.Add(\"{Suggested(name)}\", …), or members.Exclude(…) "
                + "if it is not a parameter."
            : $"{held}: elements of a {value.GetType().Name} cannot be replaced. Use a ResizeArray, an "
            + $"array, or a Dictionary, and register it "
                + "with members.Add.";
    }

    private static string Kind(object value) => value switch
    {
        MlxArray => "an array",
        Module => $"a {value.GetType().Name}",
        _ => "arrays or modules",
    };

    private static string Suggested(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c)
            ? (i > 0 && char.IsLower(name[i - 1]) ? "_" : "") + char.ToLowerInvariant(c)
            : c.ToString()));
}
