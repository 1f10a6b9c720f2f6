namespace DotMlx.NN;

/// <summary>
/// A module of whose parameters each process holds only a part, cut along the first axis (<c>nn.FullyShardedModule</c>). They are
/// gathered for the forward pass, and the gradients are averaged and cut up in the backward pass, so that each process stores
/// and updates its own part alone. <see cref="Sharding.FullyShard"/> wraps a module in it.
/// </summary>
/// <remarks>
/// The parameters keep their names under "module", as in Python, and have the shapes of the parts: to save whole ones, gather them
/// with <see cref="GatherParameters"/>. Clip gradients with <see cref="Optimizers.Gradients.ClipNormSharded"/>.
/// </remarks>
public sealed partial class FullyShardedModule : Module, IUnaryModule
{
    private readonly DistributedGroup _group;
    private readonly string[] _paths;
    private readonly int[][] _shapes;
    private readonly CustomFunction _gather;

    /// <summary>Cuts up a module's parameters, those of fully sharded modules inside it excepted.</summary>
    /// <param name="module">The module; its parameters become this process's parts.</param>
    /// <param name="group">The processes; null for all.</param>
    /// <param name="computeDtype">The dtype that gathered parameters are cast to; null for their own.</param>
    /// <exception cref="ArgumentException">A parameter is a scalar, or its first axis does not divide among the processes.</exception>
    public FullyShardedModule(Module module, DistributedGroup? group = null, DType? computeDtype = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        _group = group ?? Mx.Distributed.Init();
        int processes = _group.Size;
        TreeDictionary parameters = module.FilterAndMap(IsOwn);
        IReadOnlyList<KeyValuePair<string, MlxArray>> items = parameters.Flatten();
        foreach ((string path, MlxArray array) in items)
        {
            if (array.NDim == 0 || array.Shape[0] % processes != 0)
            {
                throw new ArgumentException(
                    $"The parameter '{path}' of shape ({string.Join(", ", array.Shape.ToArray())}) cannot be sharded "
                    + $"across {processes} processes: its first axis must be divisible by {processes}.",
                    nameof(module));
            }
        }

        _paths = [.. items.Select(item => item.Key)];
        _shapes = [.. items.Select(item => item.Value.Shape.ToArray())];
        _gather = new CustomFunction(parts => Gather(parts, computeDtype))
        {
            IsRuleLinear = true,
            Vjp = (parts, cotangents, _) => Scatter(parts, cotangents),
        };
        module.Update(Sharding.Shard(parameters, static (_, _) => (0, 1), _group), strict: false);
        Module = module;
    }

    /// <summary>The module whose parameters are parts.</summary>
    public Module Module { get; }

    internal bool HasParameters => _paths.Length > 0;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">
    /// The module does not map one array to one; use <see cref="Gathered{TResult}"/>.
    /// </exception>
    public MlxArray Forward(MlxArray x) => Module is IUnaryModule unary
        ? Gathered(() => unary.Forward(x))
        : throw new InvalidOperationException($"{Module.GetType().Name} does not map one array to one: call it inside {nameof(Gathered)}.");

    /// <summary>Multiplies with the transposed weight of an embedding, as an output layer does (<c>as_linear</c>).</summary>
    /// <exception cref="InvalidOperationException">The module is no embedding.</exception>
    public MlxArray AsLinear(MlxArray x) => Module is Embedding embedding
        ? Gathered(() => embedding.AsLinear(x))
        : throw new InvalidOperationException($"{Module.GetType().Name} is no embedding.");

    /// <summary>Calls a function while the module has its whole parameters, for modules that take other arguments than one array.</summary>
    /// <param name="call">The function, such as <c>() => layer.Forward(x, mask)</c>.</param>
    public TResult Gathered<TResult>(Func<TResult> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (!HasParameters)
        {
            return call();
        }

        MlxArray[] whole = _gather.Invoke([.. Module.FilterAndMap(IsOwn).Leaves]);
        ModuleUpdate installed = ModuleUpdate.Install(Module, Tree.Unflatten(_paths.Zip(whole, KeyValuePair.Create)));
        try
        {
            return call();
        }
        finally
        {
            installed.PutBack();
        }
    }

    /// <summary>The whole parameters, in all processes, to be saved or compared.</summary>
    /// <returns>A tree of the shapes that the module had before it was sharded.</returns>
    public TreeDictionary GatherParameters() => Gathered(Module.Parameters);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"num_sharded_params={_paths.Length}";

    private static bool IsOwn(Module module, string key, object value) =>
        value is not FullyShardedModule && IsParameter(module, key, value);

    private MlxArray[] Gather(MlxArray[] parts, DType? dtype)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray[] rows = [.. parts.Select(part => Mx.Reshape(dtype is { } type ? part.AsType(type) : part, 1, -1))];
        MlxArray whole = Mx.Distributed.AllGather(Mx.Concatenate(rows, axis: 1), _group);
        MlxArray[] results = [.. Columns(whole).Select((columns, i) => Mx.Reshape(columns, _shapes[i]))];
        scope.Keep(results);
        return results;
    }

    private MlxArray[] Scatter(MlxArray[] parts, MlxArray[] cotangents)
    {
        using MlxScope scope = MlxScope.Begin();
        int processes = _group.Size;
        MlxArray rows = Mx.Concatenate([.. cotangents.Select(cotangent => Mx.Reshape(cotangent, processes, -1))], axis: 1);
        MlxArray row = Mx.Distributed.SumScatterAnywhere(rows, _group, null) / processes;
        MlxArray[] results = [.. Columns(row).Select((columns, i) => Mx.Reshape(columns, parts[i].Shape).AsType(parts[i].DType))];
        scope.Keep(results);
        return results;
    }

    private MlxArray[] Columns(MlxArray rows)
    {
        int[] ends = new int[_shapes.Length - 1];
        int end = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = end += _shapes[i].Aggregate(1, (size, length) => size * length) / _group.Size;
        }

        return ends.Length == 0 ? [rows] : Mx.Split(rows, ends, axis: 1);
    }
}
