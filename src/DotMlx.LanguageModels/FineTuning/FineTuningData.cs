namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The data of a fine-tuning: a folder with <c>train.jsonl</c>, <c>valid.jsonl</c> and <c>test.jsonl</c>, as for mlx-lm.</summary>
/// <param name="Train">What is learned; null where there is no such file.</param>
/// <param name="Valid">What the model is tried on while it learns, or null.</param>
/// <param name="Test">What the model is tried on at the end, or null.</param>
public sealed record FineTuningData(ExampleSet? Train, ExampleSet? Valid = null, ExampleSet? Test = null)
{
    /// <summary>Reads and checks the files of a folder.</summary>
    /// <param name="folder">The folder, with at least one of the files.</param>
    /// <param name="model">The model, whose tokenizer and chat template make the tokens.</param>
    /// <param name="options">How lines become tokens; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder has none of the files.</exception>
    /// <exception cref="InvalidDataException">A line is bad; the message names file, line and fault.</exception>
    /// <exception cref="NotSupportedException">The model has no tokenizer.</exception>
    public static FineTuningData Load(
        string folder, LanguageModel model, DataOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}' with train.jsonl.");
        }
        FineTuningData data = new(Read("train"), Read("valid"), Read("test"));
        return data is { Train: null, Valid: null, Test: null }
            ? throw new FileNotFoundException($"'{folder}' has no train.jsonl, valid.jsonl or test.jsonl.", Path.Combine(folder, "train.jsonl"))
            : data;

        ExampleSet? Read(string name)
        {
            string path = Path.Combine(folder, name + ".jsonl");
            return File.Exists(path) ? ExampleSet.Load(path, model, options, cancellationToken) : null;
        }
    }
}
