using System.Text.Json;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI.Tests;

public sealed class ResponseParserTests
{
    private static readonly string[] Tools = ["weather", "add_numbers"];

    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = false,
    };

    private static readonly TestCaseData<string, string>[] Answers =
    [
        new("<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}}\n</tool_call>",
            "weather({\"city\":\"Köln\",\"days\":2})") { TestName = "Qwen" },
        new("Let me look.\n\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": "
            + "\"add_numbers\", \"arguments\": {\"a\": 1}}\n</tool_call>", "Let me look.|weather({})|add_numbers({\"a\":1})")
            { TestName = "QwenWithTextAndTwoCalls" },
        new("<think>\nHm.\n</think>\n\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}\n</tool_call>", "[\nHm.\n]|weather({})")
            { TestName = "QwenWithReasoning" },
        new("{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\"}}", "weather({\"city\":\"Köln\"})") { TestName = "Llama" },
        new("<|python_tag|>{\"name\": \"weather\", \"parameters\": {}}; {\"name\": \"add_numbers\", \"parameters\": {}}",
            "weather({})|add_numbers({})") { TestName = "LlamaWithTwoCalls" },
        new("[weather(city=\"Köln\", days=2), add_numbers(a=1, b=-2.5, c=[True, None, 'x'])]",
            "weather({\"city\":\"Köln\",\"days\":2})|add_numbers({\"a\":1,\"b\":-2.5,\"c\":[true,null,\"x\"]})")
            { TestName = "LlamaPython" },
        new("[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\"}, \"id\": \"abc\"}]", "weather({\"city\":\"Köln\"})")
            { TestName = "Mistral" },
        new(" [{\"name\": \"weather\", \"arguments\": \"{\\\"days\\\": 1}\"}]", "weather({\"days\":1})")
            { TestName = "MistralWithoutItsSpecialToken" },
        new("weather{\"city\": \"Köln\"}", "weather({\"city\":\"Köln\"})") { TestName = "NewerMistral" },
        new("weather[ARGS]{\"city\": \"Köln\"}", "weather({\"city\":\"Köln\"})") { TestName = "NewerMistralWithArguments" },
        new("```json\n{\"name\": \"weather\", \"parameters\": {\"days\": 3}}\n```", "weather({\"days\":3})") { TestName = "Gemma" },
        new("```tool_code\nprint(weather(city='Köln'))\n```", "weather({\"city\":\"Köln\"})") { TestName = "GemmaPython" },
        new("{\"type\": \"function\", \"function\": {\"name\": \"weather\", \"arguments\": {}}}", "weather({})") { TestName = "OpenAi" },
        new("Plain text with a < b and <tool.", "Plain text with a < b and <tool.") { TestName = "Text" },
        new("{\"name\": \"other\", \"arguments\": {}}", "{\"name\": \"other\", \"arguments\": {}}")
            { TestName = "FunctionThatWasNotOffered" },
        new("{\"city\": \"Köln\"}", "{\"city\": \"Köln\"}") { TestName = "JsonThatIsNoCall" },
        new("```\ncode\n```\nand text", "```\ncode\n```\nand text") { TestName = "Code" },
        new("weather is fine", "weather is fine") { TestName = "TextThatBeginsWithAName" },
        new("<tool_call>\nnot JSON\n</tool_call>", "<tool_call>\nnot JSON\n</tool_call>") { TestName = "BrokenCall" },
        new("<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}", "weather({})") { TestName = "CallWithoutAnEnd" },
        new("<think>cut off", "[cut off]") { TestName = "ReasoningWithoutAnEnd" },
        new("[1, 2, 3]", "[1, 2, 3]") { TestName = "List" },
        new("", "") { TestName = "Nothing" },
    ];

    [TestCaseSource(nameof(Answers))]
    public void AnswerIsSplitHoweverItArrives(string answer, string expected)
    {
        for (int size = 1; size <= Math.Max(answer.Length, 1); size = size < 8 ? size + 1 : size * 2)
        {
            Assert.That(Split(answer, size, Tools), Is.EqualTo(expected), $"in parts of {size} characters");
        }
    }

    [Test]
    public void AnswerWithoutToolsIsText()
    {
        const string Answer = "{\"name\": \"weather\", \"arguments\": {}} <tool_call>";
        Assert.That(Split(Answer, 3, []), Is.EqualTo(Answer));
    }

    [Test]
    public void TextIsShownAsItComes()
    {
        ResponseParser parser = new(Tools, beginsWithReasoning: false);
        Assert.That(parser.Add("Hello").OfType<TextContent>().Single().Text, Is.EqualTo("Hello"));
        Assert.That(parser.Add(" wor").OfType<TextContent>().Single().Text, Is.EqualTo(" wor"));
        Assert.That(parser.Add("<tool_c"), Is.Empty);
        Assert.That(parser.Add("omputer>").OfType<TextContent>().Single().Text, Is.EqualTo("<tool_computer>"));
    }

    [Test]
    public void AnswerThatBeginsWithReasoningIsReasoningUntilItEnds()
    {
        ResponseParser parser = new(Tools, beginsWithReasoning: true);
        AIContent[] contents = [.. parser.Add("Hm.</think>Yes."), .. parser.Finish()];
        Assert.That(contents.OfType<TextReasoningContent>().Single().Text, Is.EqualTo("Hm."));
        Assert.That(contents.OfType<TextContent>().Single().Text, Is.EqualTo("Yes."));
    }

    [Test]
    public void CallsHaveIdentifiersThatMistralAccepts()
    {
        ResponseParser parser = new(Tools, beginsWithReasoning: false);
        parser.Add("[weather(), weather()]");
        string[] ids = [.. parser.Finish().OfType<FunctionCallContent>().Select(call => call.CallId)];
        Assert.That(ids, Has.Length.EqualTo(2).And.Unique);
        Assert.That(ids, Has.All.Match("^[0-9a-z]{9}$"));
    }

    [Test]
    public void NestingWithoutEndIsText()
    {
        string answer = $"[weather(a={new string('[', 100_000)}";
        Assert.That(Split(answer, 50_000, Tools), Is.EqualTo(answer));
    }

    private static string Split(string answer, int size, string[] tools)
    {
        ResponseParser parser = new(tools, beginsWithReasoning: false);
        List<AIContent> contents = [];
        for (int i = 0; i < answer.Length; i += size)
        {
            contents.AddRange(parser.Add(answer[i..Math.Min(i + size, answer.Length)]));
        }
        contents.AddRange(parser.Finish());
        List<(string Kind, string Text)> parts = [];
        foreach (AIContent content in contents)
        {
            (string kind, string text) = content switch
            {
                FunctionCallContent call => ("call", $"{call.Name}({Json(call.Arguments!)})"),
                TextReasoningContent reasoning => ("reasoning", reasoning.Text),
                _ => ("text", ((TextContent)content).Text),
            };
            if (kind != "call" && parts.Count > 0 && parts[^1].Kind == kind)
            {
                parts[^1] = (kind, parts[^1].Text + text);
            }
            else
            {
                parts.Add((kind, text));
            }
        }
        return string.Join("|", parts.Where(part => part.Kind == "call" || part.Text.Trim().Length > 0)
            .Select(part => part.Kind == "reasoning" ? $"[{part.Text}]" : part.Text));
    }

    private static string Json(IDictionary<string, object?> arguments) => JsonSerializer.Serialize(arguments, Compact);
}
