using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A function read from a file (<c>mx.import_function</c>, <c>mlx_imported_function</c>).</summary>
public sealed unsafe class ImportedFunction : IDisposable
{
    private readonly NativePath _path;
    private readonly NativeHandle _handle;

    internal ImportedFunction(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        using (File.OpenHandle(file))
        {
            // Opened only so that .NET reports a missing or locked file by name.
        }

        _path = NativePath.Of(file);
        try
        {
            // MLX builds the graph here, with this thread's default streams.
            using Lock.Scope scope = TraceLock.Enter();
            fixed (byte* name = NativeKey.Bytes(_path.Path, nameof(file)))
            {
                mlx_imported_function imported = Mlxc.mlx_imported_function_new(name);
                if (imported.ctx == null)
                {
                    throw new InvalidDataException($"'{file}' cannot be loaded: {Reason(MlxError.Fail("mlx_imported_function_new").Message)}");
                }

                _handle = new NativeHandle(
                    (nint)imported.ctx,
                    static native => _ = Mlxc.mlx_imported_function_free(new mlx_imported_function { ctx = (void*)native }));
            }
        }
        catch
        {
            _path.Dispose();
            throw;
        }
    }

    // MLX reads lengths without checking them, and reports the exceptions of C++ if the memory or the file doesn't suffice.
    private static string Reason(string message) =>
        message.Contains("std::", StringComparison.Ordinal) || message.Contains("Unable to read", StringComparison.Ordinal)
            ? "it isn't a file that Mx.ExportFunction or an exporter wrote, or it is incomplete."
            : message;

    /// <summary>Calls the function.</summary>
    /// <param name="args">Arguments with shapes and dtypes that were exported.</param>
    /// <exception cref="MlxException">There is no graph for these shapes; the message lists the available ones.</exception>
    public MlxArray[] Invoke(params MlxArray[] args) => Invoke(args, null);

    /// <summary>Calls the function with named arguments.</summary>
    /// <param name="args">The positional arguments.</param>
    /// <param name="kwargs">The named arguments.</param>
    /// <exception cref="MlxException">There is no graph for these arguments; the message lists the available ones.</exception>
    public MlxArray[] Invoke(MlxArray[] args, IReadOnlyDictionary<string, MlxArray>? kwargs)
    {
        ObjectDisposedException.ThrowIf(_handle.IsDisposed, this);
        using NativeHandle.Use used = _handle.Enter();
        using var scope = TraceLock.Enter();
        ArgumentNullException.ThrowIfNull(args);
        using MlxScope? temporary = Trace.IsVectorizing ? MlxScope.Begin() : null;
        if (temporary is not null)
        {
            // The graph has MLX's own rules, most of which are right if every argument is mapped over its first axis.
            args = [.. args.Select(static arg => Vectorization.Mapped(arg, null))];
            kwargs = kwargs?.ToDictionary(static pair => pair.Key, static pair => Vectorization.Mapped(pair.Value, null));
        }

        using VectorArray arguments = VectorArray.From(args);
        using NativeMap named = NativeMap.From(kwargs);
        mlx_imported_function function = new() { ctx = (void*)used.Value };
        mlx_vector_array results = default;
        try
        {
            GraphTraversal.Begin();
            CallbackErrors.ThrowIfFailed(
                Mlxc.mlx_imported_function_apply_kwargs(&results, function, arguments.Handle, named.Handle),
                "mlx_imported_function_apply_kwargs");
            MlxArray[] outputs = new VectorArray(results).ToArrays();
            temporary?.Keep(outputs);
            return outputs;
        }
        finally
        {
            new VectorArray(results).Dispose();
        }
    }

    /// <summary>Frees the function after any calls that other threads have begun.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _path.Dispose();
    }
}
