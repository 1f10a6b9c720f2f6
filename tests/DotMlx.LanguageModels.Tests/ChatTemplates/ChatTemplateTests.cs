using System.Text.Json;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.ChatTemplates;

/// <summary>Tests every conversation of the models with known answers, and every error.</summary>
[TestFixtureSource(typeof(TestModels), nameof(TestModels.Names))]
internal sealed class ModelChatTemplateTests(string name)
{
    private static readonly string[] NotVariables = ["name", "rendered", "error", "messages", "tools", "add_generation_prompt"];

    [Test]
    public void RendersEveryChat()
    {
        string folder = TestModels.Folder(name);
        JsonNode expected = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")))!;
        if (expected["chats"] is not JsonArray chats)
        {
            Assert.That(ChatTemplate.Load(folder), Is.Null);
            return;
        }
        ChatTemplate template = ChatTemplate.Load(folder)!;
        IReadOnlyDictionary<string, string> special = Tokenizer.Load(folder).SpecialTokens;
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonNode? chat in chats)
            {
                string title = (string)chat!["name"]!;
                var more = chat.AsObject().Where(member => !NotVariables.Contains(member.Key))
                    .ToDictionary(member => member.Key, member => (object?)member.Value);
                string Render() => template.Render(
                    chat["messages"]!.AsArray(), chat["tools"]?.AsArray(), (bool)chat["add_generation_prompt"]!, special, more);

                if (chat["rendered"] is { } rendered)
                    Assert.That(Render(), Is.EqualTo((string)rendered!), title);
                else
                {
                    ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Render(), title)!;
                    Assert.That((error.IsRefusal, error.Message), Is.EqualTo((true, (string)chat["error"]!)), title);
                }
            }
        }
    }
}

/// <summary>The results of Jinja2 3.1.6 for templates, in the environment that transformers creates, and the lines of its errors.</summary>
internal sealed class TemplateGoldenTests
{
    private static readonly JsonObject Golden =
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "templates.json")))!.AsObject();

    private static readonly Dictionary<string, object?> Variables =
        Golden["variables"]!.AsObject().ToDictionary(member => member.Key, member => (object?)member.Value);

    private static IEnumerable<TestCaseData> Rendered => Cases.Where(item => item.Count == 2)
        .Select((item, i) => new TestCaseData((string)item[0]!, (string)item[1]!).SetArgDisplayNames($"{i}"));

    private static IEnumerable<TestCaseData> Faults => Cases.Where(item => item.Count == 3)
        .Select((item, i) => new TestCaseData((string)item[0]!, (int)item[2]!).SetArgDisplayNames($"{i}"));

    private static IEnumerable<JsonArray> Cases => Golden["cases"]!.AsArray().Select(item => item!.AsArray());

    [TestCaseSource(nameof(Rendered))]
    public void RenderedTextMatchesJinja(string template, string expected) =>
        Assert.That(ChatTemplate.Parse(template).Render(Variables, new FixedTime()), Is.EqualTo(expected), template);

    [TestCaseSource(nameof(Faults))]
    public void ErrorsNameTheLine(string template, int line)
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render(Variables), template)!;
        Assert.That(error.Line, Is.EqualTo(line), $"{template}: {error.Message}");
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 3, 5, 14, 7, 9, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    }
}

/// <summary>The behavior that a caller sees: files, errors, refusals, values, limits.</summary>
internal sealed class ChatTemplateTests
{
    private static readonly Dictionary<string, object?> None = [];

    private static string Render(string template, object? x = null) =>
        ChatTemplate.Parse(template).Render(new Dictionary<string, object?> { ["x"] = x });

    [Test]
    public void TakesValuesOfDotNet()
    {
        object?[] values =
        [
            null, true, (byte)1, -2, 3L, ulong.MaxValue, 1.5f, 2.5m, 3m, "é", new[] { 1, 2 }, new List<object?> { "a", null },
            new Dictionary<string, object?> { ["a"] = 1 }, new SortedDictionary<string, string> { ["b"] = "c" },
            JsonDocument.Parse("""{"k": [1, 1.0, 1e5, 12345678901234567890, null]}"""), JsonNode.Parse("[true]"),
        ];
        Assert.That(Render("{{ x | tojson }}", values), Is.EqualTo(
            """[null, true, 1, -2, 3, 18446744073709551615, 1.5, 2.5, 3, "é", [1, 2], ["a", null], {"a": 1}, {"b": "c"}, """
            + """{"k": [1, 1.0, 100000.0, 12345678901234567890, null]}, [true]]"""));
    }

    [Test]
    public void RefusesTypesThatItWouldHaveToReflect() =>
        Assert.That(() => Render("{{ x }}", new Uri("http://localhost")),
            Throws.ArgumentException.With.Message.Contains("'x' is of the type System.Uri"));

    [Test]
    public void RefusesValuesThatContainThemselves()
    {
        var endless = new List<object?>();
        endless.Add(endless);
        Assert.That(() => Render("{{ x }}", endless), Throws.ArgumentException.With.Message.Contains("nested more than 256 deep"));
    }

