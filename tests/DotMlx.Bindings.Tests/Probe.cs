using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace DotMlx.Bindings.Tests;

/// <summary>The commands of the child processes, which print one line per argument, or the exception.</summary>
internal static unsafe class Probe
{
    internal static int Run(string[] arguments)
    {
        foreach (string argument in arguments)
        {
            try
            {
                string[] parts = argument.Split('=', 2);
                Console.WriteLine(Do(parts[0], parts.Length > 1 ? parts[1] : ""));
            }
            catch (Exception e)
            {
                Console.WriteLine($"{e.GetType().Name}: {e.Message}");
            }
        }
        return 0;
    }

    private static string Do(string what, string value)
    {
        mlx_array result = default, a = new() { ctx = (void*)11 };
        mlx_stream s = new() { ctx = (void*)5 };
        switch (what)
        {
            case "path":
                MlxLibrary.Path = value;
                return MlxLibrary.Path;
            case "version":
                return $"{MlxLibrary.MlxcVersion} {MlxLibrary.MlxVersion} {MlxLibrary.Kind}";
            case "attempts":
                return string.Join(" | ",
                    MlxLibrary.Attempts.Select(a => $"{a.Path}; {a.Origin}; {a.Failure?.Split('\n')[0] ?? "in use"}"));
            case "single-file":
                // What the host says of a single-file application that has extracted its native libraries.
                string[] folders = value.Split('|');
                AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", folders[0] + Path.DirectorySeparatorChar);
                AppContext.SetData("NATIVE_DLL_SEARCH_DIRECTORIES", folders[1] + Path.PathSeparator);
                return AppContext.BaseDirectory;
            case "kernels":
                return Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)NativeLibrary.GetExport(MlxLibrary.Loaded.Handle,
                    "kernels"))()) ?? "never told";
            case "package":
                return MlxLibrary.Package is { } package
                    ? $"{package.Mlx} {package.Mlxc} {package.Commit} {package.MinimumSystem} {string.Join('+', package.SystemLibraries)}"
                    : "none";
            case "log":
                using (var factory = LoggerFactory.Create(b => b.AddProvider(new Support.LineLoggerProvider(Console.WriteLine))))
                    MlxLibrary.UseLogging(factory);
                MlxLibrary.EnsureLoaded();
                return "logged";
            case "asking-log":
                using (var factory = LoggerFactory.Create(b =>
                    b.AddProvider(new Support.LineLoggerProvider(_ => Console.WriteLine(MlxLibrary.MlxcVersion)))))
                    MlxLibrary.UseLogging(factory);
                MlxLibrary.EnsureLoaded();
                return "logged";
            case "portable-fft":
                return MlxcPortable.mlx_fft_fft(&result, a, 7, 1, mlx_fft_norm.MLX_FFT_NORM_BACKWARD, s).ToString();
            case "portable-fft-ortho":
                return MlxcPortable.mlx_fft_fft(&result, a, 7, 1, mlx_fft_norm.MLX_FFT_NORM_ORTHO, s).ToString();
            case "pinned-fft":
                return Mlxc.mlx_fft_fft(&result, a, 7, 1, mlx_fft_norm.MLX_FFT_NORM_BACKWARD, s).ToString();
            case "portable-cumsum":
                return MlxcPortable.mlx_cumsum(&result, a, -2, 1, 0, s).ToString();
            case "pinned-cumsum":
                return Mlxc.mlx_cumsum(&result, a, -2, 1, 0, s).ToString();
            case "suffixed-cumsum":
                return Mlxc.mlx_cumsum_v0_7_0(&result, a, 1, 0, default, s).ToString();
            case "portable-attention":
                return MlxcPortable.mlx_fast_scaled_dot_product_attention(&result, a, a, a, 0.5f, null, default, default, s).ToString();
            case "portable-init":
                mlx_distributed_group group = default;
                int status = MlxcPortable.mlx_distributed_init(&group, 1, null);
                return $"{status} {(nint)group.ctx}";
            case "gguf":
                return $"{(nint)Mlxc.mlx_io_gguf_new().ctx}";
            case "trunc":
                return Mlxc.mlx_trunc(&result, a, s).ToString();
            case "half":
                ushort half;
                return Mlxc.mlx_array_item_float16(&half, a).ToString();
            case "threads":
                return Threads(int.Parse(value));
            case "add":
                return Add();
            case "counts":
                return Counts();
            case "leak":
                return Leak();
            default:
                throw new ArgumentException($"unknown probe '{what}'");
        }
    }

    private static string Threads(int count)
    {
        using var start = new Barrier(count);
        Thread[] threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            mlx_array result = default;
            _ = MlxcPortable.mlx_fft_fft(&result, default, 7, 1, mlx_fft_norm.MLX_FFT_NORM_BACKWARD, default);
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        return $"handlers set: {Call("handlers_set")}";
    }

    private static string Add()
    {
        mlx_stream stream = Mlxc.mlx_default_cpu_stream_new();
        float* data = stackalloc float[] { 1, 2, 3 };
        int length = 3;
        mlx_array a = Mlxc.mlx_array_new_data(data, &length, 1, mlx_dtype.MLX_FLOAT32), sum = default, copy = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_add(&sum, a, a, stream), "mlx_add");
        MlxError.ThrowIfFailed(Mlxc.mlx_array_set(&copy, sum), "mlx_array_set");
        // The second call writes to the same handle, so it creates no new one.
        MlxError.ThrowIfFailed(Mlxc.mlx_add(&sum, a, a, stream), "mlx_add");
        mlx_vector_array vector = Mlxc.mlx_vector_array_new_value(sum);
        mlx_array element = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_vector_array_get(&element, vector, 0), "mlx_vector_array_get");
        MlxError.ThrowIfFailed(Mlxc.mlx_array_eval(element), "mlx_array_eval");
        string result = string.Join(' ', new ReadOnlySpan<float>(Mlxc.mlx_array_data_float32(element), 3).ToArray());
        foreach (mlx_array array in (mlx_array[])[a, sum, copy, element]) _ = Mlxc.mlx_array_free(array);
        _ = Mlxc.mlx_vector_array_free(vector);
        _ = Mlxc.mlx_stream_free(stream);
        return result;
    }

    private static string Counts() => $"arrays: {Call("counted_arrays")}, made: {Call("counted_made")}";

    private static string Leak()
    {
        _ = Mlxc.mlx_array_new_int(1);
        return "left one";
    }

    private static int Call(string symbol) =>
        ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(MlxLibrary.Loaded.Handle, symbol))();
}
