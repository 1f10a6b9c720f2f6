using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The gradient rule of a <see cref="CustomFunction"/>.</summary>
/// <param name="primals">The function's arguments.</param>
/// <param name="cotangents">One for every output.</param>
/// <param name="outputs">The function's outputs.</param>
/// <returns>One array for every argument, of its shape.</returns>
public delegate MlxArray[] CustomVjp(MlxArray[] primals, MlxArray[] cotangents, MlxArray[] outputs);

/// <summary>The forward derivative of a <see cref="CustomFunction"/>.</summary>
/// <param name="primals">The function's arguments.</param>
/// <param name="tangents">One for every argument; null where there is none.</param>
/// <returns>One array for every output, of its shape.</returns>
public delegate MlxArray[] CustomJvp(MlxArray[] primals, MlxArray?[] tangents);

/// <summary>How a <see cref="CustomFunction"/> works on batches.</summary>
/// <param name="inputs">The arguments, each with one more dimension where it is batched.</param>
/// <param name="axes">The batched axis of every argument; null where there is none.</param>
/// <returns>The outputs and the batched axis of each, null where there is none.</returns>
public delegate (MlxArray[] Outputs, int?[] Axes) CustomVmap(MlxArray[] inputs, int?[] axes);

/// <summary>
/// A function with transforms of its own (<c>mx.custom_function</c>, <c>mlx_custom_function</c>). A transform that is not set
/// is derived from the function. Arrays that the function captures are constants for differentiation.
/// </summary>
/// <example><code>
/// CustomFunction clipped = new(x => [Mx.Abs(x[0])]) { Vjp = (primals, cotangents, outputs) => [cotangents[0]] };
/// MlxArray y = clipped.Invoke(x)[0];
/// </code></example>
public sealed unsafe class CustomFunction
{
    private readonly Func<MlxArray[], MlxArray[]> _fun;

    /// <summary>Makes a custom function.</summary>
    /// <param name="fun">A function that returns at least one array.</param>
    public CustomFunction(Func<MlxArray[], MlxArray[]> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        _fun = fun;
    }

    /// <summary>
    /// The gradient rule; null to derive it. Forward mode does not use it: without <see cref="Jvp"/> it takes the function's own
    /// derivative.
    /// </summary>
    public CustomVjp? Vjp { get; set; }

    /// <summary>The forward derivative; null to derive it.</summary>
    public CustomJvp? Jvp { get; set; }

    /// <summary>The form for batches; null to derive it.</summary>
    public CustomVmap? Vmap { get; set; }

    /// <summary>Whether <see cref="Vjp"/> is the derivative's transpose, from which forward mode gets the tangents too.</summary>
    internal bool IsRuleLinear { get; init; }

    /// <summary>Calls the function. Transforms around the call use the rules that are set now.</summary>
    /// <param name="inputs">The arguments.</param>
    /// <returns>The outputs.</returns>
    /// <exception cref="InvalidOperationException">The function returned no array.</exception>
    /// <remarks>An exception in the function comes out as it was thrown; one in a rule comes out of the transform.</remarks>
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
        CustomRules rules = new(_fun, backward, Jvp, Vmap);
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
            vmap = Vmap is null ? default : rules.NewVmap();
            MlxError.ThrowIfFailed(Mlxc.mlx_custom_function(&custom, closure.Handle, vjp, jvp, vmap), "mlx_custom_function");
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
}
