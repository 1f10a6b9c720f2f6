namespace DotMlx;

/// <summary>
/// Frees every array that was made inside the scope when the scope is disposed, except arrays passed to <see cref="Keep(MlxArray)"/>.
/// Scopes nest and follow <c>await</c>; an array that an inner scope keeps belongs to the outer scope.
/// </summary>
/// <example><code>
/// using var scope = MlxScope.Begin();
/// var y = Mx.Exp(x) * 2 + 1;
/// return scope.Keep(y);
/// </code></example>
public sealed class MlxScope : IDisposable
{
    private static readonly AsyncLocal<MlxScope?> Innermost = new();

    // While no scope is open on any thread, making an array doesn't read the AsyncLocal.
    private static int _open;

    private readonly MlxScope? _outer;
    private readonly Lock _gate = new();
    private List<MlxArray>? _made = new(32);
    private HashSet<MlxArray>? _kept;

    private MlxScope(MlxScope? outer) => _outer = outer;

    /// <summary>The innermost open scope of the current execution context, or null.</summary>
    public static MlxScope? Current
    {
        get
        {
            MlxScope? scope = AnyOpen ? Innermost.Value : null;

            // An execution context captured inside a scope may outlive the scope.
            while (scope is { _made: null })
            {
                scope = scope._outer;
            }

            return scope;
        }
    }

    /// <summary>Whether a scope is open on any thread.</summary>
    internal static bool AnyOpen => _open != 0;

    /// <summary>Whether arrays may belong to a scope or an arena, so that arrays that live longer must be detached.</summary>
    internal static bool AnyActive => AnyOpen || ThreadState.Current.Arena is not null;

    /// <summary>Opens a scope in the current execution context; dispose it with <c>using</c>.</summary>
    public static MlxScope Begin()
    {
        var scope = new MlxScope(Current);
        Innermost.Value = scope;
        Interlocked.Increment(ref _open);
        return scope;
    }

    /// <summary>Lets an array outlive this scope; the array then belongs to the enclosing scope, if there is one.</summary>
    /// <returns>The same array.</returns>
    /// <exception cref="ObjectDisposedException">The scope has been disposed.</exception>
    public MlxArray Keep(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_made is null, this);
            (_kept ??= new HashSet<MlxArray>(ReferenceEqualityComparer.Instance)).Add(array);
        }

        return array;
    }

    /// <summary>Lets several arrays outlive this scope.</summary>
    /// <exception cref="ObjectDisposedException">The scope has been disposed.</exception>
    public void Keep(params ReadOnlySpan<MlxArray> arrays)
    {
        foreach (MlxArray array in arrays)
        {
            Keep(array);
        }
    }

    /// <inheritdoc cref="Keep(ReadOnlySpan{MlxArray})"/>
    public void Keep(params MlxArray[] arrays) => Keep((ReadOnlySpan<MlxArray>)arrays);

    /// <summary>Frees the arrays that were made inside the scope and not kept, and makes the enclosing scope the current one.</summary>
    public void Dispose()
    {
        List<MlxArray>? arrays;
        lock (_gate)
        {
            arrays = _made;
            _made = null;
        }

        if (arrays is null)
        {
            return;
        }

        Interlocked.Decrement(ref _open);
        if (Innermost.Value == this)
        {
            Innermost.Value = _outer;
        }

        foreach (MlxArray array in arrays)
        {
            if (_kept?.Contains(array) != true)
            {
                array.Dispose();
            }
            else if (!array.IsDisposed)
            {
                _outer?.TryAdd(array);
            }
        }
    }

    /// <summary>
    /// Takes an array out of every open scope of the current execution context, or out of an optimizer's update in progress, because the
    /// array has become part of state that lives longer, such as a module.
    /// </summary>
    /// <param name="array">The array, which its new owner frees.</param>
    public static void Detach(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        Arena.Detach(array);
        for (MlxScope? scope = Current; scope is not null; scope = scope._outer)
        {
            lock (scope._gate)
            {
                (scope._kept ??= new HashSet<MlxArray>(ReferenceEqualityComparer.Instance)).Add(array);
            }
        }
    }

    internal static void Register(MlxArray array)
    {
        for (MlxScope? scope = Innermost.Value; scope is not null && !scope.TryAdd(array); scope = scope._outer)
        {
        }
    }

    private bool TryAdd(MlxArray array)
    {
        lock (_gate)
        {
            _made?.Add(array);
            return _made is not null;
        }
    }
}
