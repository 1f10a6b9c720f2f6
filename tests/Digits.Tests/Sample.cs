using Spectre.Console;

namespace DotMlx.Samples.Digits.Tests;

/// <summary>Runs the sample in its own folder, as a shell with redirected output would.</summary>
internal sealed class Sample : IDisposable
{
    public Sample()
    {
        Folder = Directory.CreateTempSubdirectory("digits-").FullName;
        Output = Path.Combine(Folder, "out");
    }

    public string Folder { get; }

    public string Output { get; }

    public string CheckpointPath => Path.Combine(Output, DigitsCommand.CheckpointName);

    public string CurvesPath => Path.Combine(Output, DigitsCommand.CurvesName);

    public Result Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        string[] all = arguments.Contains("--output") ? arguments : ["--output", Output, .. arguments];
        int exit = DigitsCommand.Run(all, console, errors);
        return new Result(exit, output.ToString(), errors.ToString());
    }

    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal sealed record Result(int Exit, string Output, string Errors)
    {
        /// <summary>Checks that the run failed with exactly one line, which contains all of the parts.</summary>
        public void AssertRefused(params string[] parts)
        {
            Assert.That(Exit, Is.EqualTo(DigitsCommand.BadInput), Output + Errors);
            string[] lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.That(lines, Has.Length.EqualTo(1), Errors);
            Assert.That(lines[0], Does.StartWith("digits: "));
            foreach (string part in parts)
            {
                Assert.That(lines[0], Does.Contain(part));
            }
        }

        public void AssertSucceeded() => Assert.That(Exit, Is.EqualTo(DigitsCommand.Success), Output + Errors);
    }
}
