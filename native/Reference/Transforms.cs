using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Gradients of recorded functions. Pullbacks use the same operations, so they can be recorded too.</summary>
internal static class Gradients
{
    /// <summary>
    /// Pulls cotangents back from the outputs to the leaves. The result is null for a leaf that doesn't affect the outputs.
    /// </summary>
    internal static Tensor?[] Backward(Tensor[] outputs, Tensor?[] cotangents, Tensor[] leaves)
    {
        var isLeaf = new HashSet<Tensor>(leaves);
        var reached = new Dictionary<Tensor, Tensor>();
        void Add(Tensor tensor, Tensor cotangent) =>
            reached[tensor] = reached.TryGetValue(tensor, out var sum) ? sum + cotangent : cotangent;

        for (var i = 0; i < outputs.Length; i++)
        {
            if (cotangents[i] is { } cotangent) Add(outputs[i], mlx_astype(cotangent, outputs[i].DType));
        }
        var (path, needed) = Between(outputs, isLeaf);
        foreach (var node in path)
        {
            if (node.Pullback is null || !Array.Exists(node.Outputs, reached.ContainsKey)) continue;
            var incoming = Array.ConvertAll(node.Outputs, y => reached.Remove(y, out var g) ? g : mlx_zeros_like(y));
            for (var i = 0; i < node.Inputs.Length; i++)
            {
                var input = node.Inputs[i];
                if (!isLeaf.Contains(input) && (input.Node is null || !needed.Contains(input.Node))) continue;
                if (node.Pullback(incoming, node.Inputs, node.Outputs, i) is { } gradient) Add(input, gradient);
            }
        }
        return Array.ConvertAll(leaves, x => reached.GetValueOrDefault(x));
    }

    /// <summary>Returns the nodes between the leaves and the outputs, the last one first.</summary>
    private static (List<Node> Path, HashSet<Node> Needed) Between(Tensor[] outputs, HashSet<Tensor> isLeaf)
    {
        var seen = new HashSet<Node>();
        var pending = new Stack<Tensor>(outputs);
        while (pending.TryPop(out var tensor))
        {
            if (tensor.Node is not { } node || isLeaf.Contains(tensor) || !seen.Add(node)) continue;
            foreach (var input in node.Inputs) pending.Push(input);
        }
        var needed = new HashSet<Node>();
        var path = new List<Node>();
        foreach (var node in seen.OrderBy(x => x.Order))
        {
            if (node.Pullback is null
                || !Array.Exists(node.Inputs, x => isLeaf.Contains(x) || (x.Node is { } from && needed.Contains(from)))) continue;
            needed.Add(node);
            path.Add(node);
        }
        path.Reverse();
        return (path, needed);
    }

    internal static (Tensor[] Outputs, Tensor[] Gradients) Vjp(
        ArrayFunction function, Tensor[] primals, Func<Tensor[], Tensor?[]> cotangents, int[] indices) =>
        Recording.Trace(() =>
        {
            var inputs = Array.ConvertAll(primals, Recording.Tracer);
            var outputs = function(inputs);
            var leaves = Array.ConvertAll(indices, i => inputs[i]);
            var gradients = Recording.Paused(Recording.IsOutermost, () => Complete(Backward(outputs, cotangents(outputs), leaves), leaves));
            return (outputs, gradients);
        });

    /// <summary>Returns the cotangents for a VJP after checking them against the outputs.</summary>
    internal static Func<Tensor[], Tensor?[]> Given(Tensor[] cotangents, bool onlyFirst) => outputs =>
    {
        var count = onlyFirst ? Math.Min(outputs.Length, 1) : outputs.Length;
        if (cotangents.Length < count)
        {
            throw new MlxFailure($"[vjp] Number of outputs to compute gradients for ({outputs.Length}) does not match number of "
                + $"cotangents ({cotangents.Length}).");
        }
        var result = new Tensor?[outputs.Length];
        for (var i = 0; i < count; i++)
        {
            if (!outputs[i].Shape.AsSpan().SequenceEqual(cotangents[i].Shape))
            {
                var hint = outputs.Length == 1 && outputs[i].Size == 1 ? " If you are using grad your function must return a scalar." : "";
                throw new MlxFailure($"[vjp] Output shape {Errors.Text(outputs[i].Shape)} does not match cotangent "
                    + $"shape {Errors.Text(cotangents[i].Shape)}.{hint}");
            }
            result[i] = cotangents[i];
        }
        return result;
    };

    /// <summary>
    /// Computes a JVP with two backward passes and without a second set of rules: a VJP is linear in its cotangents, and the gradient of
    /// that linear function is the JVP.
    /// </summary>
    internal static (Tensor[] Outputs, Tensor[] Tangents) Jvp(ArrayFunction function, Tensor[] primals, Tensor[] tangents)
    {
        if (primals.Length != tangents.Length) throw new MlxFailure("[jvp] Number of inputs does not match number of tangents.");
        for (var i = 0; i < primals.Length; i++)
        {
            if (!primals[i].Shape.AsSpan().SequenceEqual(tangents[i].Shape))
                throw new MlxFailure("[jvp] Input shape does not match shape of tangent.");
        }
        return Recording.Trace(() =>
        {
            var inputs = Array.ConvertAll(primals, Recording.Tracer);
            var outputs = function(inputs);
            var probes = Array.ConvertAll(outputs, y => Recording.Tracer(mlx_zeros_like(y)));
            var gradients = Recording.InForwardMode(() => Complete(Backward(outputs, probes, inputs), inputs));
            return (outputs, Complete(Backward(gradients, tangents, probes), probes));
        });
    }

