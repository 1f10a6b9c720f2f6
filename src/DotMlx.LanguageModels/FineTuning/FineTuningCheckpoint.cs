using System.Globalization;
using System.Text.RegularExpressions;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Saves and restores the checkpoints of a run. A checkpoint is one safetensors file, which is written atomically. It holds the trained
/// weights, the optimizer state, the random state, the accumulated gradients, and the position in the data.
/// </summary>
internal static partial class FineTuningCheckpoint
{
    private const string ModelKey = "model";
    private const string OptimizerKey = "optimizer";

    internal static void Save(FineTuner tuner, string folder)
    {
        Directory.CreateDirectory(folder);
        TreeDictionary state = (TreeDictionary)tuner.TrainingStep.CaptureState();
        state[ModelKey] = Names(tuner.Adapter.Weights);
        FineTuningPosition position = tuner.Position;
        Dictionary<string, string> metadata = new(tuner.Identity(), StringComparer.Ordinal)
        {
            ["format"] = "mlx",
            ["learning_rate"] = tuner.LearningRate,
            ["iteration"] = Text(position.Iteration),
            ["epoch"] = Text(position.Epoch),
            ["batch"] = Text(position.Batch),
            ["tokens"] = Text(position.Tokens),
            ["loss_sum"] = position.LossSum.ToString("R", CultureInfo.InvariantCulture),
            ["loss_count"] = Text(position.LossCount),
        };
        string path = Path.Combine(folder, FormattableString.Invariant($"checkpoint-{position.Iteration:D8}.safetensors"));
        state.Save(path, metadata);
        foreach ((_, string old) in Find(folder).Skip(tuner.Settings.KeptCheckpoints))
        {
            File.Delete(old);
        }
        foreach (string rest in Directory.GetFiles(folder, ".*").Where(file => Remainder().IsMatch(Path.GetFileName(file))))
        {
            // A killed process leaves its temporary file behind.
            File.Delete(rest);
        }
    }

    internal static bool Load(FineTuner tuner, string folder)
    {
        if (!Directory.Exists(folder))
        {
            return false;
        }
        InvalidDataException? broken = null;
        foreach ((_, string path) in Find(folder))
        {
            SafetensorsFile file;
            try
            {
                file = Mx.LoadSafetensors(path);
            }
            catch (InvalidDataException error)
            {
                broken ??= error;
                continue;
            }
            try
            {
                Restore(tuner, path, file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
            return true;
        }
        return broken is null ? false : throw broken;
    }

    private static void Restore(FineTuner tuner, string path, SafetensorsFile file)
    {
        foreach ((string name, string expected) in tuner.Identity())
        {
            string found = file.Metadata.GetValueOrDefault(name, "");
            if (found != expected)
            {
                string what = name is "model" or "data"
                    ? $"another {(name == "model" ? "model" : "training set, or the same one read otherwise")}"
                    : $"other {name}";
                throw new InvalidDataException(
                    $"'{path}' belongs to {what}" + (name is "model" or "data" ? "" : $": it has '{found}', expected '{expected}'")
                        + ". Use the settings that it was made with, or choose another folder.");
            }
        }
        var loaded = (TreeDictionary)file.ToTree();
        Tree model = tuner.TrainingStep.Model.CaptureState();
        TreeDictionary trained = (TreeDictionary)loaded[ModelKey];
        Dictionary<string, MlxArray> weights = trained.ToDictionary(item => item.Key, item => item.Value.Array, StringComparer.Ordinal);
        string[] missing = [.. tuner.Adapter.Weights.Keys.Where(name => !weights.ContainsKey(name))];
        if (missing.Length > 0)
        {
            throw new InvalidDataException($"'{path}' lacks {string.Join(", ", missing.Select(name => $"'{name}'"))}.");
        }
        loaded[ModelKey] = Tree.MapWithPath((name, array) => weights.GetValueOrDefault(name, array), model);
        tuner.TrainingStep.RestoreState(loaded);
        LearningRates.Apply(tuner.Optimizer, tuner.LearningRate, file.Metadata.GetValueOrDefault("learning_rate"));
        tuner.Position = new()
        {
            Iteration = int.Parse(file.Metadata["iteration"], CultureInfo.InvariantCulture),
            Epoch = long.Parse(file.Metadata["epoch"], CultureInfo.InvariantCulture),
            Batch = int.Parse(file.Metadata["batch"], CultureInfo.InvariantCulture),
            Tokens = long.Parse(file.Metadata["tokens"], CultureInfo.InvariantCulture),
            LossSum = double.Parse(file.Metadata["loss_sum"], CultureInfo.InvariantCulture),
            LossCount = int.Parse(file.Metadata["loss_count"], CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The checkpoints in a folder, newest first.</summary>
    private static List<(int Iteration, string Path)> Find(string folder) =>
        [.. Directory.GetFiles(folder, "checkpoint-*.safetensors")
            .Select(path => (Match: FileName().Match(Path.GetFileName(path)), path))
            .Where(item => item.Match.Success)
            .Select(item => (int.Parse(item.Match.Groups["iteration"].ValueSpan, CultureInfo.InvariantCulture), item.path))
            .OrderByDescending(item => item.Item1)];

    private static TreeDictionary Names(IReadOnlyDictionary<string, MlxArray> weights) =>
        new(weights.Select(item => KeyValuePair.Create(item.Key, (Tree)item.Value)));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("^checkpoint-(?<iteration>[0-9]{8,10})\\.safetensors$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex FileName();

    [GeneratedRegex("^\\.[0-9a-f]{32}\\.[a-z]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Remainder();
}
