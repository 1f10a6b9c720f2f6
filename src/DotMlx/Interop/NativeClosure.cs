using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// A managed function as an <c>mlx_closure</c>. Graphs may keep the closure beyond this handle (custom functions do), so the managed
/// function lives until MLX calls the destructor, on any thread.
/// </summary>
internal readonly unsafe struct NativeClosure : IDisposable
{
    private NativeClosure(mlx_closure handle) => Handle = handle;

    internal mlx_closure Handle { get; }

    /// <param name="function">Receives arrays that are disposed when it returns; it keeps the arrays that it returns.</param>
    /// <param name="given">
    /// The arrays that the caller passed. After the call, an argument that other code kept stands for the array passed in its place. If
    /// null, such an argument keeps only its shape.
    /// </param>
    internal static NativeClosure Create(Func<MlxArray[], MlxArray[]> function, MlxArray[]? given = null) =>
        Create(new Traceable(function, () => given));

    /// <inheritdoc cref="Create(Func{MlxArray[], MlxArray[]}, MlxArray[])"/>
    internal static NativeClosure Create(Func<MlxArray[], MlxArray[]> function, Func<MlxArray[]?> given) =>
        Create(new Traceable(function, given));

    private static NativeClosure Create(Traceable function)
    {
        mlx_closure handle = Mlxc.mlx_closure_new_func_payload(&Invoke, Payload(function), &Release);
        return handle.ctx != null ? new NativeClosure(handle) : throw MlxError.Fail("mlx_closure_new_func_payload");
    }

    public void Dispose()
    {
        if (Handle.ctx != null)
        {
            _ = Mlxc.mlx_closure_free(Handle);
        }
    }

    internal static void* Payload(object target) => (void*)GCHandle.ToIntPtr(GCHandle.Alloc(target));

    internal static T Target<T>(void* payload)
        where T : class => (T)GCHandle.FromIntPtr((nint)payload).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void Release(void* payload) => GCHandle.FromIntPtr((nint)payload).Free();

    /// <summary>Copies the arrays that MLX passes to a callback; MLX keeps its vector.</summary>
    internal static MlxArray[] Borrow(mlx_vector_array vector) => new VectorArray(vector).ToArrays();

    /// <summary>Passes the results of a callback to MLX.</summary>
    internal static void Return(mlx_vector_array* result, MlxArray[] outputs)
    {
        if (outputs is null)
        {
            throw new InvalidOperationException("The function under a transform returned null instead of arrays.");
        }

        for (int i = 0; i < outputs.Length; i++)
        {
            if (outputs[i] is null)
            {
                throw new InvalidOperationException($"The function under a transform returned null in place "
                    + $"of array {i} of {outputs.Length}.");
            }
        }

        *result = VectorArray.From(outputs).Handle;
    }

    /// <summary>Determines what the arguments of a function represent after the call, for code that has kept them.</summary>
    private static void Succeed(MlxArray[] arguments, MlxArray[]? given)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            // Arguments that the function disposed itself stay disposed.
            if (!arguments[i].IsDisposed)
            {
                arguments[i].SetProxy(
                    given is not null && i < given.Length ? new ArrayProxy(given[i]) : new ArrayProxy(arguments[i], ArrayProxy.Argument));
            }
        }
    }

    private sealed record Traceable(Func<MlxArray[], MlxArray[]> Call, Func<MlxArray[]?> Given);

    internal static void DisposeAll(MlxArray[] arrays)
    {
        foreach (MlxArray array in arrays)
        {
            array.Dispose();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Invoke(mlx_vector_array* result, mlx_vector_array inputs, void* payload) => CallbackErrors.Run(() =>
    {
        Traceable function = Target<Traceable>(payload);
        MlxArray[] arguments = Borrow(inputs);
        try
        {
            MlxArray[] outputs = function.Call(arguments);
            GraphDepth.Check(arguments, outputs);
            Return(result, outputs);
        }
        finally
        {
            Succeed(arguments, function.Given());
            DisposeAll(arguments);
        }
    });
}
