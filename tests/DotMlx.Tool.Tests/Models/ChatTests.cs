using System.Text.Json.Nodes;
using DotMlx.Tool.Chat;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Models;

internal sealed class ChatTests
{
    [Test]
    public void EachLineOfAPipeIsAnsweredAndTheHistoryGrows()
    {
        Result result = Chat("Hello\n\nAnd now?\n/history\n").Succeeded();
        Assert.That(result.Lines.Where(line => line.StartsWith("user: ", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "user: Hello", "user: And now?" }));
        Assert.That(result.Lines.Count(line => line.StartsWith("assistant:", StringComparison.Ordinal)), Is.EqualTo(2));
        string[] notes = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(notes, Has.Length.EqualTo(2).And.All.StartsWith("note: ").And.All.Contain("tokens/s"));
        Assert.That(notes[1], Does.Contain(" cached"), "the first turn is computed once");
    }

    [Test]
    public void CommandsChangeTheConversation()
    {
        string History(string input) =>
            string.Join('|', Chat(input + "\n/history\n").Succeeded().Lines.Where(line => line.Contains(": ", StringComparison.Ordinal)));
        Assert.That(History("Hello\n/reset"), Is.Empty);
        Assert.That(History("/system Be brief."), Is.EqualTo("system: Be brief."));
        Assert.That(History("/system Be brief.\n/system"), Is.Empty);
        Assert.That(Chat("/help").Succeeded().Output, Does.Contain("/retry").And.Contain("/save FILE"));
        Assert.That(Chat("/exit\nHello\n").Succeeded().Errors, Is.Empty);
        Assert.That(Chat("Hello\n/retry\n/history\n").Succeeded().Lines.Count(line => line == "user: Hello"), Is.EqualTo(1));
        Assert.That(Chat("Hello \\\nyou\n/history\n").Succeeded().Output, Does.Contain("user: Hello \nyou"));
    }

    [Test]
    public void AConversationIsSavedAndLoaded()
    {
        using TemporaryFolder folder = new();
        string file = folder["chat.json"];
        Chat($"/system Be brief.\nHello\n/save {file}\n").Succeeded();
        JsonArray saved = JsonNode.Parse(File.ReadAllText(file))!.AsArray();
        Assert.That(saved.Select(item => (string?)item!["role"]), Is.EqualTo(new[] { "system", "user", "assistant" }));
        string loaded = Chat($"/load {file}\n/history\n").Succeeded().Output;
        Assert.That(loaded, Does.StartWith("system: Be brief.").And.Contain("user: Hello"));
        Assert.That(Chat("/history\n", "--load", file).Succeeded().Output, Is.EqualTo(loaded));
    }

    [TestCase("/frobnicate", "/frobnicate")]
    [TestCase("/save", "FILE")]
    [TestCase("/load /does/not/exist.json", "/does/not/exist.json")]
    [TestCase("/retry", "no answer")]
    public void AMistakeInAPipeIsOneLine(string line, string part) =>
        Chat(line + "\nHello\n").AssertRefused(part == "FILE" ? "file" : part);

    [TestCase("{}", "a list of messages")]
    [TestCase("[", "isn't valid JSON")]
    [TestCase("""[{"role": "user"}]""", "message 1 has no content")]
    [TestCase("""[{"role": "wizard", "content": "x"}]""", "wizard")]
    public void ABrokenConversationIsRefused(string text, string part)
    {
        using TemporaryFolder folder = new();
        folder.Write("chat.json", text);
        Chat("", "--load", folder["chat.json"]).AssertRefused("chat.json", part);
    }

    [Test]
    public void AnErrorOnATerminalIsOneLineAndTheChatContinues()
    {
        using StringWriter output = new(), errors = new();
        Queue<ConsoleKeyInfo> keys = new([.. Keys("/frobnicate\n"), .. Keys("/system Hi\n"), .. Keys("/history\n"), .. Keys("/exit\n")]);
        int exit = ToolCommand.Run(["chat", "--model", Model.Qwen3], CommandLine.Terminal(output, errors, keys: keys.Dequeue));
        Assert.That(exit, Is.Zero);
        Assert.That(errors.ToString().Trim().Split('\n'), Has.Length.EqualTo(1).And.One.Contains("/frobnicate"));
        Assert.That(output.ToString(), Does.Contain("system: Hi"));
    }

    [Test]
    public void TheLineEditorEditsAndRemembers()
    {
        ConsoleKeyInfo[] keys =
        [
            .. Keys("Helo"), Key(ConsoleKey.LeftArrow), .. Keys("l"), Key(ConsoleKey.Home), .. Keys(">"),
            Key(ConsoleKey.Delete), .. Keys("H\n"),
            .. Keys("two words\n"),
            Key(ConsoleKey.UpArrow), Key(ConsoleKey.UpArrow), Key(ConsoleKey.DownArrow), Control(ConsoleKey.W), .. Keys("lines\n"),
            .. Keys("draft"), Key(ConsoleKey.UpArrow), Key(ConsoleKey.DownArrow), .. Keys("s\n"),
            .. Keys("a\U0001F600"), Key(ConsoleKey.Backspace), .. Keys("b\n"),
            .. Keys("abc"), Control(ConsoleKey.A), Key(ConsoleKey.RightArrow), Control(ConsoleKey.K), .. Keys("\n"),
            Control(ConsoleKey.D),
        ];
        Queue<ConsoleKeyInfo> queue = new(keys);
        using StringWriter screen = new();
        LineEditor editor = new(screen, queue.Dequeue, () => 20);
        List<string> lines = [];
        while (editor.ReadLine("> ") is { } line)
        {
            lines.Add(line);
        }
        Assert.That(lines, Is.EqualTo(new[] { ">Hello", "two words", "two lines", "drafts", "ab", "a" }));
        Assert.That(queue, Is.Empty);
    }

    [Test]
    public void ALongLineScrollsInsteadOfWrapping()
    {
        Queue<ConsoleKeyInfo> queue = new(Keys(new string('x', 50) + "\n"));
        using StringWriter screen = new();
        Assert.That(new LineEditor(screen, queue.Dequeue, () => 20).ReadLine("> "), Has.Length.EqualTo(50));
        Assert.That(screen.ToString().Split("\e[K").Skip(1).Select(part => part.Split('\r')[0].Length), Has.All.LessThanOrEqualTo(20));
    }

    private static Result Chat(string input, params string[] more) =>
        CommandLine.RunWith(input, ["chat", "--model", Model.Qwen3, "--max-tokens", "5", "--temp", "0", .. more]);

    private static IEnumerable<ConsoleKeyInfo> Keys(string text) =>
        text.Select(c => c == '\n' ? Key(ConsoleKey.Enter) : new ConsoleKeyInfo(c, 0, false, false, false));

    private static ConsoleKeyInfo Key(ConsoleKey key) => new('\0', key, false, false, false);

    private static ConsoleKeyInfo Control(ConsoleKey key) => new('\0', key, false, false, true);
}
