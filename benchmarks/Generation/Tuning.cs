using System.Diagnostics;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.NN;
using DotMlx.Optimizers;
using Spectre.Console;

namespace DotMlx.Benchmarks.Generation;

/// <summary>Measures LoRA steps of a model with DotMlx and with mlx-lm's trainer.</summary>
internal sealed class Tuning : IDisposable
{
    private const int Rows = 4;
    private const int Length = 65;

    private readonly LanguageModel _stepped;
    private readonly LanguageModel _built;
    private readonly FineTuner _tuner;
    private readonly TrainingBatch _batch;
    private readonly Adam _optimizer = new(1e-5) { GroupSmallParameters = true };
    private readonly Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> _gradients;

    private Tuning(string folder)
    {
        using MlxArray tokens = MlxArray.Create<int>(
            [.. Enumerable.Range(0, Rows).SelectMany(row => Enumerable.Range(0, Length).Select(i => 1 + (((7 * row) + i) % 300)))],
            Rows, Length);
        using MlxArray lengths = MlxArray.Create<int>(
            [.. Enumerable.Repeat(new[] { 0, Length - 1 }, Rows).SelectMany(bounds => bounds)], Rows, 2);
        _batch = TrainingBatch.Create(tokens, lengths);
        _stepped = LanguageModel.Load(folder);
        _tuner = new(_stepped, null, new() { Layers = 0 }, new Adam(1e-5));
        _built = LanguageModel.Load(folder);
        _built.Adapter = Adapter.Create(_built, new() { Layers = 0 });
        Decoder decoder = _built.Decoder;
        decoder.Train();
        _gradients = decoder.ValueAndGrad((ids, mask) =>
        {
            MlxArray losses = Losses.CrossEntropy(decoder.Forward(ids[.., ..^1]), ids[.., 1..]) * mask;
            return Mx.Sum(Mx.AsType(losses, DType.Float32)) / Mx.Sum(mask);
        });
    }

    /// <summary>Measures the models with DotMlx and mlx-lm in turn.</summary>
    internal static Table Measure(IReadOnlyList<ModelMaker> makers, IReadOnlyList<string> folders, string? python, int rounds, int steps)
    {
        using Python? other = python is null ? null : new(python, "tune.py", folders);
        Table table = new Table().AddColumns("model", "LoRA step, us", "mlx-lm, us", "ratio", "graph, us", "mlx-lm, us", "ratio");
        for (int i = 0; i < makers.Count; i++)
        {
            using Tuning own = new(folders[i]);
            table.AddRow([
                makers[i].Name, .. Report.Compare(rounds, () => own.Step(steps), () => other?.Ask($"{i} {steps} step")),
                .. Report.Compare(rounds, () => own.Build(steps), () => other?.Ask($"{i} {steps} build"))]);
        }
        return table;
    }

    public void Dispose()
    {
        _tuner.Dispose();
        _batch.Dispose();
        _stepped.Dispose();
        _built.Dispose();
    }

    /// <summary>Returns the seconds of a complete compiled step.</summary>
    private double Step(int count)
    {
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            _tuner.Step(_batch);
        }
        return Stopwatch.GetElapsedTime(begun).TotalSeconds / count;
    }

    /// <summary>
    /// Returns the seconds that building the graph of a step takes, with the optimizer settings of a step that isn't compiled.
    /// </summary>
    private double Build(int count)
    {
        TimeSpan passed = default;
        for (int i = 0; i < count; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            long begun = Stopwatch.GetTimestamp();
            (MlxArray loss, TreeDictionary gradients) = _gradients(_batch.Tokens, _batch.Mask);
            _optimizer.Update(_built.Decoder, gradients);
            passed += Stopwatch.GetElapsedTime(begun);
            Mx.Eval(_built.Decoder.TrainableParameters(), _optimizer.State);
            loss.Eval();
        }
        return passed.TotalSeconds / count;
    }
}
