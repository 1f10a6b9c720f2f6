using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>The yardstick: Compiles <c>work.c</c> against the library in use and calls it in this process.</summary>
internal sealed unsafe class CWork : IDisposable
{
    private readonly nint _library;
    private readonly string _folder;

    private CWork(nint library, string folder)
    {
        _library = library;
        _folder = folder;
    }

    internal static CWork Build(string mlxLibrary)
    {
        string folder = Directory.CreateTempSubdirectory("dotmlx-compare-").FullName;
        File.WriteAllText(Path.Combine(folder, "mlxc.h"),
            CHeader.Write(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "api.json"))));
        string output = Path.Combine(folder, OperatingSystem.IsMacOS() ? "libwork.dylib" : "libwork.so");
        string mlxFolder = Path.GetDirectoryName(mlxLibrary)!;
        string[] arguments =
        [
            "-O2", "-shared", "-fPIC", "-I", folder, Path.Combine(AppContext.BaseDirectory, "work.c"), mlxLibrary,
            .. OperatingSystem.IsLinux() ? ["-Wl,--allow-shlib-undefined"] : Array.Empty<string>(),
            $"-Wl,-rpath,{mlxFolder}", "-o", output,
        ];
        try
        {
            using Process compiler =
                Process.Start(new ProcessStartInfo(Environment.GetEnvironmentVariable("CC") ?? "cc", arguments)
                    { RedirectStandardError = true })!;
            string messages = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0)
            {
                throw new InvalidOperationException($"The C compiler refused work.c:\n{messages}");
            }
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("No C compiler: install one, or name it in CC.", e);
        }

        return new CWork(NativeLibrary.Load(output), folder);
    }

    internal double ScalarAdd(int count, mlx_stream s) =>
        ((delegate* unmanaged[Cdecl]<int, mlx_stream, double>)Symbol("compare_scalar_add"))(count, s);

    internal double Chain(int length, int size, int repeats, mlx_stream s) =>
        ((delegate* unmanaged[Cdecl]<int, int, int, mlx_stream, double>)Symbol("compare_chain"))(length, size, repeats, s);

    internal double Read(float[] destination, int repeats, mlx_stream s)
    {
        fixed (float* p = destination)
        {
            return ((delegate* unmanaged[Cdecl]<int, int, float*, mlx_stream, double>)Symbol("compare_read"))(destination.Length, repeats,
                p, s);
        }
    }

    internal double ApplyGradients(int leaves, int size, int repeats, bool evaluate, mlx_stream s) =>
        ((delegate* unmanaged[Cdecl]<int, int, int, int, mlx_stream, double>)Symbol("compare_apply_gradients"))(leaves, size, repeats,
            evaluate ? 1 : 0, s);

    /// <summary>Returns the nanoseconds of some steps, after two warm-up steps, and the loss of the last one.</summary>
    internal (double Time, float Loss) TrainingStep(int steps, bool compiled, int batch, mlx_stream s)
    {
        float loss;
        double time = ((delegate* unmanaged[Cdecl]<int, int, int, float*, mlx_stream, double>)Symbol("compare_training_step"))(
            steps, compiled ? 1 : 0, batch, &loss, s);
        return (time, loss);
    }

    public void Dispose()
    {
        NativeLibrary.Free(_library);
        Directory.Delete(_folder, recursive: true);
    }

    private void* Symbol(string name) => (void*)NativeLibrary.GetExport(_library, name);
}
