using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>
/// Trains the perceptron of <c>work.c</c> through the raw imports. Parameters, averages, step, and learning rate are in one vector.
/// </summary>
internal static unsafe class RawTraining
{
    private const int Layers = 3;
    private const int Parameters = 2 * Layers;
    private const int StepIndex = 3 * Parameters;
    private const int RateIndex = StepIndex + 1;
    private const int StateSize = RateIndex + 1;

    // Differs from the IDs in work.c and from those that DotMlx assigns.
    private static readonly nuint CompiledId = unchecked((nuint)0x7fffffff00000002);

    /// <summary>Returns the nanoseconds of some steps, after two warm-up steps, and the loss of the last one.</summary>
    internal static (double Time, float Loss) Steps(int steps, bool compiled, int batch, mlx_stream s)
    {
        mlx_array value = Mlxc.mlx_array_new_float32(0.01f), x = Full([batch, 784], value, s), y = default;
        _ = Mlxc.mlx_zeros(&y, &batch, 1, mlx_dtype.MLX_INT32, s);
        mlx_vector_array state = NewState(value, s);
        _ = Mlxc.mlx_eval(state);
        _ = Mlxc.mlx_array_eval(x);
        _ = Mlxc.mlx_array_eval(y);
        using var adam = new RawAdam();
        ulong one = 1;
        int none = 0;
        var work = new Work { Adam = &adam, Stream = s, X = x, Y = y, One = Mlxc.mlx_array_new_data(&one, &none, 0, mlx_dtype.MLX_UINT64) };
        mlx_closure function = Mlxc.mlx_closure_new_func_payload(&StepClosure, &work, &Nothing);
        long start = 0;
        float loss = float.NaN;
        for (int k = -2; k < steps; k++)
        {
            if (k == 0)
            {
                start = Stopwatch.GetTimestamp();
            }

            mlx_vector_array results = compiled ? Compiled(function, state, x, y) : Step(&work, state);
            _ = Mlxc.mlx_eval(results);
            mlx_array first = Take(results, 0);
            _ = Mlxc.mlx_array_item_float32(&loss, first);
            _ = Mlxc.mlx_array_free(first);
            _ = Mlxc.mlx_vector_array_free(state);
            state = WithoutFirst(results);
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        _ = Mlxc.mlx_closure_free(function);
        _ = Mlxc.mlx_vector_array_free(state);
        RawWork.Free(value, x, y, work.One);
        return (elapsed, loss);
    }

    private static mlx_vector_array NewState(mlx_array value, mlx_stream s)
    {
        ReadOnlySpan<int> sizes = [784, 512, 512, 10];
        mlx_vector_array state = Mlxc.mlx_vector_array_new();
        mlx_array zero = Mlxc.mlx_array_new_float32(0);
        for (int part = 0; part < 3; part++)
        {
            for (int layer = 0; layer < Layers; layer++)
            {
                mlx_array bias = default;
                int size = sizes[layer + 1];
                _ = Mlxc.mlx_zeros(&bias, &size, 1, mlx_dtype.MLX_FLOAT32, s);
                Add(state, Full([size, sizes[layer]], part == 0 ? value : zero, s));
                Add(state, bias);
            }
        }

        ulong count = 0;
        int none = 0;
        Add(state, Mlxc.mlx_array_new_data(&count, &none, 0, mlx_dtype.MLX_UINT64));
        Add(state, Mlxc.mlx_array_new_float32(1e-3f));
        _ = Mlxc.mlx_array_free(zero);
        return state;
    }

    private static mlx_vector_array Compiled(mlx_closure function, mlx_vector_array state, mlx_array x, mlx_array y)
    {
        mlx_closure compiled = default;
        _ = Mlxc.mlx_detail_compile(&compiled, function, CompiledId, 0, null, 0);
        mlx_vector_array inputs = Mlxc.mlx_vector_array_new(), results = default;
        for (int i = 0; i < StateSize; i++)
        {
            Add(inputs, Take(state, i));
        }

        _ = Mlxc.mlx_vector_array_append_value(inputs, x);
        _ = Mlxc.mlx_vector_array_append_value(inputs, y);
        _ = Mlxc.mlx_closure_apply(&results, compiled, inputs);
        _ = Mlxc.mlx_vector_array_free(inputs);
        _ = Mlxc.mlx_closure_free(compiled);
        return results;
    }

    // The last two inputs of the compiled step are the batch.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StepClosure(mlx_vector_array* results, mlx_vector_array inputs, void* payload)
    {
        Work work = *(Work*)payload;
        work.X = Take(inputs, StateSize);
        work.Y = Take(inputs, StateSize + 1);
        *results = Step(&work, inputs);
        RawWork.Free(work.X, work.Y);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LossClosure(mlx_vector_array* results, mlx_vector_array inputs, void* payload)
    {
        mlx_array loss = Loss(inputs, (Work*)payload);
        *results = Mlxc.mlx_vector_array_new_value(loss);
        _ = Mlxc.mlx_array_free(loss);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Nothing(void* payload)
    {
    }

    /// <summary>Computes the loss and the next state from the state.</summary>
    private static mlx_vector_array Step(Work* work, mlx_vector_array state)
    {
        int* positions = stackalloc int[Parameters];
        mlx_vector_array parameters = Mlxc.mlx_vector_array_new(), values = default, gradients = default;
        for (int i = 0; i < Parameters; i++)
        {
            positions[i] = i;
            Add(parameters, Take(state, i));
        }

        mlx_closure loss = Mlxc.mlx_closure_new_func_payload(&LossClosure, work, &Nothing);
        mlx_closure_value_and_grad valueAndGrad = default;
        _ = Mlxc.mlx_value_and_grad(&valueAndGrad, loss, positions, Parameters);
        _ = Mlxc.mlx_closure_value_and_grad_apply(&values, &gradients, valueAndGrad, parameters);
        mlx_array* next = stackalloc mlx_array[3 * Parameters];
        mlx_array rate = Take(state, RateIndex), count = Take(state, StepIndex), nextCount = default;
        for (int i = 0; i < Parameters; i++)
        {
            mlx_array* w = next + i, m = w + Parameters, v = m + Parameters;
            mlx_array gradient = Take(gradients, i);
            *w = Take(state, i);
            *m = Take(state, Parameters + i);
            *v = Take(state, (2 * Parameters) + i);
            work->Adam->Step(rate, gradient, w, m, v, work->Stream);
            _ = Mlxc.mlx_array_free(gradient);
        }

        _ = Mlxc.mlx_add(&nextCount, count, work->One, work->Stream);
        mlx_vector_array results = Mlxc.mlx_vector_array_new();
        Add(results, Take(values, 0));
        _ = Mlxc.mlx_vector_array_append_data(results, next, 3 * Parameters);
        _ = Mlxc.mlx_vector_array_append_value(results, nextCount);
        _ = Mlxc.mlx_vector_array_append_value(results, rate);
        RawWork.Free(new ReadOnlySpan<mlx_array>(next, 3 * Parameters));
        RawWork.Free(count, nextCount, rate);
        _ = Mlxc.mlx_vector_array_free(parameters);
        _ = Mlxc.mlx_vector_array_free(values);
        _ = Mlxc.mlx_vector_array_free(gradients);
        _ = Mlxc.mlx_closure_value_and_grad_free(valueAndGrad);
        _ = Mlxc.mlx_closure_free(loss);
        return results;
    }

    private static mlx_array Loss(mlx_vector_array parameters, Work* work)
    {
        mlx_stream s = work->Stream;
        mlx_array h = default, zero = Mlxc.mlx_array_new_float32(0);
        _ = Mlxc.mlx_array_set(&h, work->X);
        for (int layer = 0; layer < Layers; layer++)
        {
            mlx_array w = Take(parameters, 2 * layer), b = Take(parameters, (2 * layer) + 1), transposed = default, z = default;
            _ = Mlxc.mlx_transpose(&transposed, w, s);
            _ = Mlxc.mlx_addmm(&z, b, h, transposed, 1, 1, s);
            RawWork.Free(h, w, b, transposed);
            h = z;
            if (layer + 1 < Layers)
            {
                mlx_array positive = default;
                _ = Mlxc.mlx_maximum(&positive, z, zero, s);
                _ = Mlxc.mlx_array_free(z);
                h = positive;
            }
        }

        mlx_array top = default, fixedTop = default, shifted = default, column = default, score = default, flat = default;
        mlx_array sum = default, each = default, loss = default;
        _ = Mlxc.mlx_max_axis(&top, h, -1, 1, s);
        _ = Mlxc.mlx_stop_gradient(&fixedTop, top, s);
        _ = Mlxc.mlx_subtract(&shifted, h, fixedTop, s);
        _ = Mlxc.mlx_expand_dims(&column, work->Y, -1, s);
        _ = Mlxc.mlx_take_along_axis(&score, shifted, column, -1, s);
        _ = Mlxc.mlx_squeeze_axis(&flat, score, -1, s);
        _ = Mlxc.mlx_logsumexp_axis(&sum, shifted, -1, 0, s);
        _ = Mlxc.mlx_subtract(&each, sum, flat, s);
        _ = Mlxc.mlx_mean(&loss, each, 0, s);
        RawWork.Free(h, zero, top, fixedTop, shifted, column, score, flat, sum, each);
        return loss;
    }

    private static mlx_vector_array WithoutFirst(mlx_vector_array results)
    {
        mlx_vector_array rest = Mlxc.mlx_vector_array_new();
        for (int i = 1; i <= StateSize; i++)
        {
            Add(rest, Take(results, i));
        }

        _ = Mlxc.mlx_vector_array_free(results);
        return rest;
    }

    private static mlx_array Full(ReadOnlySpan<int> shape, mlx_array value, mlx_stream s)
    {
        mlx_array result = default;
        fixed (int* p = shape)
        {
            _ = Mlxc.mlx_full(&result, p, (nuint)shape.Length, value, mlx_dtype.MLX_FLOAT32, s);
        }

        return result;
    }

    private static mlx_array Take(mlx_vector_array arrays, int index)
    {
        mlx_array result = default;
        _ = Mlxc.mlx_vector_array_get(&result, arrays, (nuint)index);
        return result;
    }

    /// <summary>Moves the array into the vector.</summary>
    private static void Add(mlx_vector_array arrays, mlx_array array)
    {
        _ = Mlxc.mlx_vector_array_append_value(arrays, array);
        _ = Mlxc.mlx_array_free(array);
    }

    /// <summary>The data of a step other than its state.</summary>
    private struct Work
    {
        internal RawAdam* Adam;
        internal mlx_stream Stream;
        internal mlx_array X;
        internal mlx_array Y;
        internal mlx_array One;
    }
}
