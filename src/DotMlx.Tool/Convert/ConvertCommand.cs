using System.CommandLine;

namespace DotMlx.Tool.Convert;

/// <summary><c>dotnet mlx convert</c>: converts a file of arrays to another format or element type.</summary>
internal static class ConvertCommand
{
    private static readonly DType[] Targets =
    [
        DType.Float16, DType.BFloat16, DType.Float32, DType.Float64,
        DType.Int8, DType.Int16, DType.Int32, DType.Int64, DType.UInt8, DType.UInt16, DType.UInt32, DType.UInt64,
    ];

    public static Command Create(Terminal terminal)
    {
        var input = new Argument<string>("IN")
            { Description = "A safetensors, npy, npz, or GGUF file, or a sharded model: its '*.safetensors.index.json' or folder." };
        var output = new Argument<string>("OUT")
            { Description = "The new file; its extension names the format: .safetensors, .npy, .npz, or .gguf." };
        var dtype = new Option<string?>("--dtype")
        {
            Description = "The element type. A floating-point type converts floating-point arrays, and an integer type integer arrays.",
        };
        dtype.AcceptOnlyFromAmong([.. Targets.Select(type => type.MlxName())]);
        var force = new Option<bool>("--force") { Description = "Replace OUT if it exists." };
        var command = new Command("convert", "Converts between safetensors, npy, npz, and GGUF, with metadata if the format supports it.")
            { input, output, dtype, force };
        command.SetAction(result =>
        {
            DType? type = result.GetValue(dtype) is { } name ? DTypeExtensions.ParseDType(name) : null;
            new Conversion(result.GetValue(input)!, result.GetValue(output)!, type, result.GetValue(force)).Run(terminal);
            return ToolCommand.Success;
        });
        return command;
    }
}
