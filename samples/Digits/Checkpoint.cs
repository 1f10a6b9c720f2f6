namespace DotMlx.Samples.Digits;

/// <summary>A saved run: weights, optimizer state, history, and settings in one safetensors file.</summary>
internal static class Checkpoint
{
    private const string Format = "dotmlx-digits-1";

    /// <exception cref="UserErrorException">The file can't be written.</exception>
    public static void Save(Trainer trainer, string path)
    {
        var metadata = new Dictionary<string, string>(trainer.Settings.ToText()) { ["format"] = Format };
        OutputFile.Write(path, () => Mx.SaveSafetensors(path, trainer.CaptureState().Flatten(), metadata));
    }

    /// <summary>Reads a run. In a team, the first process reads it for all.</summary>
    /// <exception cref="UserErrorException">The file is missing, corrupt, or from another program.</exception>
    public static (TrainingSettings Settings, TreeDictionary State) Load(string path, Team? team = null)
    {
        byte[] content = team is null ? Read(path) : team.FromFirst(() => Read(path));
        try
        {
            SafetensorsFile file = Mx.LoadSafetensors(content);
            if (file.Metadata.GetValueOrDefault("format") != Format)
            {
                throw new FormatException("it was not written by this program");
            }

            return (TrainingSettings.FromText(file.Metadata), (TreeDictionary)Tree.Unflatten(file));
        }
        catch (Exception e) when (e is MlxException or InvalidDataException or IOException or UnauthorizedAccessException or FormatException
            or OverflowException)
        {
            throw Damaged(path, e);
        }
    }

    /// <summary>Restores a loaded state into a trainer.</summary>
    /// <exception cref="UserErrorException">The state lacks entries or has other shapes.</exception>
    public static void Restore(Trainer trainer, TreeDictionary state, string path)
    {
        try
        {
            trainer.RestoreState(state);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Damaged(path, e);
        }
    }

    private static byte[] Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"there is no checkpoint '{path}' to resume from: run without "
                + $"--resume first, or give its folder with --output.");
        }

        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Damaged(path, e);
        }
    }

    private static UserErrorException Damaged(string path, Exception e) =>
        new($"cannot resume from '{path}': {OneLine(e.Message)}", e);

    private static string OneLine(string message) => string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
