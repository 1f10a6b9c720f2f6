namespace DotMlx;

/// <summary>A value that is replaced step by step. Every intermediate value is freed, but the initial one isn't.</summary>
internal sealed class Chain(MlxArray start) : IDisposable
{
    private bool _owned;

    internal MlxArray Value { get; private set; } = start;

    internal void Become(MlxArray next)
    {
        Dispose();
        Value = next;
        _owned = true;
    }

    /// <summary>Returns the last value, which then belongs to the caller.</summary>
    internal MlxArray Take()
    {
        MlxArray result = _owned ? Value : Value.Share();
        _owned = false;
        return result;
    }

    public void Dispose()
    {
        if (_owned)
        {
            Value.Dispose();
            _owned = false;
        }
    }
}
