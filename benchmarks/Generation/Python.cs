using System.Diagnostics;
using System.Globalization;

namespace DotMlx.Benchmarks.Generation;

/// <summary>A Python with mlx and mlx-lm that generates when it is asked to.</summary>
internal sealed class Python : IDisposable
{
    private readonly Process _process;

    internal Python(string executable, IReadOnlyList<string> folders)
    {
        ProcessStartInfo start = new(executable, [Path.Combine(AppContext.BaseDirectory, "generate.py"), .. folders])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"'{executable}' did not start.");
        LoadTimes = [.. folders.Select(_ => Read())];
    }

    /// <summary>The seconds that each model took to load.</summary>
    internal IReadOnlyList<double> LoadTimes { get; }

    /// <summary>The seconds that each token after the first one took.</summary>
    internal double Generate(int model, int prompt, int tokens)
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model} {prompt} {tokens}"));
        _process.StandardInput.Flush();
        return Read();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private double Read() => _process.StandardOutput.ReadLine() is { } line
        ? double.Parse(line, CultureInfo.InvariantCulture)
        : throw new InvalidOperationException("Python ended; its message is above. It needs mlx and mlx-lm.");
}
