using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>Runs Adam over many small leaves through the raw imports, as <c>work.c</c> does.</summary>
internal static unsafe class RawUpdates
{
    internal static double ApplyGradients(int leaves, int size, int repeats, bool evaluate, mlx_stream s)
    {
        mlx_array[] w = new mlx_array[leaves], m = new mlx_array[leaves], v = new mlx_array[leaves], g = new mlx_array[leaves];
        mlx_array[] nextW = new mlx_array[leaves], nextM = new mlx_array[leaves], nextV = new mlx_array[leaves];
        mlx_array half = Mlxc.mlx_array_new_float32(0.5f), rate = Mlxc.mlx_array_new_float32(1e-3f);
        for (int i = 0; i < leaves; i++)
        {
            mlx_array parameter = default, gradient = default, first = default, second = default;
            _ = Mlxc.mlx_full(&parameter, &size, 1, half, mlx_dtype.MLX_FLOAT32, s);
            _ = Mlxc.mlx_full(&gradient, &size, 1, half, mlx_dtype.MLX_FLOAT32, s);
            _ = Mlxc.mlx_zeros(&first, &size, 1, mlx_dtype.MLX_FLOAT32, s);
            _ = Mlxc.mlx_zeros(&second, &size, 1, mlx_dtype.MLX_FLOAT32, s);
            (w[i], g[i], m[i], v[i]) = (parameter, gradient, first, second);
        }

        Evaluate(w, g, m, v);
        double elapsed = 0;
        using (var adam = new RawAdam())
        {
            for (int k = -1; k < repeats; k++)
            {
                long start = Stopwatch.GetTimestamp();
                fixed (mlx_array* pw = nextW, pm = nextM, pv = nextV)
                {
                    for (int i = 0; i < leaves; i++)
                    {
                        adam.Next(rate, g[i], w[i], m[i], v[i], pw + i, pm + i, pv + i, s);
                    }
                }

                for (int i = 0; i < leaves; i++)
                {
                    RawWork.Free(w[i], m[i], v[i]);
                }

                (w, nextW, m, nextM, v, nextV) = (nextW, w, nextM, m, nextV, v);

                double built = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                Evaluate(w, m, v);
                elapsed += k < 0 ? 0 : evaluate ? Stopwatch.GetElapsedTime(start).TotalNanoseconds : built;
            }
        }

        foreach (mlx_array[] arrays in new[] { w, m, v, g })
        {
            RawWork.Free(arrays);
        }

        RawWork.Free(half, rate);
        return elapsed;
    }

    private static void Evaluate(params ReadOnlySpan<mlx_array[]> all)
    {
        mlx_vector_array vector = Mlxc.mlx_vector_array_new();
        foreach (mlx_array[] arrays in all)
        {
            fixed (mlx_array* p = arrays)
            {
                _ = Mlxc.mlx_vector_array_append_data(vector, p, (nuint)arrays.Length);
            }
        }

        _ = Mlxc.mlx_eval(vector);
        _ = Mlxc.mlx_vector_array_free(vector);
    }
}
