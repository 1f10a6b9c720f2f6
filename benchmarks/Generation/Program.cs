using System.CommandLine;
using System.Diagnostics;
using DotMlx;
using DotMlx.Benchmarks.Generation;
using DotMlx.LanguageModels;
using Spectre.Console;

var python = new Option<string?>("--python") { Description = "A Python with mlx and mlx-lm to compare with." };
var folder = new Option<string>("--folder")
{
    Description = "The folder of the models, which are created if they are missing.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "dotmlx-generation"),
};
var only = new Option<string?>("--only") { Description = "Uses only models whose name contains this text." };
var rounds = new Option<int>("--rounds") { Description = "Rounds per model; the median is reported.", DefaultValueFactory = _ => 7 };
var tokens = new Option<int>("--tokens") { Description = "Tokens per round.", DefaultValueFactory = _ => 100 };
var prompt = new Option<int>("--prompt") { Description = "Tokens of the prompt.", DefaultValueFactory = _ => 32 };
var tuning = new Option<int>("--tune") { Description = "Measures this many steps of LoRA per round instead of generation." };
var command = new RootCommand("Generates or fine-tunes with DotMlx and with mlx-lm in turn, and prints costs and ratios.")
{
    python, folder, only, rounds, tokens, prompt, tuning,
};
command.SetAction(result =>
{
    string part = result.GetValue(only) ?? "";
    ModelMaker[] makers = [.. ModelMaker.All.Where(maker => maker.Name.Contains(part, StringComparison.OrdinalIgnoreCase))];
    string[] folders = [.. makers.Select(maker => Path.Combine(result.GetValue(folder)!, maker.Name))];
    foreach ((ModelMaker maker, string path) in makers.Zip(folders))
    {
        maker.Make(path);
    }
    AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 120);
    if (result.GetValue(tuning) is > 0 and var steps)
    {
        Console.WriteLine($"{MlxLibrary.Kind} {MlxLibrary.MlxVersion}; {result.GetValue(rounds)} rounds of {steps} steps");
        AnsiConsole.Write(Tuning.Measure(makers, folders, result.GetValue(python), result.GetValue(rounds), steps));
        return 0;
    }
    using Python? other = result.GetValue(python) is { } executable ? new(executable, "generate.py", folders) : null;
    Console.WriteLine($"{MlxLibrary.Kind} {MlxLibrary.MlxVersion}; {result.GetValue(rounds)} rounds of {result.GetValue(tokens)} tokens");
    Table table = new Table().AddColumns(
        "model", "read, s", "load, s", "load vs. mlx-lm", "memory / file", "token, us", "mlx-lm, us", "ratio");
    for (int i = 0; i < makers.Length; i++)
    {
        long size = new FileInfo(Path.Combine(folders[i], "model.safetensors")).Length;
        double read = ReadTime(Path.Combine(folders[i], "model.safetensors"));
        Mx.ResetPeakMemory();
        long before = Mx.GetActiveMemory();
        Stopwatch watch = Stopwatch.StartNew();
        using LanguageModel model = LanguageModel.Load(folders[i]);
        Mx.Eval(model.Model.Parameters());
        double load = watch.Elapsed.TotalSeconds;
        _ = Generate(model, result.GetValue(prompt), result.GetValue(tokens));
        double memory = (double)(Mx.GetPeakMemory() - before) / size;
        table.AddRow([
            makers[i].Name, Report.Text(read, "F2"), Report.Text(load, "F2"), Report.Text(load / (other?.LoadTimes[i] ?? double.NaN), "F2"),
            Report.Text(memory, "F2"),
            .. Report.Compare(
                result.GetValue(rounds), () => Generate(model, result.GetValue(prompt), result.GetValue(tokens)),
                () => other?.Ask($"{i} {result.GetValue(prompt)} {result.GetValue(tokens)}"))]);
    }
    AnsiConsole.Write(table);
    return 0;
});
return command.Parse(args).Invoke();

// Returns the seconds of each token after the first one.
static double Generate(LanguageModel model, int length, int count)
{
    int[] prompt = [.. Enumerable.Range(0, length).Select(i => 1 + (i % 300))];
    long begun = 0;
    int made = 0;
    foreach (GeneratedToken _ in model.Generate(prompt, new() { MaxTokens = count, EndTokens = [] }))
    {
        if (made++ == 0)
        {
            begun = Stopwatch.GetTimestamp();
        }
    }
    return Stopwatch.GetElapsedTime(begun).TotalSeconds / (made - 1);
}

// Returns the seconds in which the disk, or the system's cache, delivers a file.
static double ReadTime(string path)
{
    Stopwatch watch = Stopwatch.StartNew();
    using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
    byte[] buffer = new byte[1 << 20];
    while (file.Read(buffer) > 0)
    {
    }
    return watch.Elapsed.TotalSeconds;
}
