using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>A traced function: its recorded operations in order, to be replayed on other inputs.</summary>
internal sealed class Graph
{
    private readonly Tensor[] _inputs, _outputs, _constants;
    private readonly List<Node> _nodes;

    internal Graph(Tensor[] inputs, Tensor[] outputs)
    {
        (_inputs, _outputs) = (inputs, outputs);
        var reached = new HashSet<Node>();
        var pending = new Stack<Tensor>(outputs);
        var own = new HashSet<Tensor>(inputs);
        var held = new HashSet<Tensor>();
        while (pending.TryPop(out var tensor))
        {
            if (own.Contains(tensor)) continue;
            if (tensor.Node is not { } node) held.Add(tensor);
            else if (reached.Add(node)) Array.ForEach(node.Inputs, pending.Push);
        }
        _nodes = [.. reached.OrderBy(x => x.Order)];
        _constants = [.. held];
        InputShapes = Array.ConvertAll(inputs, x => x.Shape);
        IsShapeBound = _nodes.Exists(x => x.ShapeBound);
        foreach (var tensor in _constants) tensor.Retain();
    }

    internal int[][] InputShapes { get; }

    internal bool IsShapeBound { get; }

    internal bool Fits(Tensor[] values) => !IsShapeBound || values.Zip(InputShapes)
        .All(x => x.First.Shape.AsSpan().SequenceEqual(x.Second));

    internal Tensor[] Replay(Tensor[] values)
    {
        var known = new Dictionary<Tensor, Tensor>();
        for (var i = 0; i < _inputs.Length; i++) known[_inputs[i]] = values[i];
        Tensor Now(Tensor tensor) => known.GetValueOrDefault(tensor, tensor);
        foreach (var node in _nodes)
        {
            var results = node.Forward(Array.ConvertAll(node.Inputs, Now));
            for (var i = 0; i < results.Length; i++) known[node.Outputs[i]] = results[i];
        }
        return Array.ConvertAll(_outputs, Now);
    }

    internal void Release()
    {
        foreach (var tensor in _constants) tensor.Release();
    }
}

/// <summary>compile.h: a function is called once per kind of input, and later calls replay its array operations.</summary>
internal static unsafe class CompileFunctions
{
    private static volatile mlx_compile_mode _compileMode =
        Environment.GetEnvironmentVariable("MLX_DISABLE_COMPILE") is null
            ? mlx_compile_mode.MLX_COMPILE_MODE_ENABLED
            : mlx_compile_mode.MLX_COMPILE_MODE_DISABLED;

    // The IDs of functions without one. IDs from callers are small numbers or addresses.
    private static long _ownIds = long.MaxValue;

    public static int mlx_detail_compile(mlx_closure* res, mlx_closure fun, nuint fun_id, byte shapeless, ulong* constants,
        nuint constants_num) =>
        CompileClosure(res, Closure(fun), fun_id, shapeless != 0,
            string.Join(',', new ReadOnlySpan<ulong>(constants, (int)constants_num).ToArray()), null);

    public static int mlx_compile(mlx_closure* res, mlx_closure fun, byte shapeless)
    {
        var id = (nuint)Interlocked.Decrement(ref _ownIds);
        return CompileClosure(res, Closure(fun), id, shapeless != 0, "", () => mlx_detail_compile_erase(id));
    }

    private static int CompileClosure(mlx_closure* res, Callback<ArrayFunction> function, nuint id, bool shapeless,
        string constants, Action? released)
    {
        function.Retain();
        return Assign(&res->ctx, new Callback<ArrayFunction>(inputs =>
        {
            if (_compileMode == mlx_compile_mode.MLX_COMPILE_MODE_DISABLED || Array.Exists(inputs, x => x.Node is not null))
                return function.Call(inputs);
            var kind = $"{shapeless}:{constants}:{string.Join(';', inputs.Select(x => $"{x.DType}{(shapeless ? x.NDim.ToString() : Errors.Text(x.Shape))}"))}";
            return CompiledGraphs.Current.Find(id, kind) is { } graph && graph.Fits(inputs)
                ? graph.Replay(inputs)
                : Record(function.Call, inputs, id, kind);
        }, () =>
        {
            function.Release();
            released?.Invoke();
        }));
    }

    private static Tensor[] Record(ArrayFunction function, Tensor[] values, nuint id, string kind) => Recording.Trace(() =>
    {
        var inputs = Array.ConvertAll(values, Recording.Tracer);
        var outputs = function(inputs);
        CompiledGraphs.Current.Put(id, kind, new Graph(inputs, outputs));
        return outputs;
    });

    public static int mlx_detail_compile_erase(nuint fun_id) => Erase(key => key == fun_id);

    public static int mlx_detail_compile_clear_cache() => Erase(_ => true);

    internal static int Erase(Func<nuint, bool> matches)
    {
        CompiledGraphs.Current.Erase(matches);
        return 0;
    }

    public static int mlx_disable_compile() => mlx_set_compile_mode(mlx_compile_mode.MLX_COMPILE_MODE_DISABLED);

    public static int mlx_enable_compile() => mlx_set_compile_mode(mlx_compile_mode.MLX_COMPILE_MODE_ENABLED);

    public static int mlx_set_compile_mode(mlx_compile_mode mode)
    {
        _compileMode = mode;
        return 0;
    }
}
