using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Writes the graphs of one function for several shapes to one file (<c>mx.exporter</c>, <c>mlx_function_exporter</c>). The file appears
/// when the exporter is disposed, if at least one export succeeded.
/// </summary>
public sealed unsafe class FunctionExporter : IDisposable
{
    private const string Extension = ".mlxfn";

    private readonly AtomicFile _file;
    private readonly NativePath? _substitute;

    // Always taken after the transform lock, which an export holds.
    private readonly Lock _gate = new();
    private mlx_function_exporter _handle;
    private bool _exported;
    private int _exporting;
    private volatile bool _disposed;

    internal FunctionExporter(string path, Func<MlxArray[], MlxArray[]> fun, bool shapeless)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(fun);
        _file = new AtomicFile(path, Extension);

        // MLX includes the path in its message, where a '%' would break the format.
        _substitute = _file.TemporaryPath.Contains('%', StringComparison.Ordinal)
            ? NativePath.InTemporaryFolder(Extension, _ => { })
            : null;
        try
        {
            using NativeClosure closure = NativeClosure.Create(fun);
            fixed (byte* name = NativeKey.Bytes(NativeName, nameof(path)))
            {
                _handle = Mlxc.mlx_function_exporter_new(name, closure.Handle, NativeCall.Byte(shapeless));
            }

            CallbackErrors.ThrowIfNull(_handle.ctx, "mlx_function_exporter_new");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private string NativeName => _substitute?.Path ?? _file.TemporaryPath;

    /// <summary>Traces the function for the shapes and dtypes of some arguments and writes the graph.</summary>
    /// <param name="args">The arguments; their values don't matter.</param>
    /// <exception cref="MlxException">These shapes were exported before, or an operation can't be exported.</exception>
    /// <remarks>An exception in the function is thrown unchanged.</remarks>
    public void Export(params MlxArray[] args)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentNullException.ThrowIfNull(args);
        using Trace trace = Trace.Begin(keepsValues: false, exports: true);
        using Lock.Scope scope = _gate.EnterScope();
        ObjectDisposedException.ThrowIf(_disposed, this);
        using VectorArray arguments = VectorArray.From(args);
        _exporting++;
        try
        {
            GraphTraversal.Begin();
            CallbackErrors.ThrowIfFailed(Mlxc.mlx_function_exporter_apply(_handle, arguments.Handle), "mlx_function_exporter_apply");
            _exported = true;
        }
        finally
        {
            if (--_exporting == 0 && _disposed)
            {
                Complete();
            }
        }
    }

    /// <summary>Completes the file, after any export that another thread has begun.</summary>
    /// <exception cref="IOException">The file can't be moved into place.</exception>
    public void Dispose()
    {
        using Lock.Scope scope = _gate.EnterScope();
        if (_disposed)
        {
            return;
        }

        _disposed = true;

        // The function may dispose its exporter during an export.
        if (_exporting == 0)
        {
            Complete();
        }
    }

    private void Complete()
    {
        if (_handle.ctx != null)
        {
            _ = Mlxc.mlx_function_exporter_free(_handle);
            _handle = default;
        }

        using (_file)
        using (_substitute)
        {
            if (_exported)
            {
                if (_substitute is not null)
                {
                    File.Copy(_substitute.Path, _file.TemporaryPath);
                }

                _file.Commit();
            }
        }
    }
}
