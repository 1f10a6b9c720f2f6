using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>The same work through the raw imports of DotMlx.Bindings.</summary>
internal static unsafe class RawWork
{
    internal static double ScalarAdd(int count, mlx_stream s)
    {
        mlx_array a = Mlxc.mlx_array_new_float32(1f), b = Mlxc.mlx_array_new_float32(2f);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i += ManagedWork.Block)
        {
            AddAndFree(a, b, s);
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        _ = Mlxc.mlx_array_free(a);
        _ = Mlxc.mlx_array_free(b);
        return elapsed;
    }

    internal static double Chain(int length, int size, int repeats, mlx_stream s)
    {
        mlx_array x = Ones(size), b = Ones(size);
        long start = Stopwatch.GetTimestamp();
        for (int k = 0; k < repeats; k++)
        {
            mlx_array y = default;
            _ = Mlxc.mlx_add(&y, x, b, s);
            for (int i = 1; i < length; i++)
            {
                mlx_array next = default;
                _ = (i & 1) != 0 ? Mlxc.mlx_multiply(&next, y, b, s) : Mlxc.mlx_add(&next, y, b, s);
                _ = Mlxc.mlx_array_free(y);
                y = next;
            }

            mlx_vector_array v = Mlxc.mlx_vector_array_new_value(y);
            _ = Mlxc.mlx_eval(v);
            _ = Mlxc.mlx_vector_array_free(v);
            _ = Mlxc.mlx_array_free(y);
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        _ = Mlxc.mlx_array_free(x);
        _ = Mlxc.mlx_array_free(b);
        return elapsed;
    }

    internal static double Read(float[] destination, int repeats, mlx_stream s)
    {
        int size = destination.Length;
        mlx_array a = default, one = Mlxc.mlx_array_new_float32(1f);
        _ = Mlxc.mlx_full(&a, &size, 1, one, mlx_dtype.MLX_FLOAT32, s);
        _ = Mlxc.mlx_array_eval(a);
        long start = Stopwatch.GetTimestamp();
        for (int k = 0; k < repeats; k++)
        {
            new ReadOnlySpan<float>(Mlxc.mlx_array_data_float32(a), size).CopyTo(destination);
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        Free(a, one);
        return elapsed;
    }

    internal static void Free(params ReadOnlySpan<mlx_array> arrays)
    {
        foreach (mlx_array array in arrays)
        {
            _ = Mlxc.mlx_array_free(array);
        }
    }

    private static mlx_array Ones(int size)
    {
        float[] data = new float[size];
        data.AsSpan().Fill(1f);
        fixed (float* p = data)
        {
            return Mlxc.mlx_array_new_data(p, &size, 1, mlx_dtype.MLX_FLOAT32);
        }
    }

    private static void AddAndFree(mlx_array a, mlx_array b, mlx_stream s)
    {
        for (int i = 0; i < ManagedWork.Block; i++)
        {
            mlx_array r = default;
            _ = Mlxc.mlx_add(&r, a, b, s);
            _ = Mlxc.mlx_array_free(r);
        }
    }
}
