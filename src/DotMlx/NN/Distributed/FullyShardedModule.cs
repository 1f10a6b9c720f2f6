namespace DotMlx.NN;

/// <summary>
/// A module whose parameters are split along the first axis, so that each process holds only a part (<c>nn.FullyShardedModule</c>). The
/// forward pass gathers the parameters, and the backward pass averages and splits the gradients. Each process therefore stores and updates
/// only its own part. <see cref="Sharding.FullyShard"/> wraps a module in this class.
/// </summary>
/// <remarks>
/// The parameters keep their names under "module", as in Python, and have the shapes of the parts. To save whole parameters, gather them
/// with <see cref="GatherParameters"/>. Clip gradients with <see cref="Optimizers.Gradients.ClipNormSharded"/>.
/// </remarks>
public sealed partial class FullyShardedModule : Module, IUnaryModule
{
    private readonly DistributedGroup _group;
    private readonly string[] _paths;
    private readonly int[][] _shapes;
    private readonly CustomFunction _gather;

    /// <summary>Splits a module's parameters, except those of fully sharded modules inside it.</summary>
    /// <param name="module">The module; its parameters become this process's parts.</param>
    /// <param name="group">The processes; null for all processes.</param>
    /// <param name="computeDtype">The dtype that gathered parameters are cast to; null to keep each parameter's own.</param>
    /// <exception cref="ArgumentException">
    /// A parameter is a scalar, or its first axis isn't divisible by the number of processes.
    /// </exception>
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

    /// <summary>The wrapped module. It holds this process's parts of the parameters.</summary>
    public Module Module { get; }

    internal bool HasParameters => _paths.Length > 0;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">
    /// The module doesn't map one array to one array. Use <see cref="Gathered{TResult}"/>.
    /// </exception>
    public MlxArray Forward(MlxArray x) => Module is IUnaryModule unary
        ? Gathered(() => unary.Forward(x))
        : throw new InvalidOperationException(
            $"{Module.GetType().Name} has no Forward that takes one array and returns one: call it inside {nameof(Gathered)}.");

    /// <summary>Multiplies by the transposed weight of an embedding, as an output layer does (<c>as_linear</c>).</summary>
    /// <param name="x">The input, of shape (..., dims).</param>
    /// <exception cref="InvalidOperationException">The module isn't an embedding.</exception>
    public MlxArray AsLinear(MlxArray x) => Module is Embedding embedding
        ? Gathered(() => embedding.AsLinear(x))
        : throw new InvalidOperationException($"{Module.GetType().Name} isn't an embedding.");

    /// <summary>Calls a function while the module has its whole parameters, for modules that take anything but a single array.</summary>
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

    /// <summary>Gathers the whole parameters in every process, to save or compare them.</summary>
    /// <returns>A tree with the shapes that the parameters had before sharding.</returns>
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
