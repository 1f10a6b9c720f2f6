namespace DotMlx;

/// <summary>
/// Frees every array made inside it when it is disposed, except those that <see cref="Keep(MlxArray)"/> was asked to keep.
/// Scopes nest and follow <c>await</c>; what an inner scope keeps belongs to the outer one.
/// </summary>
/// <example><code>
/// using var scope = MlxScope.Begin();
/// var y = Mx.Exp(x) * 2 + 1;
/// return scope.Keep(y);
/// </code></example>
public sealed class MlxScope : IDisposable
{
    private static readonly AsyncLocal<MlxScope?> Innermost = new();

    // While no scope is open anywhere, making an array costs no look at the flow's own.
    private static int _open;

    private readonly MlxScope? _outer;
    private readonly Lock _gate = new();
    private List<MlxArray>? _made = new(32);
    private HashSet<MlxArray>? _kept;

    private MlxScope(MlxScope? outer) => _outer = outer;

    /// <summary>The innermost open scope of this flow of control, or null.</summary>
    public static MlxScope? Current
    {
        get
        {
            MlxScope? scope = AnyOpen ? Innermost.Value : null;

            // A flow that was started inside a scope may outlive it.
            while (scope is { _made: null })
            {
                scope = scope._outer;
            }

            return scope;
        }
    }

    /// <summary>Whether a scope is open on any thread.</summary>
    internal static bool AnyOpen => _open != 0;

    /// <summary>Whether arrays may belong to a scope or an arena, so that what lives longer is to be detached.</summary>
    internal static bool AnyActive => AnyOpen || ThreadState.Current.Arena is not null;

    /// <summary>Opens a scope for this flow of control; dispose it with <c>using</c>.</summary>
    public static MlxScope Begin()
    {
        var scope = new MlxScope(Current);
        Innermost.Value = scope;
        Interlocked.Increment(ref _open);
        return scope;
    }

    /// <summary>Lets an array outlive this scope; it then belongs to the scope around this one, if there is one.</summary>
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

    /// <summary>Frees what was made inside and not kept, and makes the scope around this one the current one.</summary>
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
    /// Takes an array out of every open scope of this flow, or out of an optimizer's update that is going on: it became part of state
    /// that lives longer, such as a module.
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
