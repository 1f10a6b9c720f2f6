namespace DotMlx.Reference;

/// <summary>
/// The graphs of the calling thread's compiled functions. As in MLX, graphs belong to one thread and end with it. .NET doesn't report the
/// end of a thread, so the first compilation on another thread releases the graphs of ended threads.
/// </summary>
internal sealed class CompiledGraphs
{
    private static readonly Lock OwnersLock = new();
    private static readonly List<(Thread Thread, CompiledGraphs Graphs)> Owners = [];

    [ThreadStatic]
    private static CompiledGraphs? _current;

    private readonly Dictionary<(nuint Id, string Kind), Graph> _graphs = [];

    internal static CompiledGraphs Current => _current ??= Register();

    internal Graph? Find(nuint id, string kind) => _graphs.GetValueOrDefault((id, kind));

    internal void Put(nuint id, string kind, Graph graph)
    {
        if (_graphs.Remove((id, kind), out var before)) before.Release();
        _graphs.Add((id, kind), graph);
    }

    internal void Erase(Func<nuint, bool> matches)
    {
        foreach (var key in _graphs.Keys.Where(x => matches(x.Id)).ToArray())
        {
            _graphs.Remove(key, out var graph);
            graph!.Release();
        }
    }

    private static CompiledGraphs Register()
    {
        var mine = new CompiledGraphs();
        CompiledGraphs[] ended;
        lock (OwnersLock)
        {
            ended = [.. Owners.Where(x => !x.Thread.IsAlive).Select(x => x.Graphs)];
            Owners.RemoveAll(x => !x.Thread.IsAlive);
            Owners.Add((Thread.CurrentThread, mine));
        }
        // This runs outside the lock because releasing an array may call back into the program.
        foreach (var graphs in ended) graphs.Erase(_ => true);
        return mine;
    }
}
