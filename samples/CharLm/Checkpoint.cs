namespace DotMlx.Samples.CharLm;

/// <summary>A saved run: weights, optimizer state, settings, and characters in one safetensors file.</summary>
internal static class Checkpoint
{
    public const string FileName = "charlm.safetensors";
    private const string Format = "dotmlx-charlm-2";

    /// <exception cref="UserErrorException">The file can't be written.</exception>
    /// <param name="path">The file.</param>
    /// <param name="state">The model and the data that a resumed training needs.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="vocabulary">The characters.</param>
    public static void Save(string path, Tree state, TrainingSettings settings, Vocabulary vocabulary)
    {
        Dictionary<string, string> metadata = new(settings.ToText()) { ["format"] = Format, ["characters"] = vocabulary.Characters };
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            Mx.SaveSafetensors(path, state.Flatten(), metadata);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write '{path}': {error.Message}", error);
        }
    }

    /// <exception cref="UserErrorException">The file is missing, corrupt, or from another program.</exception>
    public static (TrainingSettings Settings, Vocabulary Vocabulary, TreeDictionary State) Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"there is no checkpoint '{path}': train first, or pass its folder with --output.");
        }
        try
        {
            SafetensorsFile file = Mx.LoadSafetensors(path);
            if (file.Metadata.GetValueOrDefault("format") != Format || !file.Metadata.TryGetValue("characters", out string? characters))
            {
                throw new FormatException("it was not written by this program");
            }
            return (TrainingSettings.FromText(file.Metadata), Vocabulary.FromCharacters(characters), (TreeDictionary)Tree.Unflatten(file));
        }
        catch (Exception error) when (error is MlxException or InvalidDataException or IOException
            or UnauthorizedAccessException or FormatException)
        {
            throw new UserErrorException($"cannot read '{path}': {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