    private static Tensor[] Complete(Tensor?[] gradients, Tensor[] leaves) =>
        [.. gradients.Zip(leaves, (g, x) => g ?? mlx_zeros_like(x))];
}

/// <summary>transforms.h: evaluation, gradients, custom gradients, and checkpoints.</summary>
internal static unsafe class TransformFunctions
{
    public static int mlx_eval(mlx_vector_array outputs)
    {
        Vector(outputs);
        return 0;
    }

    public static int mlx_async_eval(mlx_vector_array outputs) => mlx_eval(outputs);

    public static int mlx_vjp(mlx_vector_array* res_0, mlx_vector_array* res_1, mlx_closure fun, mlx_vector_array primals,
        mlx_vector_array cotangents)
    {
        Tensor[] inputs = [.. Vector(primals)];
        var (outputs, gradients) = Gradients.Vjp(Closure(fun).Call, inputs, Gradients.Given([.. Vector(cotangents)], false),
            Shapes.All(inputs.Length));
        SetVector(res_0, outputs);
        return SetVector(res_1, gradients);
    }

    public static int mlx_jvp(mlx_vector_array* res_0, mlx_vector_array* res_1, mlx_closure fun, mlx_vector_array primals,
        mlx_vector_array tangents)
    {
        var (outputs, result) = Gradients.Jvp(Closure(fun).Call, [.. Vector(primals)], [.. Vector(tangents)]);
        SetVector(res_0, outputs);
        return SetVector(res_1, result);
    }

    public static int mlx_value_and_grad(mlx_closure_value_and_grad* res, mlx_closure fun, int* argnums, nuint argnums_num)
    {
        if (argnums_num == 0) throw new MlxFailure("[grad] Must specify at least one argument.");
        int[] wanted = [.. new ReadOnlySpan<int>(argnums, (int)argnums_num)];
        var function = Closure(fun);
        function.Retain();
        return Assign(&res->ctx, new Callback<ValueAndGradFunction>(inputs =>
        {
            var indices = Array.ConvertAll(wanted, i => i < 0 ? i + inputs.Length : i);
            Array.Sort(indices);
            if (indices.Distinct().Count() != indices.Length) throw new MlxFailure("[grad] Repeat argument number not allowed in grad.");
            if (indices[0] < 0 || indices[^1] >= inputs.Length)
                throw new MlxFailure($"[grad] Invalid argument number for function with {inputs.Length} inputs.");
            return Gradients.Vjp(function.Call, inputs, Gradients.Given([Scalar(1, MLX_FLOAT32)], true), indices);
        }, function.Release));
    }

    public static int mlx_checkpoint(mlx_closure* res, mlx_closure fun) => Customized(res, Closure(fun), null, null);

    public static int mlx_custom_vjp(mlx_closure* res, mlx_closure fun, mlx_closure_custom fun_vjp) =>
        Customized(res, Closure(fun), Closure(fun_vjp), null);

    // The vmap rule is unused because vmap isn't supported.
    public static int mlx_custom_function(mlx_closure* res, mlx_closure fun, mlx_closure_custom fun_vjp, mlx_closure_custom_jvp fun_jvp,
        mlx_closure_custom_vmap fun_vmap) =>
        Customized(res, Closure(fun),
            Handles.GetOrNull<Callback<CustomVjpFunction>>(fun_vjp.ctx, nameof(mlx_closure_custom)),
            Handles.GetOrNull<Callback<CustomJvpFunction>>(fun_jvp.ctx, nameof(mlx_closure_custom_jvp)));

    private static int Customized(mlx_closure* res, Callback<ArrayFunction> function, Callback<CustomVjpFunction>? vjp,
        Callback<CustomJvpFunction>? jvp)
    {
        Owned?[] parts = [function, vjp, jvp];
        foreach (var part in parts) part?.Retain();
        return Assign(&res->ctx, new Callback<ArrayFunction>(inputs => Customized(inputs, function.Call, vjp?.Call, jvp?.Call, parts), () =>
        {
            foreach (var part in parts) part?.Release();
        }));
    }

    /// <summary>
    /// Records a single node from the inputs to the outputs. Operations inside the function don't contribute to the gradient.
    /// </summary>
    private static Tensor[] Customized(Tensor[] inputs, ArrayFunction function, CustomVjpFunction? vjp,
        CustomJvpFunction? jvp, Owned?[] parts)
    {
        var count = inputs.Length;
        var outputs = function(Array.ConvertAll(inputs, mlx_stop_gradient));
        Tensor[]? known = null;
        Tensor[] knownFor = [];
        return Recording.Apply([.. inputs, .. outputs], x => Array.ConvertAll(x[count..], y => y.Alias()), (g, x, y, i) =>
        {
            if (i >= count) return null;
            if (known is null || knownFor != g)
            {
                var primals = x[..count];
                known = Recording.ForwardMode && jvp is not null ? Transposed(jvp, primals, g)
                    : vjp is not null ? vjp(primals, g, y)
                    : Gradients.Vjp(function, primals, Gradients.Given(g, false), Shapes.All(count)).Gradients;
                knownFor = g;
            }
            return i < known.Length
                ? known[i]
                : throw new MlxFailure($"[custom_function] The gradient has {known.Length} arrays for {count} inputs.");
        }, holds: parts);
    }

    /// <summary>Transposes a JVP rule by taking the gradient with respect to the tangents, in which the rule is linear.</summary>
    private static Tensor[] Transposed(CustomJvpFunction jvp, Tensor[] primals, Tensor[] cotangents) =>
        Gradients.Vjp(tangents => jvp(primals, tangents, Shapes.All(primals.Length)), Array.ConvertAll(primals, mlx_zeros_like),
            Gradients.Given(cotangents, false), Shapes.All(primals.Length)).Gradients;
}
