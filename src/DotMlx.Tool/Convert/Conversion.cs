using System.Runtime.InteropServices;

namespace DotMlx.Tool.Convert;

/// <summary>
/// One conversion. Converts a file. The new file appears complete or not at all, and replaces another file only on request.
/// </summary>
internal sealed record Conversion(string Input, string Output, DType? Target, bool Force)
{
    /// <exception cref="ToolException">The file can't be converted; the message explains the reason.</exception>
    public void Run(Terminal terminal)
    {
        TargetFormat format = TargetFormat.Of(Output);
        if (Directory.Exists(Output))
        {
            throw new ToolException($"'{Output}' is a folder.");
        }

        if (!Force && File.Exists(Output))
        {
            throw Exists();
        }

        // The output comes first, so that a missing folder is reported before the conversion starts.
        using var file = new AtomicFile(Output, format.Extension);
        using LoadedFile loaded = LoadedFile.Read(Input);
        int converted = Convert(loaded);
        RequireWritable(loaded, format);
        Write(loaded, format, file);
        terminal.Line(
            $"{Output}: {Units.Plural(loaded.Arrays.Count, "array")}, {Units.Bytes(new FileInfo(Output).Length)}"
            + (Target is { } type ? $", {Units.Count(converted)} converted to {type.MlxName()}" : ""));
        Tell(terminal, loaded, format);
    }

    private ToolException Exists() => new($"'{Output}' exists; --force replaces it.");

    private int Convert(LoadedFile loaded)
    {
        int converted = 0;
        for (int i = 0; Target is { } target && i < loaded.Arrays.Count; i++)
        {
            (string name, MlxArray array) = loaded.Arrays[i];
            bool float8 = target.IsFloating() && loaded.Float8.ContainsKey(name);
            if (float8 || Cast.Applies(array.DType, target))
            {
                MlxArray cast = float8 ? Cast.FromFloat8(name, array, target) : Cast.To(name, array, target);
                Mx.Eval(cast);
                array.Dispose();
                loaded.Arrays[i] = KeyValuePair.Create(name, cast);
                converted++;
            }
        }

        return converted;
    }

    private void RequireWritable(LoadedFile loaded, TargetFormat format)
    {
        if (format.Refusal(loaded.Arrays.Count) is { } reason)
        {
            throw Refused(reason);
        }

        foreach ((string name, MlxArray array) in loaded.Arrays)
        {
            string? fault = array.Size == 0 ? "has no elements, and MLX writes no empty arrays" : format.Refusal(name, array);
            if (fault is not null)
            {
                throw Refused($"array '{name}' {fault}");
            }
        }
    }

    private void Write(LoadedFile loaded, TargetFormat format, AtomicFile file)
    {
        // An interrupted process leaves no partial file behind.
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => file.Dispose());
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => file.Dispose());
        try
        {
            file.Write(stream => format.Write(stream, loaded));
        }
        catch (ArgumentException exception)
        {
            throw Refused(exception.Message.Split(" (Parameter '")[0].TrimEnd('.'));
        }

        try
        {
            file.Commit(overwrite: Force);
        }
        catch (IOException) when (!Force && File.Exists(Output))
        {
            throw Exists();
        }
    }

    private void Tell(Terminal terminal, LoadedFile loaded, TargetFormat format)
    {
        if (loaded.Float8.Count > 0 && Target?.IsFloating() != true)
        {
            terminal.Note(
                $"MLX has no element type "
                + $"for {string.Join(", ", loaded.Float8.Values.Distinct())}: {Units.Plural(loaded.Float8.Count, "array")} became uint8, "
                + "with unchanged bytes (--dtype bfloat16 converts them to numbers).");
        }

        string[] metadata = [.. loaded.Metadata().Select(item => item.Key)];
        if (!format.HasMetadata && metadata.Length > 0)
        {
            string names = string.Join(", ", metadata.Take(3)) + (metadata.Length > 3 ? ", …" : "");
            terminal.Note($"{format.Extension[1..]} files have no metadata; lost: {names}.");
        }

        if (format.Extension.StartsWith(".np", StringComparison.Ordinal) && loaded.Arrays.Any(item => item.Value.DType == DType.BFloat16))
        {
            terminal.Note("NumPy has no bfloat16: MLX reads these arrays, but NumPy sees two-byte blocks "
                + "(--dtype float32 converts them).");
        }
    }

    private ToolException Refused(string reason) => new($"'{Input}' cannot become '{Output}': {reason}.");
}
