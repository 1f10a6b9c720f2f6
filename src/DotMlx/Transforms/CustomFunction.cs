using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Computes the vector-Jacobian product (the gradient rule) of a <see cref="CustomFunction"/>.</summary>
/// <param name="primals">The function's arguments.</param>
/// <param name="cotangents">One cotangent for every output.</param>
/// <param name="outputs">The function's outputs.</param>
/// <returns>One array for every argument, with the argument's shape.</returns>
public delegate MlxArray[] CustomVjp(MlxArray[] primals, MlxArray[] cotangents, MlxArray[] outputs);

/// <summary>Computes the Jacobian-vector product (the forward derivative) of a <see cref="CustomFunction"/>.</summary>
/// <param name="primals">The function's arguments.</param>
/// <param name="tangents">One tangent for every argument, or null for an argument without a tangent.</param>
/// <returns>One array for every output, with the output's shape.</returns>
public delegate MlxArray[] CustomJvp(MlxArray[] primals, MlxArray?[] tangents);

/// <summary>Applies a <see cref="CustomFunction"/> to a batch.</summary>
/// <param name="inputs">The arguments; a batched argument has one more dimension.</param>
/// <param name="axes">The batch axis of every argument, or null for an argument that isn't batched.</param>
/// <returns>The outputs, and the batch axis of each, or null for an output that isn't batched.</returns>
public delegate (MlxArray[] Outputs, int?[] Axes) CustomVmap(MlxArray[] inputs, int?[] axes);

/// <summary>
/// A function with custom transforms (<c>mx.custom_function</c>, <c>mlx_custom_function</c>). A transform that isn't set is derived from
/// the function. Arrays that the function captures are constants for differentiation.
/// </summary>
/// <example><code>
/// CustomFunction clipped = new(x => [Mx.Abs(x[0])]) { Vjp = (primals, cotangents, outputs) => [cotangents[0]] };
/// MlxArray y = clipped.Invoke(x)[0];
/// </code></example>
public sealed unsafe class CustomFunction
{
    private readonly Func<MlxArray[], MlxArray[]> _fun;

    /// <summary>Creates a custom function.</summary>
    /// <param name="fun">A function that returns at least one array.</param>
    public CustomFunction(Func<MlxArray[], MlxArray[]> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        _fun = fun;
    }

    /// <summary>
    /// The gradient rule; null to derive it. Forward mode doesn't use this rule: without <see cref="Jvp"/>, it uses the function's own
    /// derivative.
    /// </summary>
    public CustomVjp? Vjp { get; set; }

    /// <summary>The forward derivative; null to derive it.</summary>
    public CustomJvp? Jvp { get; set; }

    /// <summary>The rule for batches; null to derive it.</summary>
    public CustomVmap? Vmap { get; set; }

    /// <summary>
    /// Whether <see cref="Vjp"/> is the transpose of the derivative, so that forward mode can compute tangents from it too.
    /// </summary>
    internal bool IsRuleLinear { get; init; }

    /// <summary>Calls the function. Transforms around the call use the current rules.</summary>
    /// <param name="inputs">The arguments.</param>
    /// <returns>The outputs.</returns>
    /// <exception cref="InvalidOperationException">The function returned no array.</exception>
    /// <remarks>An exception in the function is thrown unchanged; the enclosing transform throws an exception in a rule.</remarks>
    public MlxArray[] Invoke(params MlxArray[] inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if ((Vjp is null && Jvp is null && Vmap is null) || (Jvp is null && !IsRuleLinear && ForwardMode.IsInnermost))
        {
            return _fun(inputs);
        }

        using Trace trace = Trace.Begin(keepsValues: true);
        using VectorArray arguments = VectorArray.From(inputs);
        CustomJvp? forward = Jvp;
        CustomVjp? backward = forward is not null && ForwardMode.IsActive
            ? (primals, cotangents, _) => ForwardMode.Transposed(forward, primals, cotangents)
            : Vjp;
        CustomVmap? vectorized = Vmap ?? (Trace.IsVectorizing ? Vectorized : null);
        CustomRules rules = new(_fun, backward, Jvp, vectorized);
        using NativeClosure closure = NativeClosure.Create(rules.Call, inputs);
        mlx_closure_custom vjp = default;
        mlx_closure_custom_jvp jvp = default;
        mlx_closure_custom_vmap vmap = default;
        mlx_closure custom = default;
        mlx_vector_array outputs = default;
        try
        {
            vjp = backward is null ? default : rules.NewVjp();
            jvp = Jvp is null ? default : rules.NewJvp();
            vmap = vectorized is null ? default : rules.NewVmap();
            MlxError.ThrowIfFailed(Mlxc.mlx_custom_function(&custom, closure.Handle, vjp, jvp, vmap), "mlx_custom_function");
            GraphTraversal.Begin();
            CallbackErrors.ThrowIfFailed(Mlxc.mlx_closure_apply(&outputs, custom, arguments.Handle), "mlx_closure_apply");
            return new VectorArray(outputs).ToArrays();
        }
        finally
        {
            new VectorArray(outputs).Dispose();
            _ = custom.ctx != null ? Mlxc.mlx_closure_free(custom) : 0;
            _ = vjp.ctx != null ? Mlxc.mlx_closure_custom_free(vjp) : 0;
            _ = jvp.ctx != null ? Mlxc.mlx_closure_custom_jvp_free(jvp) : 0;
            _ = vmap.ctx != null ? Mlxc.mlx_closure_custom_vmap_free(vmap) : 0;
        }
    }

    // As MLX derives the rule, but with what operations do for vectorized functions.
    private (MlxArray[] Outputs, int?[] Axes) Vectorized(MlxArray[] inputs, int?[] axes)
    {
        int?[] resultAxes = [];
        MlxArray[] outputs = Vectorization.Apply(_fun, inputs, axes, count => resultAxes = [.. Enumerable.Repeat<int?>(0, count)]);
        return (outputs, resultAxes);
    }
}
