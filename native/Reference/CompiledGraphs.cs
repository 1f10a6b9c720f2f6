namespace DotMlx.Reference;

/// <summary>
/// What the calling thread's compiled functions recorded. As in MLX the graphs belong to one thread and end with it; .NET tells nobody that
/// a thread ended, so a thread that compiles for the first time lets go of what ended threads held.
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
        // Outside the lock: letting go of an array may call back into the program.
        foreach (var graphs in ended) graphs.Erase(_ => true);
        return mine;
    }
}
