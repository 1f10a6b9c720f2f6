using System.Diagnostics;
using DotMlx.Tests.Shared;

namespace DotMlx.LanguageModels.Tests;

/// <summary>A killed run continues from its last checkpoint with the losses of an uninterrupted run.</summary>
internal sealed class KilledRunTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("dotmlx-killed-").FullName;
        TuningData.Write(_folder);
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void TwoKilledRunsResumeToTheSameResult() => Kill(times: 2, iterations: 30);

    [Test]
    [Explicit("Takes a minute.")]
    public void TwentyKilledRunsResumeToTheSameResult() => Kill(times: 20, iterations: 600);

    private void Kill(int times, int iterations)
    {
        Dictionary<int, string> expected = [];
        Run("undisturbed", iterations, null, expected);
        Random random = new(17);
        Dictionary<int, string> found = [];
        int killed = 0;
        while (killed < times && Run("killed", iterations, TimeSpan.FromMilliseconds(random.Next(300)), found))
        {
            killed++;
        }
        Run("killed", iterations, null, found);
        Assert.Multiple(() =>
        {
            Assert.That(killed, Is.EqualTo(times), "a child ended before it was killed");
            Assert.That(expected, Has.Count.EqualTo(iterations));
            Assert.That(found, Is.EqualTo(expected));
            Assert.That(Directory.GetFiles(Path.Combine(_folder, "killed")), Has.Length.EqualTo(2),
                "the last checkpoints are kept, and nothing else");
        });
    }

    /// <summary>Runs a child and collects its losses; each must equal the loss found earlier for its batch.</summary>
    /// <returns>Returns whether the child was killed before its end.</returns>
    private bool Run(string checkpoints, int iterations, TimeSpan? killAfter, Dictionary<int, string> losses)
    {
        ProcessStartInfo start = OwnProgram.Start(
            typeof(KilledRunTests).Assembly.Location, "tune", _folder, Path.Combine(_folder, checkpoints),
            iterations.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        bool begun = false;
        while (child.StandardOutput.ReadLine() is { } line)
        {
            if (!line.EndsWith('.') || line.Split(' ') is not [var number, var bits])
            {
                continue;
            }
            int iteration = int.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
            Assert.That(losses.GetValueOrDefault(iteration, bits), Is.EqualTo(bits), $"loss {iteration}");
            losses[iteration] = bits;
            if (killAfter is { } time && !begun)
            {
                begun = true;
                _ = Task.Delay(time).ContinueWith(_ => child.Kill(), TaskScheduler.Default);
            }
        }
        child.WaitForExit();
        bool killed = child.ExitCode != 0;
        Assert.That(killed && killAfter is null ? errors.Result : "", Is.Empty);
        return killed;
    }
}
