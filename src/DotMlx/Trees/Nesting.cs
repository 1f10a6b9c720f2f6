using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// One level of a recursive traversal of trees or modules. Without a limit, a tree that contains itself would overflow the stack, which
/// ends the process.
/// </summary>
internal readonly ref struct Nesting
{
    private const int MaxLevels = 1000;

    [ThreadStatic]
    private static int _level;

    private readonly int _outer;

    private Nesting(int outer) => _outer = outer;

    /// <summary>Enters a level, until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">There are too many levels.</exception>
    public static Nesting Enter()
    {
        if (_level >= MaxLevels || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new InvalidOperationException(
                $"The tree or module contains itself, or it has too many levels: at most {MaxLevels:N0}, and fewer on a thread with a small "
                + "stack. Remove the reference from an inner level to an outer one.");
        }

        return new Nesting(_level++);
    }

    public void Dispose() => _level = _outer;
}
