namespace DotMlx.NN;

public abstract partial class Module
{
    private static int modeChanges;

    /// <summary>Counts the changes of mode of all modules: while it stands still, no <see cref="ModeText"/> is another one.</summary>
    internal static int ModeChanges => Volatile.Read(ref modeChanges);

    /// <summary>What decides, beside its arrays, how the module computes: which modules train, and what is frozen in them.</summary>
    internal string ModeText() => string.Join('\n', NamedModules().Select(item =>
        $"{item.Key} {(item.Value._training ? "trains" : "evaluates")} {string.Join(' ', item.Value._frozen.Order(StringComparer.Ordinal))}"));

    private static void ModeChanged() => Interlocked.Increment(ref modeChanges);
}
