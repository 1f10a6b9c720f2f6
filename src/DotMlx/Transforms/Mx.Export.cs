using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Writes the graph of a function for the shapes and dtypes of some arguments (<c>mlx_export_function</c>).</summary>
    /// <param name="file">The path of the file, conventionally <c>.mlxfn</c>. A successful export replaces an existing file.</param>
    /// <param name="fun">The function; arrays that it captures are written as constants.</param>
    /// <param name="args">The arguments; their values don't matter.</param>
    /// <param name="shapeless">Whether the graph serves all shapes with the same number of dimensions.</param>
    /// <exception cref="MlxException">An operation can't be exported.</exception>
    /// <remarks>An exception in the function is thrown unchanged.</remarks>
    public static void ExportFunction(string file, Func<MlxArray[], MlxArray[]> fun, MlxArray[] args, bool shapeless = false)
    {
        using FunctionExporter exporter = Exporter(file, fun, shapeless);
        exporter.Export(args);
    }

    /// <summary>Writes the graph of a function that also takes named arguments (<c>mlx_export_function_kwargs</c>).</summary>
    /// <param name="file">The path of the file. A successful export replaces an existing file.</param>
    /// <param name="fun">The function; arrays that it captures are written as constants.</param>
    /// <param name="args">The positional arguments; their values don't matter.</param>
    /// <param name="kwargs">The named arguments; their values don't matter.</param>
    /// <param name="shapeless">Whether the graph serves all shapes with the same number of dimensions.</param>
    /// <exception cref="MlxException">An operation can't be exported.</exception>
    public static void ExportFunction(
        string file, Func<MlxArray[], IReadOnlyDictionary<string, MlxArray>, MlxArray[]> fun, MlxArray[] args,
        IReadOnlyDictionary<string, MlxArray> kwargs, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(fun);
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(kwargs);
        using AtomicFile target = new(file, ".mlxfn");

        // MLX includes the path in its message, where a '%' would break the format.
        using NativePath native = NativePath.InTemporaryFolder(".mlxfn", _ => { });
        using (DotMlx.Trace.Begin(keepsValues: false, exports: true))
        {
            using VectorArray arguments = VectorArray.From(args);
            using NativeMap named = NativeMap.From(kwargs);
            mlx_closure_kwargs closure = KeywordClosure.Create(fun);
            try
            {
                fixed (byte* name = NativeKey.Bytes(native.Path, nameof(file)))
                {
                    GraphTraversal.Begin();
                    CallbackErrors.ThrowIfFailed(
                        Mlxc.mlx_export_function_kwargs(name, closure, arguments.Handle, named.Handle, NativeCall.Byte(shapeless)),
                        "mlx_export_function_kwargs");
                }
            }
            finally
            {
                _ = Mlxc.mlx_closure_kwargs_free(closure);
            }
        }

        File.Copy(native.Path, target.TemporaryPath);
        target.Commit();
    }

    /// <summary>Starts a file with the graphs of a function for several shapes (<c>mlx_function_exporter_new</c>).</summary>
    /// <param name="file">The path of the file, which appears when the exporter is disposed.</param>
    /// <param name="fun">The function; arrays that it captures are written as constants.</param>
    /// <param name="shapeless">Whether every graph serves all shapes with the same number of dimensions.</param>
    public static FunctionExporter Exporter(string file, Func<MlxArray[], MlxArray[]> fun, bool shapeless = false) =>
        new(file, fun, shapeless);

    /// <summary>
    /// Reads a function from a file (<c>mlx_imported_function_new</c>). Such a file is a program, so read only files that you trust.
    /// </summary>
    /// <param name="file">
    /// A file written by <see cref="ExportFunction(string, Func{MlxArray[], MlxArray[]}, MlxArray[], bool)"/> or by Python.
    /// </param>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">The file is corrupt; the message names it.</exception>
    public static ImportedFunction ImportFunction(string file) => new(file);

    /// <summary>Writes the graph behind arrays in the DOT language of Graphviz (<c>mlx_export_to_dot</c>).</summary>
    /// <param name="file">The path of the file. An existing file is replaced.</param>
    /// <param name="outputs">Arrays that haven't been evaluated yet.</param>
    /// <param name="names">Names for some arrays of the graph, such as its inputs.</param>
    /// <exception cref="NotSupportedException">The loaded mlx-c lacks the function.</exception>
    public static void ExportToDot(string file, MlxArray[] outputs, IReadOnlyDictionary<string, MlxArray>? names = null)
    {
        using AtomicFile target = new(file, ".dot");
        GraphText.Write(target.TemporaryPath, &Mlxc.mlx_export_to_dot, "mlx_export_to_dot", outputs, names);
        target.Commit();
    }

    /// <summary>Writes the graph behind arrays in the DOT language of Graphviz.</summary>
    /// <param name="writer">The destination.</param>
    /// <param name="outputs">Arrays that haven't been evaluated yet.</param>
    /// <param name="names">Names for some arrays of the graph, such as its inputs.</param>
    /// <exception cref="NotSupportedException">The loaded mlx-c lacks the function.</exception>
    public static void ExportToDot(TextWriter writer, MlxArray[] outputs, IReadOnlyDictionary<string, MlxArray>? names = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        using NativePath file = NativePath.InTemporaryFolder(
            ".dot", name => GraphText.Write(name, &Mlxc.mlx_export_to_dot, "mlx_export_to_dot", outputs, names));
        writer.Write(File.ReadAllText(file.Path));
    }
}
