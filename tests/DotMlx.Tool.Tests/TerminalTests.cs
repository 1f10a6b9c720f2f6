using System.Text;
using Spectre.Console;

namespace DotMlx.Tool.Tests;

internal sealed class TerminalTests
{
    [Test]
    public void OnATerminalATableHasAFrameAndNamesAreNoMarkup()
    {
        using var text = new StringWriter();
        Write(new Screen(text));
        Assert.That(text.ToString(), Does.Contain("╭").And.Contain("│ [red]name[/] │   12 │"));
    }

    [Test]
    public void ElsewhereItIsPlainAndAligned()
    {
        using var text = new StringWriter();
        Write(new AnsiConsoleOutput(text));
        Assert.That(text.ToString().ReplaceLineEndings("\n"),
            Is.EqualTo("name          size  kind\n[red]name[/]    12\nb              345  x\n"));
    }

    [TestCase(0, "0 B")]
    [TestCase(999, "999 B")]
    [TestCase(1000, "1.0 kB")]
    [TestCase(999_949, "999.9 kB")]
    [TestCase(999_950, "1.0 MB")]
    [TestCase(123_456_789_012, "123.5 GB")]
    [TestCase(long.MaxValue, "unlimited")]
    public void SizesAreWrittenWithUnits(long bytes, string text) => Assert.That(Units.Bytes(bytes), Is.EqualTo(text));

    private static void Write(IAnsiConsoleOutput output)
    {
        IAnsiConsole console =
            AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = output });
        console.Profile.Capabilities.Unicode = true;
        new Terminal(console, TextWriter.Null).Table(["name", "size#", "kind"], [["[red]name[/]", "12", ""], ["b", "345", "x"]]);
    }

    private sealed class Screen(TextWriter writer) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => true;

        public int Width => 80;

        public int Height => 25;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}
