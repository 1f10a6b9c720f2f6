using DotMlx.Samples.CharLm;
using DotMlx.Samples.Lora;
using Spectre.Console;

namespace DotMlx.Samples.Tests;

/// <summary>Runs the samples in a folder, as a shell with redirected output would.</summary>
internal sealed class Shell : IDisposable
{
    public Shell()
    {
        Folder = Directory.CreateTempSubdirectory("samples-").FullName;
        Text = Path.Combine(Folder, "text.md");
        File.WriteAllText(Text,
            string.Concat(Enumerable.Range(0, 120).Select(i => $"## Part {i % 10}\n\nOne array, two arrays, {i % 7} arrays.\n\n")));
    }

    public string Folder { get; }

    /// <summary>Writes a small Markdown file that is easy to learn.</summary>
    public string Text { get; }

    public string At(string name) => Path.Combine(Folder, name);

    /// <summary>Options for a model that trains quickly.</summary>
    public Result CharLm(string output, params string[] arguments) =>
        Run((console, errors) => CharLmCommand.Run(Small(output, arguments), console, errors));

    /// <summary>Runs the sample and interrupts it as soon as it prints a text.</summary>
    public Result CharLmUntil(string shown, string output, params string[] arguments)
    {
        using CancellationTokenSource interrupt = new();
        return Run(
            (console, errors) => CharLmCommand.Run(Small(output, arguments), console, errors, interrupt.Token),
            new Watcher(shown, interrupt.Cancel));
    }

    public Result Lora(params string[] arguments) => Run((console, errors) => LoraCommand.Run(arguments, console, errors));

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Adds default arguments.</summary>
    private string[] Small(string output, string[] arguments)
    {
        string[] defaults = [$"--data={Text}", $"--output={At(output)}", "--context=16", "--batch-size=4", "--dims=32",
            "--heads=2", "--layers=1"];
        return [.. defaults.Where(option =>
            !arguments.Any(given => given.StartsWith(option.Split('=')[0] + "=", StringComparison.Ordinal))), .. arguments];
    }

    private static Result Run(Func<IAnsiConsole, TextWriter, int> program, StringWriter? writer = null)
    {
        using StringWriter output = writer ?? new StringWriter();
        using StringWriter errors = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        int exit = program(console, errors);
        return new Result(exit, output.ToString().ReplaceLineEndings("\n"), errors.ToString());
    }

    internal sealed record Result(int Exit, string Output, string Errors)
    {
        public Result Succeeded()
        {
            Assert.That(Exit, Is.Zero, Output + Errors);
            return this;
        }

        /// <summary>Checks that the run failed with exactly one line, which contains the text.</summary>
        public void Refused(string program, string part)
        {
            Assert.That(Exit, Is.EqualTo(1), Output + Errors);
            string[] lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.That(lines, Has.Length.EqualTo(1), Errors);
            Assert.That(lines[0], Does.StartWith(program + ": ").And.Contain(part));
        }

        /// <summary>Returns the numbers after a word, in order.</summary>
        public double[] Numbers(string after) =>
        [
            .. Output.Split(after).Skip(1).Select(rest => rest.TrimStart().Split(' ', ',', '\n', ';')[0])
                .Where(word => double.TryParse(word, out _))
                .Select(word => double.Parse(word, System.Globalization.CultureInfo.InvariantCulture)),
        ];
    }

    private sealed class Watcher(string text, Action seen) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true)
            {
                seen();
            }
        }
    }
}
