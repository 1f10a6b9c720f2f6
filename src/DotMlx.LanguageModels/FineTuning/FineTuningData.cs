namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The data for fine-tuning: a folder with <c>train.jsonl</c>, <c>valid.jsonl</c>, and <c>test.jsonl</c>, as in mlx-lm.</summary>
/// <param name="Train">The training set; null if the file doesn't exist.</param>
/// <param name="Valid">The validation set, which is evaluated during training; null if the file doesn't exist.</param>
/// <param name="Test">The test set for the final evaluation; null if the file doesn't exist.</param>
public sealed record FineTuningData(ExampleSet? Train, ExampleSet? Valid = null, ExampleSet? Test = null)
{
    /// <summary>Loads and validates the files of a folder (<c>load_dataset</c> of mlx-lm).</summary>
    /// <param name="folder">The folder, with at least one of the files.</param>
    /// <param name="model">The model, which supplies the tokenizer and the chat template.</param>
    /// <param name="options">The conversion options; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels loading.</param>
    /// <returns>The data sets of the folder.</returns>
    /// <exception cref="DirectoryNotFoundException">The folder doesn't exist.</exception>
    /// <exception cref="FileNotFoundException">The folder contains none of the files.</exception>
    /// <exception cref="InvalidDataException">A line is invalid. The message names the file, the line, and the fault.</exception>
    /// <exception cref="NotSupportedException">The model has no tokenizer.</exception>
    /// <exception cref="OperationCanceledException">Loading was canceled.</exception>
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
            ? throw new FileNotFoundException($"'{folder}' has no train.jsonl, valid.jsonl, or test.jsonl.",
                Path.Combine(folder, "train.jsonl"))
            : data;

        ExampleSet? Read(string name)
        {
            string path = Path.Combine(folder, name + ".jsonl");
            return File.Exists(path) ? ExampleSet.Load(path, model, options, cancellationToken) : null;
        }
    }
}
