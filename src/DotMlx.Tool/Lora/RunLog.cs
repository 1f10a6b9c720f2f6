using System.Globalization;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.Tool.Lora;

/// <summary>
/// Reports the progress of a run: a line for each report, a line of JSON in metrics.jsonl, and at the end the curves as PNG.
/// </summary>
internal sealed class RunLog : IProgress<FineTuningProgress>, IDisposable
{
    private readonly Terminal _terminal;
    private readonly string _curves;
    private readonly StreamWriter _metrics;
    private readonly List<(int Iteration, double Loss)> _training = [];
    private readonly List<(int Iteration, double Loss)> _validation = [];

    /// <param name="terminal">The terminal for the lines.</param>
    /// <param name="folder">The folder of the files.</param>
    /// <param name="iteration">The batch after which the run continues; lines about later batches are replaced.</param>
    public RunLog(Terminal terminal, string folder, int iteration)
    {
        _terminal = terminal;
        _curves = Path.Combine(folder, "curves.png");
        string path = Path.Combine(folder, "metrics.jsonl");
        string[] kept = iteration > 0 && File.Exists(path) ? [.. File.ReadLines(path).Where(line => TryRestore(line, iteration))] : [];
        File.WriteAllLines(path, kept);
        _metrics = new(path, append: true) { AutoFlush = true };
    }

    public void Report(FineTuningProgress value)
    {
        JsonObject json = new() { ["iteration"] = value.Iteration };
        if (value.Loss is { } loss)
        {
            _training.Add((value.Iteration, loss));
            json["loss"] = loss;
            json["learning_rate"] = value.LearningRate;
            json["iterations_per_second"] = Math.Round(value.IterationsPerSecond, 3);
            json["tokens_per_second"] = Math.Round(value.TokensPerSecond, 1);
            json["trained_tokens"] = value.TrainedTokens;
            json["peak_memory"] = value.PeakMemory;
            _terminal.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{value.Iteration,6}  loss {loss:F3}  rate {value.LearningRate:0.###e-0}  {value.TokensPerSecond:F0} tokens/s  "
                + $"{Units.Bytes(value.PeakMemory)}  {RemainingText(value.Remaining)}"));
        }
        if (value.ValidationLoss is { } validation)
        {
            _validation.Add((value.Iteration, validation));
            json["validation_loss"] = validation;
            _terminal.Line(string.Create(CultureInfo.InvariantCulture,
                $"{value.Iteration,6}  validation loss {validation:F3}  perplexity {Math.Exp(validation):F3}"));
        }
        _metrics.WriteLine(json.ToJsonString());
    }

    public void Draw()
    {
        if (_training.Count > 0)
        {
            Curves.Save(_curves, _training, _validation);
        }
    }

    public void Dispose() => _metrics.Dispose();

    private bool TryRestore(string line, int iteration)
    {
        try
        {
            if (JsonNode.Parse(line) is not JsonObject json || (int?)json["iteration"] is not { } at || at > iteration
                || (at == iteration && json["validation_loss"] is not null))
            {
                return false;
            }
            if ((double?)json["loss"] is { } loss)
            {
                _training.Add((at, loss));
            }
            if ((double?)json["validation_loss"] is { } validation)
            {
                _validation.Add((at, validation));
            }
            return true;
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or InvalidOperationException or FormatException)
        {
            // A killed process left this line incomplete.
            return false;
        }
    }

    private static string RemainingText(TimeSpan? remaining) =>
        remaining is { } time ? $"{(time.TotalHours >= 1 ? $"{(int)time.TotalHours}:" : "")}{time.ToString(time.TotalHours >= 1 ? @"mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture)} left" : "";
}
