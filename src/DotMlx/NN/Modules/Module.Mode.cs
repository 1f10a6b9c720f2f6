namespace DotMlx.NN;

public abstract partial class Module
{
    private static int _modeChanges;

    /// <summary>Counts the mode changes of all modules. While the count doesn't change, neither does any <see cref="ModeText"/>.</summary>
    internal static int ModeChanges => Volatile.Read(ref _modeChanges);

    /// <summary>
    /// The state other than arrays that affects the computation: which modules are in training mode and which parameters are frozen.
    /// </summary>
    internal string ModeText() => string.Join('\n', NamedModules().Select(item =>
        $"{item.Key} {(item.Value._training ? "trains" : "evaluates")} {string.Join(' ', item.Value._frozen.Order(StringComparer.Ordinal))}"));

    private static void ModeChanged() => Interlocked.Increment(ref _modeChanges);
}
