using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Writes the graphs of one function for several shapes into one file (<c>mx.exporter</c>, <c>mlx_function_exporter</c>).
/// The file appears when the exporter is disposed, if at least one export succeeded.
/// </summary>
public sealed unsafe class FunctionExporter : IDisposable
{
    private const string Extension = ".mlxfn";

    private readonly AtomicFile file;
    private readonly NativePath? substitute;

    // Taken after the lock of transforms, which an export holds.
    private readonly Lock gate = new();
    private mlx_function_exporter handle;
    private bool exported;
    private int exporting;
    private volatile bool disposed;

    internal FunctionExporter(string path, Func<MlxArray[], MlxArray[]> fun, bool shapeless)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(fun);
        file = new AtomicFile(path, Extension);

        // MLX puts the path into its message, where '%' would break it.
        substitute = file.TemporaryPath.Contains('%', StringComparison.Ordinal) ? NativePath.InTemporaryFolder(Extension, _ => { }) : null;
        try
        {
            using NativeClosure closure = NativeClosure.Create(fun);
            fixed (byte* name = NativeKey.Bytes(NativeName, nameof(path)))
            {
                handle = Mlxc.mlx_function_exporter_new(name, closure.Handle, NativeCall.Byte(shapeless));
            }

            CallbackErrors.ThrowIfNull(handle.ctx, "mlx_function_exporter_new");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private string NativeName => substitute?.Path ?? file.TemporaryPath;

    /// <summary>Traces the function for the shapes and types of some arguments and writes the graph.</summary>
    /// <param name="args">Arguments; their values do not matter.</param>
    /// <exception cref="MlxException">These shapes were exported before, or an operation cannot be exported.</exception>
    /// <remarks>An exception in the function comes out as it was thrown.</remarks>
    public void Export(params MlxArray[] args)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentNullException.ThrowIfNull(args);
        using Trace trace = Trace.Begin(keepsValues: false);
        using Lock.Scope scope = gate.EnterScope();
        ObjectDisposedException.ThrowIf(disposed, this);
        using VectorArray arguments = VectorArray.From(args);
        exporting++;
        try
        {
            CallbackErrors.ThrowIfFailed(Mlxc.mlx_function_exporter_apply(handle, arguments.Handle), "mlx_function_exporter_apply");
            exported = true;
        }
        finally
        {
            if (--exporting == 0 && disposed)
            {
                Complete();
            }
        }
    }

    /// <summary>Completes the file, after an export that another thread has begun.</summary>
    /// <exception cref="IOException">The file cannot be put in its place.</exception>
    public void Dispose()
    {
        using Lock.Scope scope = gate.EnterScope();
        if (disposed)
        {
            return;
        }

        disposed = true;

        // The function may dispose its exporter while it is exported.
        if (exporting == 0)
        {
            Complete();
        }
    }

    private void Complete()
    {
        if (handle.ctx != null)
        {
            _ = Mlxc.mlx_function_exporter_free(handle);
            handle = default;
        }

        using (file)
        using (substitute)
        {
            if (exported)
            {
                if (substitute is not null)
                {
                    File.Copy(substitute.Path, file.TemporaryPath);
                }

                file.Commit();
            }
        }
    }
}