    [Test]
    public void ErrorsNameTheTemplateAndTheLine()
    {
        var template = ChatTemplate.Parse("a\n{{ x.y }}\n{{ z.y }}", "my template");
        ChatTemplateException error =
            Assert.Throws<ChatTemplateException>(() => template.Render(new Dictionary<string, object?> { ["x"] = "" }))!;
        Assert.That((error.Template, error.Line, error.IsRefusal), Is.EqualTo(("my template", 3, false)));
        Assert.That(error.Message, Is.EqualTo("my template, line 3: 'z' is undefined"));
    }

    [Test]
    public void ReadsTheTemplatesOfAFolder()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("templates");
        try
        {
            string In(string file) => Path.Combine(folder.FullName, file);

            Assert.That((ChatTemplate.Load(folder.FullName), ChatTemplate.NamesIn(folder.FullName)),
                Is.EqualTo(((ChatTemplate?)null, Array.Empty<string>())));
            File.WriteAllText(In("tokenizer_config.json"),
                """{"chat_template": [{"name": "default", "template": "one"}, {"name": "tool_use", "template": "{{ broken"}]}""");
            Assert.That(ChatTemplate.NamesIn(folder.FullName), Is.EquivalentTo(new[] { "default", "tool_use" }));
            Assert.That(ChatTemplate.Load(folder.FullName)!.Render(None), Is.EqualTo("one"));
            Assert.That(() => ChatTemplate.Load(folder.FullName, "tool_use"),
                Throws.TypeOf<ChatTemplateException>().With.Message.Contains(In("tokenizer_config.json")).And.Message
                    .Contains("tool_use").And.Message.Contains("line 1"));
            File.WriteAllText(In("chat_template.jinja"), "two");
            Directory.CreateDirectory(In("additional_chat_templates"));
            File.WriteAllText(In("additional_chat_templates/rag.jinja"), "three");
            Assert.That(ChatTemplate.Load(folder.FullName)!.Render(None), Is.EqualTo("two"));
            Assert.That(ChatTemplate.Load(folder.FullName, "rag")!.Render(None), Is.EqualTo("three"));
            Assert.That(ChatTemplate.Load(folder.FullName, "other"), Is.Null);
            File.WriteAllText(In("tokenizer_config.json"), """{"chat_template": 7}""");
            Assert.That(() => ChatTemplate.Load(folder.FullName),
                Throws.TypeOf<InvalidDataException>().With.Message
                    .EqualTo($"{In("tokenizer_config.json")}: $.chat_template: expected a list, found 7"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestCase("{% include 'x' %}", "the tag 'include' is not supported")]
    [TestCase("{% block x %}{% endblock %}", "the tag 'block' is not supported")]
    [TestCase("{% for x in [] recursive %}{% endfor %}", "recursive loops are not supported")]
    [TestCase("{{ 'x' | xmlattr }}", "the filter 'xmlattr' is not supported")]
    [TestCase("{{ 'x' is nice }}", "the test 'nice' is not supported")]
    [TestCase("{{ 'x'.encode() }}", "'str object' has no attribute 'encode'")]
    [TestCase("{{ '\\N{BULLET}' }}", "(\\N) is not supported")]
    [TestCase("{{ strftime_now('%Q') }}", "strftime's '%Q' is not supported")]
    public void RefusesByNameWhatItDoesNotHave(string template, string reason) =>
        Assert.That(() => Render(template), Throws.TypeOf<ChatTemplateException>().With.Message.Contains(reason));

    [TestCase("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself more than 100 deep")]
    [TestCase("{{ 'x' * 10 ** 12 }}", "characters")]
    [TestCase("{{ [0] * 10 ** 12 }}", "items")]
    [TestCase("{{ range(10 ** 9) }}", "range() of more than")]
    [TestCase("{{ 10 ** (10 ** 10) }}", "bits")]
    [TestCase("{{ 'x' | center(10 ** 9) }}", "characters")]
    [TestCase("{{ 'x'.ljust(10 ** 9) }}", "characters")]
    [TestCase("{{ 'x' | indent(10 ** 9) }}", "characters")]
    [TestCase("{{ '%999999999d' % 1 }}", "wider")]
    [TestCase("{{ '{:>999999999}'.format(1) }}", "wider")]
    [TestCase("{{ [] | tojson(indent=10 ** 9) }}{{ ('x' * 10 ** 6).replace('', 'y' * 1000) }}", "characters")]
    [TestCase("{% set s = namespace(x='x') %}{% for i in range(99) %}{% set s.x = s.x + s.x %}{% endfor %}", "characters")]
    [TestCase("{% set s = namespace(x=[0]) %}{% for i in range(99) %}{% set s.x = s.x + s.x %}{% endfor %}", "items")]
    [TestCase("{% for i in range(99999) %}{{ 'x' * 10000 }}{% endfor %}", "characters")]
    [TestCase("{% set s = namespace(x=[]) %}{% for i in range(99999) %}{% set s.x = [s.x, s.x] %}{% endfor %}{{ s.x }}", "")]
    [TestCase("{% set s = namespace(x=[]) %}{% for i in range(99999) %}{% set s.x = [s.x] %}{% endfor %}{{ s.x | tojson }}", "deep")]
    [TestCase("{% set s = namespace(x=[]) %}{% for i in range(99999) %}{% set s.x = [s.x] %}{% endfor %}{{ s.x == [s.x] }}", "deep")]
    public void ForeignTemplatesHaveAnEnd(string template, string reason) =>
        Assert.That(() => Render(template), Throws.TypeOf<ChatTemplateException>().With.Message.Contains(reason));

    [TestCase("(", ")")]
    [TestCase("[", "]")]
    [TestCase("{1:", "}")]
    [TestCase("-", "")]
    [TestCase("not ", "")]
    [TestCase("x(", ")")]
    [TestCase("1 if 1 else ", "")]
    public void ExpressionsThatAreTooDeepAreRefused(string open, string close)
    {
        string deep = string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000));
        Assert.That(() => Render($"{{{{ {deep} }}}}"), Throws.TypeOf<ChatTemplateException>());
    }

