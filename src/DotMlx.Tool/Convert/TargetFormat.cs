namespace DotMlx.Tool.Convert;

/// <summary>An output format: the arrays that it can't represent, and how it is written.</summary>
internal abstract class TargetFormat
{
    private static readonly TargetFormat[] All = [new Safetensors(), new Npy(), new Npz(), new Gguf()];

    public abstract string Extension { get; }

    public virtual bool HasMetadata => false;

    /// <exception cref="ToolException">The extension belongs to no format.</exception>
    public static TargetFormat Of(string path) =>
        Array.Find(All, format => path.EndsWith(format.Extension, StringComparison.OrdinalIgnoreCase))
        ?? throw new ToolException($"'{path}' doesn't have the extension of a supported "
        + $"format: {string.Join(", ", All.Select(format => format.Extension))}.");

    /// <summary>The reason why an array can't be written, or null.</summary>
    public virtual string? Refusal(string name, MlxArray array) => null;

    /// <summary>The reason why these arrays can't be written together, or null.</summary>
    public virtual string? Refusal(int count) => null;

    /// <summary>Writes the complete file.</summary>
    public abstract void Write(Stream stream, LoadedFile file);

    private sealed class Safetensors : TargetFormat
    {
        public override string Extension => ".safetensors";

        public override bool HasMetadata => true;

        public override string? Refusal(string name, MlxArray array) =>
            array.DType == DType.Float64 ? "is float64, which MLX does not write as safetensors (--dtype float32 converts it)"
            : name == SafetensorsHeader.MetadataKey ? "has the name under which the format keeps its metadata"
            : null;

        public override void Write(Stream stream, LoadedFile file) => Mx.SaveSafetensors(stream, file.Arrays, file.TextMetadata());
    }

    private sealed class Npy : TargetFormat
    {
        public override string Extension => ".npy";

        public override string? Refusal(int count) => count == 1
            ? null
            : $"an npy file holds one array, not {Units.Count(count)}; choose .npz";

        public override void Write(Stream stream, LoadedFile file) => Mx.Save(stream, file.Arrays[0].Value);
    }

    private sealed class Npz : TargetFormat
    {
        public override string Extension => ".npz";

        public override void Write(Stream stream, LoadedFile file) => Mx.Savez(stream, file.Arrays);
    }

    private sealed class Gguf : TargetFormat
    {
        private const int MaxDimensions = 8;

        public override string Extension => ".gguf";

        public override bool HasMetadata => true;

        public override string? Refusal(string name, MlxArray array) =>
            array.NDim > MaxDimensions ? $"has {array.NDim} dimensions, and GGUF holds at most {MaxDimensions}"
            : array.DType is DType.Float32 or DType.Float16 or DType.Int8 or DType.Int16 or DType.Int32 ? null
            : $"is {array.DType.MlxName()}, and MLX writes float32, float16, int8, int16, and int32 as GGUF"
                + (array.DType.IsFloating() ? " (--dtype float16 converts it)" : array.DType.IsInteger()
                    ? " (--dtype int32 converts it)"
                    : "");

        public override void Write(Stream stream, LoadedFile file) => Mx.SaveGguf(stream, file.Arrays, file.GgufMetadata());
    }
}
