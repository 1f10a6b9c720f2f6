using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A custom Metal kernel, created by <see cref="Mx.Fast.MetalKernel"/>.</summary>
public sealed unsafe class MetalKernel : CustomKernel
{
    // Mirrors CudaKernel, because mlx-c has separate types and functions for the two.
    internal MetalKernel(
        string name, IReadOnlyList<string> inputNames, IReadOnlyList<string> outputNames, string source, string header,
        bool ensureRowContiguous, bool atomicOutputs)
        : base(
            Create(name, inputNames, outputNames, source, header, ensureRowContiguous, atomicOutputs),
            static kernel => Mlxc.mlx_fast_metal_kernel_free(new mlx_fast_metal_kernel { ctx = (void*)kernel }))
    {
    }

    private static nint Create(
        string name, IReadOnlyList<string> inputNames, IReadOnlyList<string> outputNames, string source, string header,
        bool ensureRowContiguous, bool atomicOutputs)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(header);
        using NativeText nameText = Name(name, nameof(name));
        using NativeText sourceText = new(KernelSource.Write(source, nameof(source), ascii: true), nameof(source), allowPercent: true);
        using NativeText headerText = new(KernelSource.Write(header, nameof(header), ascii: true), nameof(header), allowPercent: true);
        mlx_vector_string inputs = Names(inputNames, nameof(inputNames));
        mlx_vector_string outputs = default;
        try
        {
            outputs = Names(outputNames, nameof(outputNames));
            mlx_fast_metal_kernel kernel = Mlxc.mlx_fast_metal_kernel_new(
                nameText.Pointer, inputs, outputs, sourceText.Pointer, headerText.Pointer, NativeCall.Byte(ensureRowContiguous),
                NativeCall.Byte(atomicOutputs));
            return kernel.ctx is null ? throw MlxError.Fail("mlx_fast_metal_kernel_new") : (nint)kernel.ctx;
        }
        finally
        {
            _ = Mlxc.mlx_vector_string_free(inputs);
            _ = Mlxc.mlx_vector_string_free(outputs);
        }
    }

    private static mlx_fast_metal_kernel_config Config(nint config) => new() { ctx = (void*)config };

    private protected override nint NewConfig()
    {
        mlx_fast_metal_kernel_config config = Mlxc.mlx_fast_metal_kernel_config_new();
        return config.ctx is null ? throw MlxError.Fail("mlx_fast_metal_kernel_config_new") : (nint)config.ctx;
    }

    private protected override void FreeConfig(nint config) => Mlxc.mlx_fast_metal_kernel_config_free(Config(config));

    private protected override void AddOutput(nint config, int* shape, nuint count, mlx_dtype dtype)
        => MlxError.ThrowIfFailed(
            Mlxc.mlx_fast_metal_kernel_config_add_output_arg(Config(config), shape, count, dtype),
            "mlx_fast_metal_kernel_config_add_output_arg");

    private protected override void AddTemplate(nint config, byte* name, TemplateArgument value)
    {
        int status = value switch
        {
            { Flag: bool flag } => Mlxc.mlx_fast_metal_kernel_config_add_template_arg_bool(Config(config), name, NativeCall.Byte(flag)),
            { Number: int number } => Mlxc.mlx_fast_metal_kernel_config_add_template_arg_int(Config(config), name, number),
            { Type: DType type } => Mlxc.mlx_fast_metal_kernel_config_add_template_arg_dtype(Config(config), name, NativeCall.DType(type)),
            _ => throw new ArgumentException("A template argument has no value.", nameof(value)),
        };
        MlxError.ThrowIfFailed(status, "mlx_fast_metal_kernel_config_add_template_arg");
    }

    private protected override void SetSizes(
        nint config, (int X, int Y, int Z) grid, (int X, int Y, int Z) threadGroup, byte verbose)
    {
        MlxError.ThrowIfFailed(
            Mlxc.mlx_fast_metal_kernel_config_set_grid(Config(config), grid.X, grid.Y, grid.Z), "mlx_fast_metal_kernel_config_set_grid");
        MlxError.ThrowIfFailed(
            Mlxc.mlx_fast_metal_kernel_config_set_thread_group(Config(config), threadGroup.X, threadGroup.Y, threadGroup.Z),
            "mlx_fast_metal_kernel_config_set_thread_group");
        MlxError.ThrowIfFailed(
            Mlxc.mlx_fast_metal_kernel_config_set_verbose(Config(config), verbose), "mlx_fast_metal_kernel_config_set_verbose");
    }

    private protected override void SetInitValue(nint config, float value)
        => MlxError.ThrowIfFailed(
            Mlxc.mlx_fast_metal_kernel_config_set_init_value(Config(config), value), "mlx_fast_metal_kernel_config_set_init_value");

    private protected override MlxArray[] Run(nint kernel, nint config, mlx_vector_array inputs, mlx_stream stream)
    {
        mlx_vector_array outputs = default;
        int status = Mlxc.mlx_fast_metal_kernel_apply(
            &outputs, new mlx_fast_metal_kernel { ctx = (void*)kernel }, inputs, Config(config), stream);
        return NativeCall.Arrays(status, outputs, "mlx_fast_metal_kernel_apply");
    }
}
