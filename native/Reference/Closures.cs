using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>A function behind a handle, and the objects that must live as long as the function.</summary>
internal sealed class Callback<T>(T call, Action? released = null) : Owned where T : Delegate
{
    internal T Call { get; } = call;

    protected override void OnReleased() => released?.Invoke();
}

internal delegate Tensor[] ArrayFunction(Tensor[] inputs);

internal delegate (Tensor[] Values, Tensor[] Gradients) ValueAndGradFunction(Tensor[] inputs);

internal delegate Tensor[] CustomVjpFunction(Tensor[] primals, Tensor[] cotangents, Tensor[] outputs);

internal delegate Tensor[] CustomJvpFunction(Tensor[] primals, Tensor[] tangents, int[] indices);

internal delegate (Tensor[] Outputs, List<int> Axes) CustomVmapFunction(Tensor[] inputs, int[] axes);

internal delegate Tensor[] KeywordFunction(Tensor[] inputs, TensorMap keywords);

/// <summary>closure.h: functions from C, and calls of functions by C.</summary>
internal static unsafe class ClosureFunctions
{
    internal static Callback<ArrayFunction> Closure(mlx_closure cls) => Handles.Get<Callback<ArrayFunction>>(cls.ctx, nameof(mlx_closure));

    internal static Action? Destructor(void* payload, delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        dtor == null ? null : () => dtor(payload);

    /// <summary>Passes vectors to a C function for the duration of the call, and takes ownership of the resulting vector.</summary>
    private static Tensor[] CallNative(string name, Tensor[][] arguments, Func<mlx_vector_array[], (nint Result, int Status)> call) =>
        Scope.Nested(() =>
        {
            var lent = Array.ConvertAll(arguments, x => NewVector([.. x]));
            try
            {
                var (result, status) = call(lent);
                try
                {
                    if (status != 0) throw new MlxFailure($"{name} returned a non-zero value");
                    return Vector(new mlx_vector_array { ctx = (void*)result }).ToArray();
                }
                finally
                {
                    Handles.Free((void*)result, nameof(mlx_vector_array));
                }
            }
            finally
            {
                foreach (var vector in lent) Handles.Free(vector.ctx, nameof(mlx_vector_array));
            }
        }, outputs => outputs);

    // ---- array -> array -----------------------------------------------------------------------------------------

    private static mlx_closure NewClosure(ArrayFunction call, Action? released = null) =>
        new() { ctx = Handles.New(new Callback<ArrayFunction>(call, released)) };

    public static mlx_closure mlx_closure_new() => default;

    public static mlx_closure mlx_closure_new_func(delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, int> fun) =>
        NewClosure(inputs => CallNative(nameof(mlx_closure), [inputs], lent =>
        {
            mlx_vector_array result = default;
            var status = fun(&result, lent[0]);
            return ((nint)result.ctx, status);
        }));

    public static mlx_closure mlx_closure_new_func_payload(delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, void*, int> fun,
        void* payload, delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        NewClosure(inputs => CallNative(nameof(mlx_closure), [inputs], lent =>
        {
            mlx_vector_array result = default;
            var status = fun(&result, lent[0], payload);
            return ((nint)result.ctx, status);
        }), Destructor(payload, dtor));

    public static mlx_closure mlx_closure_new_unary(delegate* unmanaged[Cdecl]<mlx_array*, mlx_array, int> fun) => NewClosure(inputs =>
    {
        if (inputs.Length != 1) throw new MlxFailure("closure: expected unary input");
        return Scope.Nested<Tensor[]>(() =>
        {
            var lent = NewArray(inputs[0]);
            mlx_array result = default;
            try
            {
                return fun(&result, lent) != 0 ? throw new MlxFailure("mlx_closure returned a non-zero value") : [Array_(result)];
            }
            finally
            {
                // The scope keeps the result alive after its handle is freed.
                if (result.ctx != null) Scope.Adopt(Kept(Array_(result)));
                Handles.Free(result.ctx, nameof(mlx_array));
                Handles.Free(lent.ctx, nameof(mlx_array));
            }
        }, outputs => outputs);
    });

    internal static Tensor Kept(Tensor tensor)
    {
        tensor.Retain();
        return tensor;
    }

    public static int mlx_closure_set(mlx_closure* cls, mlx_closure src) => Assign(&cls->ctx, Closure(src));

    public static int mlx_closure_free(mlx_closure cls) => Handles.Free(cls.ctx, nameof(mlx_closure));

    public static int mlx_closure_apply(mlx_vector_array* res, mlx_closure cls, mlx_vector_array input) =>
        SetVector(res, Closure(cls).Call([.. Vector(input)]));

    internal static int SetVector(mlx_vector_array* res, Tensor[] values) => Assign(&res->ctx, new List<Tensor>(values));

    // ---- with keywords ------------------------------------------------------------------------------------------

    internal static Callback<KeywordFunction> Closure(mlx_closure_kwargs cls) =>
        Handles.Get<Callback<KeywordFunction>>(cls.ctx, nameof(mlx_closure_kwargs));

    private static mlx_closure_kwargs NewKeywordClosure(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, int> plain,
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, void*, int> fun, void* payload,
        Action? released) =>
        new()
        {
            ctx = Handles.New(new Callback<KeywordFunction>((inputs, keywords) => CallNative(nameof(mlx_closure_kwargs), [inputs], lent =>
            {
                mlx_vector_array result = default;
                var map = new mlx_map_string_to_array { ctx = Handles.New(keywords) };
                var status = plain != null ? plain(&result, lent[0], map) : fun(&result, lent[0], map, payload);
                Handles.Free(map.ctx, nameof(mlx_map_string_to_array));
                return ((nint)result.ctx, status);
            }), released)),
        };

    public static mlx_closure_kwargs mlx_closure_kwargs_new() => default;

    public static mlx_closure_kwargs mlx_closure_kwargs_new_func(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, int> fun) =>
        NewKeywordClosure(fun, null, null, null);

    public static mlx_closure_kwargs mlx_closure_kwargs_new_func_payload(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_map_string_to_array, void*, int> fun, void* payload,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        NewKeywordClosure(null, fun, payload, Destructor(payload, dtor));

    public static int mlx_closure_kwargs_set(mlx_closure_kwargs* cls, mlx_closure_kwargs src) => Assign(&cls->ctx, Closure(src));

    public static int mlx_closure_kwargs_free(mlx_closure_kwargs cls) => Handles.Free(cls.ctx, nameof(mlx_closure_kwargs));

    public static int mlx_closure_kwargs_apply(mlx_vector_array* res, mlx_closure_kwargs cls, mlx_vector_array input_0,
        mlx_map_string_to_array input_1) =>
        SetVector(res, Closure(cls).Call([.. Vector(input_0)], Map(input_1)));

    // ---- value and gradient -------------------------------------------------------------------------------------

    internal static Callback<ValueAndGradFunction> Closure(mlx_closure_value_and_grad cls) =>
        Handles.Get<Callback<ValueAndGradFunction>>(cls.ctx, nameof(mlx_closure_value_and_grad));

    private static mlx_closure_value_and_grad NewValueAndGrad(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array*, mlx_vector_array, int> plain,
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array*, mlx_vector_array, void*, int> fun, void* payload,
        Action? released) =>
        new()
        {
            ctx = Handles.New(new Callback<ValueAndGradFunction>(inputs =>
            {
                Tensor[] gradients = [];
                var values = CallNative(nameof(mlx_closure_value_and_grad), [inputs], lent =>
                {
                    mlx_vector_array result = default, second = default;
                    var status = plain != null ? plain(&result, &second, lent[0]) : fun(&result, &second, lent[0], payload);
                    if (second.ctx != null) gradients = [.. Vector(second)];
                    foreach (var tensor in gradients) Scope.Adopt(Kept(tensor));
                    Handles.Free(second.ctx, nameof(mlx_vector_array));
                    return ((nint)result.ctx, status);
                });
                return (values, gradients);
            }, released)),
        };

    public static mlx_closure_value_and_grad mlx_closure_value_and_grad_new() => default;

    public static mlx_closure_value_and_grad mlx_closure_value_and_grad_new_func(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array*, mlx_vector_array, int> fun) =>
        NewValueAndGrad(fun, null, null, null);

    public static mlx_closure_value_and_grad mlx_closure_value_and_grad_new_func_payload(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array*, mlx_vector_array, void*, int> fun, void* payload,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        NewValueAndGrad(null, fun, payload, Destructor(payload, dtor));

    public static int mlx_closure_value_and_grad_set(mlx_closure_value_and_grad* cls, mlx_closure_value_and_grad src) =>
        Assign(&cls->ctx, Closure(src));

    public static int mlx_closure_value_and_grad_free(mlx_closure_value_and_grad cls) =>
        Handles.Free(cls.ctx, nameof(mlx_closure_value_and_grad));

    public static int mlx_closure_value_and_grad_apply(mlx_vector_array* res_0, mlx_vector_array* res_1, mlx_closure_value_and_grad cls,
        mlx_vector_array input)
    {
        var (values, gradients) = Closure(cls).Call([.. Vector(input)]);
        SetVector(res_0, values);
        return SetVector(res_1, gradients);
    }

    // ---- custom vjp, jvp and vmap -------------------------------------------------------------------------------

    internal static Callback<CustomVjpFunction> Closure(mlx_closure_custom cls) =>
        Handles.Get<Callback<CustomVjpFunction>>(cls.ctx, nameof(mlx_closure_custom));

    private static mlx_closure_custom NewCustom(CustomVjpFunction call, Action? released = null) =>
        new() { ctx = Handles.New(new Callback<CustomVjpFunction>(call, released)) };

    public static mlx_closure_custom mlx_closure_custom_new() => default;

    public static mlx_closure_custom mlx_closure_custom_new_func(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_vector_array, mlx_vector_array, int> fun) =>
        NewCustom((primals, cotangents, outputs) => CallNative(nameof(mlx_closure_custom), [primals, cotangents, outputs], lent =>
        {
            mlx_vector_array result = default;
            var status = fun(&result, lent[0], lent[1], lent[2]);
            return ((nint)result.ctx, status);
        }));

    public static mlx_closure_custom mlx_closure_custom_new_func_payload(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_vector_array, mlx_vector_array, void*, int> fun, void* payload,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        NewCustom((primals, cotangents, outputs) => CallNative(nameof(mlx_closure_custom), [primals, cotangents, outputs], lent =>
        {
            mlx_vector_array result = default;
            var status = fun(&result, lent[0], lent[1], lent[2], payload);
            return ((nint)result.ctx, status);
        }), Destructor(payload, dtor));

    public static int mlx_closure_custom_set(mlx_closure_custom* cls, mlx_closure_custom src) => Assign(&cls->ctx, Closure(src));

    public static int mlx_closure_custom_free(mlx_closure_custom cls) => Handles.Free(cls.ctx, nameof(mlx_closure_custom));

    public static int mlx_closure_custom_apply(mlx_vector_array* res, mlx_closure_custom cls, mlx_vector_array input_0,
        mlx_vector_array input_1, mlx_vector_array input_2) =>
        SetVector(res, Closure(cls).Call([.. Vector(input_0)], [.. Vector(input_1)], [.. Vector(input_2)]));

    internal static Callback<CustomJvpFunction> Closure(mlx_closure_custom_jvp cls) =>
        Handles.Get<Callback<CustomJvpFunction>>(cls.ctx, nameof(mlx_closure_custom_jvp));

    private static mlx_closure_custom_jvp NewCustomJvp(CustomJvpFunction call, Action? released = null) =>
        new() { ctx = Handles.New(new Callback<CustomJvpFunction>(call, released)) };

    public static mlx_closure_custom_jvp mlx_closure_custom_jvp_new() => default;

    public static mlx_closure_custom_jvp mlx_closure_custom_jvp_new_func(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_vector_array, int*, nuint, int> fun) =>
        NewCustomJvp((primals, tangents, indices) => CallNative(nameof(mlx_closure_custom_jvp), [primals, tangents], lent =>
        {
            mlx_vector_array result = default;
            fixed (int* index = indices)
            {
                var status = fun(&result, lent[0], lent[1], index, (nuint)indices.Length);
                return ((nint)result.ctx, status);
            }
        }));

    public static mlx_closure_custom_jvp mlx_closure_custom_jvp_new_func_payload(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_array, mlx_vector_array, int*, nuint, void*, int> fun, void* payload,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        NewCustomJvp((primals, tangents, indices) => CallNative(nameof(mlx_closure_custom_jvp), [primals, tangents], lent =>
        {
            mlx_vector_array result = default;
            fixed (int* index = indices)
            {
                var status = fun(&result, lent[0], lent[1], index, (nuint)indices.Length, payload);
                return ((nint)result.ctx, status);
            }
        }), Destructor(payload, dtor));

    public static int mlx_closure_custom_jvp_set(mlx_closure_custom_jvp* cls, mlx_closure_custom_jvp src) =>
        Assign(&cls->ctx, Closure(src));

    public static int mlx_closure_custom_jvp_free(mlx_closure_custom_jvp cls) => Handles.Free(cls.ctx, nameof(mlx_closure_custom_jvp));

    public static int mlx_closure_custom_jvp_apply(mlx_vector_array* res, mlx_closure_custom_jvp cls, mlx_vector_array input_0,
        mlx_vector_array input_1, int* input_2, nuint input_2_num) =>
        SetVector(res, Closure(cls)
            .Call([.. Vector(input_0)], [.. Vector(input_1)], [.. new ReadOnlySpan<int>(input_2, (int)input_2_num)]));

    internal static Callback<CustomVmapFunction> Closure(mlx_closure_custom_vmap cls) =>
        Handles.Get<Callback<CustomVmapFunction>>(cls.ctx, nameof(mlx_closure_custom_vmap));

    private static mlx_closure_custom_vmap NewCustomVmap(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, int> plain,
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, void*, int> fun, void* payload,
        Action? released) =>
        new()
        {
            ctx = Handles.New(new Callback<CustomVmapFunction>((inputs, axes) =>
            {
                List<int> outputAxes = [];
                var outputs = CallNative(nameof(mlx_closure_custom_vmap), [inputs], lent =>
                {
                    mlx_vector_array result = default;
                    mlx_vector_int second = default;
                    fixed (int* axis = axes)
                    {
                        var status = plain != null
                            ? plain(&result, &second, lent[0], axis, (nuint)axes.Length)
                            : fun(&result, &second, lent[0], axis, (nuint)axes.Length, payload);
                        if (second.ctx != null) outputAxes = Integers(second);
                        Handles.Free(second.ctx, nameof(mlx_vector_int));
                        return ((nint)result.ctx, status);
                    }
                });
                return (outputs, outputAxes);
            }, released)),
        };

    public static mlx_closure_custom_vmap mlx_closure_custom_vmap_new() => default;

    public static mlx_closure_custom_vmap mlx_closure_custom_vmap_new_func(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, int> fun) =>
        NewCustomVmap(fun, null, null, null);

    public static mlx_closure_custom_vmap mlx_closure_custom_vmap_new_func_payload(
        delegate* unmanaged[Cdecl]<mlx_vector_array*, mlx_vector_int*, mlx_vector_array, int*, nuint, void*, int> fun, void* payload,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        NewCustomVmap(null, fun, payload, Destructor(payload, dtor));

    public static int mlx_closure_custom_vmap_set(mlx_closure_custom_vmap* cls, mlx_closure_custom_vmap src) =>
        Assign(&cls->ctx, Closure(src));

    public static int mlx_closure_custom_vmap_free(mlx_closure_custom_vmap cls) => Handles.Free(cls.ctx, nameof(mlx_closure_custom_vmap));

    public static int mlx_closure_custom_vmap_apply(mlx_vector_array* res_0, mlx_vector_int* res_1, mlx_closure_custom_vmap cls,
        mlx_vector_array input_0, int* input_1, nuint input_1_num)
    {
        var (outputs, axes) = Closure(cls).Call([.. Vector(input_0)], [.. new ReadOnlySpan<int>(input_1, (int)input_1_num)]);
        SetVector(res_0, outputs);
        return Assign(&res_1->ctx, axes);
    }
}
