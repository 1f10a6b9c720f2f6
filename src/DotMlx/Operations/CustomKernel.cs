using System.Text;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A custom kernel that MLX compiles when it first runs (mlx.core.fast.metal_kernel and cuda_kernel).</summary>
/// <remarks>MLX holds the source text. The object owns one native handle, which <see cref="Dispose()"/> or the finalizer frees.</remarks>
public abstract unsafe class CustomKernel : IDisposable
{
    private readonly NativeHandle _kernel;

    private protected CustomKernel(nint kernel, Action<nint> free) => _kernel = new NativeHandle(kernel, free);

    /// <summary>Runs the kernel.</summary>
    /// <param name="inputs">One array for each input name.</param>
    /// <param name="outputShapes">One shape for each output name.</param>
    /// <param name="outputDTypes">One dtype for each output name.</param>
    /// <param name="grid">The number of threads in each of three dimensions.</param>
    /// <param name="threadGroup">The number of threads per group in each of three dimensions.</param>
    /// <param name="template">The values of the template parameters in the source.</param>
    /// <param name="initValue">The value with which the outputs are initialized; null for none.</param>
    /// <param name="verbose">Whether MLX prints the generated source.</param>
    /// <param name="stream">A GPU stream; null for the default stream.</param>
    /// <returns>One array for each output name.</returns>
    /// <exception cref="ArgumentException">The numbers of shapes and dtypes differ.</exception>
    /// <exception cref="MlxException">The arguments don't match the kernel.</exception>
    /// <exception cref="ObjectDisposedException">The kernel has been disposed.</exception>
    public MlxArray[] Apply(
        ReadOnlySpan<MlxArray> inputs, ReadOnlySpan<int[]> outputShapes, ReadOnlySpan<DType> outputDTypes,
        (int X, int Y, int Z) grid, (int X, int Y, int Z) threadGroup,
        ReadOnlySpan<(string Name, TemplateArgument Value)> template = default, float? initValue = null,
        bool verbose = false, MlxStream? stream = null)
    {
        if (outputShapes.Length != outputDTypes.Length)
        {
            throw new ArgumentException(
                $"{outputShapes.Length} output shapes were given with {outputDTypes.Length} dtypes.", nameof(outputDTypes));
        }

        using NativeHandle.Use used = _kernel.Enter();
        nint config = NewConfig();
        try
        {
            for (int i = 0; i < outputShapes.Length; i++)
            {
                ArgumentNullException.ThrowIfNull(outputShapes[i], nameof(outputShapes));
                fixed (int* shape = outputShapes[i])
                {
                    AddOutput(config, shape, (nuint)outputShapes[i].Length, NativeCall.DType(outputDTypes[i]));
                }
            }

            foreach ((string name, TemplateArgument value) in template)
            {
                ArgumentNullException.ThrowIfNull(name, nameof(template));
                using NativeText text = Name(name, nameof(template));
                AddTemplate(config, text.Pointer, value);
            }

            SetSizes(config, grid, threadGroup, NativeCall.Byte(verbose));
            if (initValue is float value0)
            {
                SetInitValue(config, value0);
            }

            using VectorArray arrays = VectorArray.From(inputs);
            return Run(used.Value, config, arrays.Handle, NativeCall.Stream(stream));
        }
        finally
        {
            FreeConfig(config);
        }
    }

    /// <summary>Frees the native kernel. Arrays that the kernel has computed stay valid.</summary>
    public void Dispose()
    {
        _kernel.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract nint NewConfig();

    private protected abstract void FreeConfig(nint config);

    private protected abstract void AddOutput(nint config, int* shape, nuint count, mlx_dtype dtype);

    private protected abstract void AddTemplate(nint config, byte* name, TemplateArgument value);

    private protected abstract void SetSizes(
        nint config, (int X, int Y, int Z) grid, (int X, int Y, int Z) threadGroup, byte verbose);

    private protected abstract void SetInitValue(nint config, float value);

    private protected abstract MlxArray[] Run(nint kernel, nint config, mlx_vector_array inputs, mlx_stream stream);

    /// <summary>
    /// Converts a name that MLX inserts into the source: the name of the kernel, an input, an output, or a template parameter.
    /// </summary>
    /// <exception cref="ArgumentException">The name isn't ASCII, or contains '%' or a null character.</exception>
    private protected static NativeText Name(string name, string parameter) => Ascii.IsValid(name)
        ? new NativeText(name, parameter)
        : throw new ArgumentException($"The name '{name}' becomes part of the kernel's source, where names must be ASCII.", parameter);

    /// <summary>Creates the native list of names that a kernel's constructor takes.</summary>
    private protected static mlx_vector_string Names(IReadOnlyList<string> names, string parameter)
    {
        ArgumentNullException.ThrowIfNull(names, parameter);
        mlx_vector_string vector = Mlxc.mlx_vector_string_new();
        try
        {
            foreach (string name in names)
            {
                ArgumentNullException.ThrowIfNull(name, parameter);
                using NativeText text = Name(name, parameter);
                MlxError.ThrowIfFailed(
                    Mlxc.mlx_vector_string_append_value(vector, text.Pointer), "mlx_vector_string_append_value");
            }

            return vector;
        }
        catch
        {
            _ = Mlxc.mlx_vector_string_free(vector);
            throw;
        }
    }
}
