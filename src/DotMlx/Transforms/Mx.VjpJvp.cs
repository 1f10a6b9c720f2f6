using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Computes a function and its vector-Jacobian products, cotangents times the Jacobian (<c>mlx_vjp</c>).</summary>
    /// <param name="fun">Any function of arrays.</param>
    /// <param name="primals">The arguments.</param>
    /// <param name="cotangents">One array for every output, with the output's shape.</param>
    /// <returns>The outputs, and one array for every argument.</returns>
    /// <exception cref="MlxException">The number or shape of the cotangents is wrong, or an operation has no gradient.</exception>
    public static (MlxArray[] Outputs, MlxArray[] Vjps) Vjp(
        Func<MlxArray[], MlxArray[]> fun, MlxArray[] primals, MlxArray[] cotangents)
    {
        ArgumentNullException.ThrowIfNull(fun);
        ArgumentNullException.ThrowIfNull(primals);
        ArgumentNullException.ThrowIfNull(cotangents);
        return Products(&Mlxc.mlx_vjp, "mlx_vjp", inputs => DistinctOutputs(fun(inputs)), primals, cotangents);
    }

    /// <summary>Computes a function of one array and its vector-Jacobian product.</summary>
    /// <param name="fun">A function of one array.</param>
    /// <param name="primal">The argument.</param>
    /// <param name="cotangent">An array of the output's shape.</param>
    /// <exception cref="MlxException">The shape of the cotangent is wrong, or an operation has no gradient.</exception>
    public static (MlxArray Output, MlxArray Vjp) Vjp(Func<MlxArray, MlxArray> fun, MlxArray primal, MlxArray cotangent)
    {
        ArgumentNullException.ThrowIfNull(fun);
        (MlxArray[] outputs, MlxArray[] vjps) = Vjp(inputs => [fun(inputs[0])], [primal], [cotangent]);
        return (outputs[0], vjps[0]);
    }

    /// <summary>
    /// Computes a function and its Jacobian-vector products, the Jacobian times tangents (<c>mlx.core.jvp</c>), by differentiating twice in
    /// reverse mode.
    /// </summary>
    /// <param name="fun">Any function of arrays.</param>
    /// <param name="primals">The arguments.</param>
    /// <param name="tangents">One array for every argument, with the argument's shape.</param>
    /// <returns>The outputs, and one array for every output.</returns>
    /// <exception cref="MlxException">An operation has no derivative.</exception>
    public static (MlxArray[] Outputs, MlxArray[] Jvps) Jvp(
        Func<MlxArray[], MlxArray[]> fun, MlxArray[] primals, MlxArray[] tangents)
    {
        ArgumentNullException.ThrowIfNull(fun);
        ArgumentNullException.ThrowIfNull(primals);
        ArgumentNullException.ThrowIfNull(tangents);
        using var scope = TraceLock.Enter();
        return ForwardMode.Jvp(fun, primals, tangents);
    }

    /// <summary>Computes a function of one array and its Jacobian-vector product.</summary>
    /// <param name="fun">A function of one array.</param>
    /// <param name="primal">The argument.</param>
    /// <param name="tangent">An array of the argument's shape.</param>
    /// <exception cref="MlxException">An operation has no derivative.</exception>
    public static (MlxArray Output, MlxArray Jvp) Jvp(Func<MlxArray, MlxArray> fun, MlxArray primal, MlxArray tangent)
    {
        ArgumentNullException.ThrowIfNull(fun);
        (MlxArray[] outputs, MlxArray[] jvps) = Jvp(inputs => [fun(inputs[0])], [primal], [tangent]);
        return (outputs[0], jvps[0]);
    }

    // If a function returns an array twice, MLX drops one of its cotangents (still in 0.32).
    private static MlxArray[] DistinctOutputs(MlxArray[] outputs) =>
        outputs is null ? null! : [.. outputs.Select((output, i) => Array.IndexOf(outputs, output) < i ? Contiguous(output) : output)];

    private static (MlxArray[] Outputs, MlxArray[] Products) Products(
        delegate*<mlx_vector_array*, mlx_vector_array*, mlx_closure, mlx_vector_array, mlx_vector_array, int> transform,
        string function, Func<MlxArray[], MlxArray[]> fun, MlxArray[] primals, MlxArray[] directions)
    {
        using Trace trace = DotMlx.Trace.Begin(keepsValues: true);
        long before = ThreadState.Current.Unevaluated;
        using VectorArray at = VectorArray.From(primals);
        using VectorArray along = VectorArray.From(directions);
        using NativeClosure closure = NativeClosure.Create(fun, primals);
        mlx_vector_array outputs = default;
        mlx_vector_array products = default;
        try
        {
            GraphTraversal.Begin();
            CallbackErrors.ThrowIfFailed(transform(&outputs, &products, closure.Handle, at.Handle, along.Handle), function);
            GraphDepth.AddGradient(before);
            return (new VectorArray(outputs).ToArrays(), Differentiation.Distinct(new VectorArray(products).ToArrays(), trace));
        }
        finally
        {
            new VectorArray(outputs).Dispose();
            new VectorArray(products).Dispose();
        }
    }
}
