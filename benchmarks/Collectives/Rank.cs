using System.Diagnostics;
using System.Globalization;
using DotMlx.Bindings;

namespace DotMlx.Collectives;

/// <summary>One process of the measurement; the first one prints the times.</summary>
internal static unsafe class Rank
{
    private const int WarmUps = 3;

    internal static int Run(int rounds)
    {
        EndWithParent();
        using DistributedGroup group = Mx.Distributed.Init(strict: true, backend: "ring");
        mlx_distributed_group raw = default;
        ReadOnlySpan<byte> ring = "ring\0"u8;
        fixed (byte* backend = ring)
        {
            MlxError.ThrowIfFailed(MlxcPortable.mlx_distributed_init(&raw, 1, backend), "mlx_distributed_init");
        }

        mlx_stream stream = Mlxc.mlx_default_cpu_stream_new();
        foreach (int bytes in Sizes.All)
        {
            using MlxArray x = Mx.Ones(bytes / sizeof(float));
            x.Eval();
            float[] data = new float[bytes / sizeof(float)];
            mlx_array rawArray;
            int length = data.Length;
            fixed (float* p = data)
            {
                rawArray = Mlxc.mlx_array_new_data(p, &length, 1, mlx_dtype.MLX_FLOAT32);
            }

            List<double> managed = [], bindings = [];
            int calls = Sizes.Calls(bytes);
            Managed(x, group, WarmUps);
            Raw(rawArray, raw, stream, WarmUps);

            // The measurements alternate, so that a busy machine slows both equally.
            for (int round = 0; round < rounds; round++)
            {
                managed.Add(Managed(x, group, calls));
                bindings.Add(Raw(rawArray, raw, stream, calls));
            }

            _ = Mlxc.mlx_array_free(rawArray);
            if (group.Rank == 0)
            {
                Console.Error.WriteLine($"{bytes >> 10} KB measured");
                Print("DotMlx", bytes, managed);
                Print("raw bindings", bytes, bindings);
            }
        }

        _ = Mlxc.mlx_stream_free(stream);
        group.Barrier();
        return 0;
    }

    // The input ends when the parent process ends, even if it is killed.
    private static void EndWithParent()
    {
        var thread = new Thread(() =>
        {
            Console.In.ReadToEnd();
            Environment.Exit(1);
        })
        {
            IsBackground = true,
        };
        thread.Start();
    }

    private static double Managed(MlxArray x, DistributedGroup group, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++)
        {
            using MlxArray sum = Mx.Distributed.AllSum(x, group);
            sum.Eval();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }

    private static double Raw(mlx_array x, mlx_distributed_group group, mlx_stream stream, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++)
        {
            mlx_array sum = default;
            MlxError.ThrowIfFailed(Mlxc.mlx_distributed_all_sum(&sum, x, group, stream), "mlx_distributed_all_sum");
            MlxError.ThrowIfFailed(Mlxc.mlx_array_eval(sum), "mlx_array_eval");
            _ = Mlxc.mlx_array_free(sum);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }

    private static void Print(string who, int bytes, List<double> times)
    {
        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{who}\t{bytes}\t{times[times.Count / 2]:R}"));
    }
}