    [TestCase("{% if 1 %}", "{% endif %}")]
    [TestCase("{% for x in [1] %}", "{% endfor %}")]
    [TestCase("{% macro m() %}", "{% endmacro %}")]
    public void BlocksThatAreTooDeepAreRefused(string open, string close)
    {
        string deep = string.Concat(Enumerable.Repeat(open, 50_000)) + string.Concat(Enumerable.Repeat(close, 50_000));
        Assert.That(() => Render(deep), Throws.TypeOf<ChatTemplateException>().With.Message.Contains("nested"));
    }

    [Test]
    public void LongChainsAreFineAndLongerOnesRefused()
    {
        Assert.That(Render("{{ " + string.Join(" + ", Enumerable.Repeat("'a'", 900)) + " }}"), Has.Length.EqualTo(900));
        Assert.That(() => Render("{{ " + string.Join(" + ", Enumerable.Repeat("'a'", 90_000)) + " }}"),
            Throws.TypeOf<ChatTemplateException>());
        Assert.That(() => Render("{{ x" + string.Concat(Enumerable.Repeat("|trim", 90_000)) + " }}"),
            Throws.TypeOf<ChatTemplateException>());
        Assert.That(Render("{% if 0 %}" + string.Concat(Enumerable.Repeat("{% elif 0 %}", 20_000)) + "{% else %}x{% endif %}"),
            Is.EqualTo("x"));
    }

    [TestCase("__class__")]
    [TestCase("__globals__")]
    [TestCase("GetType")]
    [TestCase("ToString")]
    [TestCase("Length")]
    public void NoMemberOfDotNetIsReached(string member)
    {
        foreach (string target in new[] { "''", "[]", "{}", "1", "range", "namespace()", "loop", "x", "''.strip", "cycler('a')" })
            Assert.That(() => Render($"{{{{ ({target}).{member}.y }}}}"), Throws.TypeOf<ChatTemplateException>(), target);
    }

    /// <summary>A thousand randomly damaged templates are either rendered or refused with a line of the template.</summary>
    [TestCase("llama")]
    [TestCase("qwen3")]
    [TestCase("gemma3")]
    [TestCase("mistral")]
    public void ChangedTemplatesRenderOrNameTheFault(string model)
    {
        string source = ChatTemplate.Load(TestModels.Folder(model))!.Source;
        JsonArray chats = JsonNode.Parse(File.ReadAllBytes(Path.Combine(TestModels.Folder(model), "expected.json")))!["chats"]!.AsArray();
        var random = new Random(16);
        string[] parts = ["{{", "}}", "{%", "%}", "{#", "-", "'", "\"", "(", ")", "[", "]", "|", ".", "~", " not ", " in ", " is ", " if ",
            "\\", "{% endif %}", "{% for x in messages %}", "é", "\0", "1", "**", "*"];
        int refused = 0;
        for (int i = 0; i < 250; i++)
        {
            string changed = source;
            for (int edit = random.Next(1, 4); edit > 0; edit--)
            {
                int at = random.Next(changed.Length);
                changed = random.Next(3) switch
                {
                    0 => changed.Remove(at, Math.Min(random.Next(1, 20), changed.Length - at)),
                    1 => changed.Insert(at, parts[random.Next(parts.Length)]),
                    _ => changed.Insert(at, changed.Substring(random.Next(changed.Length / 2), changed.Length / 4)),
                };
            }
            try
            {
                ChatTemplate.Parse(changed, "the changed template").Render(chats[random.Next(chats.Count)]!["messages"]!.AsArray());
            }
            catch (ChatTemplateException error)
            {
                refused++;
                Assert.That(error.Line, Is.InRange(1, changed.Count(c => c == '\n') + 1), changed);
                Assert.That(error.Message, error.IsRefusal
                    ? Is.Not.Empty
                    : Does.StartWith($"the changed template, line {error.Line}: "), changed);
            }
        }
        Assert.That(refused, Is.GreaterThan(50));
    }
}
