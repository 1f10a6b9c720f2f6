using System.Diagnostics;
using System.Globalization;

namespace DotMlx.Benchmarks.Generation;

/// <summary>A Python process with mlx and mlx-lm that runs a script and measures on request.</summary>
internal sealed class Python : IDisposable
{
    private readonly Process _process;

    internal Python(string executable, string script, IReadOnlyList<string> folders)
    {
        ProcessStartInfo start = new(executable, [Path.Combine(AppContext.BaseDirectory, script), .. folders])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"'{executable}' did not start.");
        LoadTimes = [.. folders.Select(_ => Read())];
    }

    /// <summary>The loading time of each model, in seconds.</summary>
    internal IReadOnlyList<double> LoadTimes { get; }

    /// <summary>Returns the seconds with which the script answers a line.</summary>
    internal double Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
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
