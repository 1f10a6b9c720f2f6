using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Tests.Hub;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Models;

internal sealed class GenerateTests
{
    [Test]
    public void RawTextIsContinuedAsTheLibraryContinuesIt()
    {
        Result result = CommandLine.Run("generate", "--model", Model.Qwen3, "--raw", "--prompt", "The sky", "--max-tokens", "8",
            "--temp", "0").Succeeded();
        using LanguageModel model = LanguageModel.Load(Model.Qwen3);
        string expected = string.Concat(model.Generate("The sky", new() { MaxTokens = 8 }).Select(token => token.Text));
        Assert.That(result.Output, Is.EqualTo(expected + Environment.NewLine));
        Assert.That(result.Errors, Does.StartWith("note: ").And.Contain("tokens/s"));
    }

    [Test]
    public void AQuestionGoesThroughTheChatTemplate()
    {
        string[] options = ["--max-tokens", "4", "--temp", "0", "--json"];
        Result result = CommandLine.Run(["generate", "--model", Model.Qwen3, "--prompt", "Hi", "--system", "Be brief.", .. options])
            .Succeeded();
        using LanguageModel model = LanguageModel.Load(Model.Qwen3);
        string prompt = model.ChatTemplate!.Render(
            [Message("system", "Be brief."), Message("user", "Hi")], addGenerationPrompt: true,
            specialTokens: model.Tokenizer!.SpecialTokens);
        int[] tokens = model.Tokenizer.Encode(prompt, addSpecialTokens: false);
        Assert.That((int)result.Json["prompt_tokens"]!, Is.EqualTo(tokens.Length));
        Assert.That((string?)result.Json["text"],
            Is.EqualTo(string.Concat(model.Generate(tokens, new() { MaxTokens = 4 }).Select(token => token.Text))));
        Assert.That((string?)result.Json["finish_reason"], Is.AnyOf("length", "stop"));
        Assert.That((int)result.Json["generated_tokens"]!, Is.InRange(1, 4));
    }

    [Test]
    public void APromptComesFromAPipe()
    {
        string[] arguments = ["generate", "--model", Model.Qwen3, "--raw", "--max-tokens", "3", "--temp", "0"];
        Assert.That(
            CommandLine.RunWith("The sky", arguments).Succeeded().Output,
            Is.EqualTo(CommandLine.Run([.. arguments, "--prompt", "The sky"]).Succeeded().Output));
        CommandLine.RunWith("", arguments).AssertRefused("the prompt is empty");
    }

    [Test]
    public void ASeedReproducesADraw()
    {
        string Draw(string seed) => CommandLine.Run(
            "generate", "--model", Model.Qwen3, "--raw", "--prompt", "The sky", "--max-tokens", "12", "--temp", "1", "--top-p", "1",
            "--top-k", "0", "--seed", seed)
            .Succeeded().Output;
        string first = Draw("1");
        Assert.That(Draw("1"), Is.EqualTo(first));
        Assert.That(Draw("2"), Is.Not.EqualTo(first));
    }

    [Test]
    public void ARefusalOfTheTemplateIsOneLine()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.GetFiles(Model.Qwen3))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }
        folder.Write("chat_template.jinja", "{{ raise_exception('There must be no system message.') }}");
        CommandLine.Run("generate", "--model", folder.Path, "--prompt", "Hi", "--system", "Be brief.")
            .AssertRefused("There must be no system message.");
    }

    [Test]
    public void AnEncoderGeneratesNothing() => CommandLine.Run("generate", "--model", Model.Bert, "--prompt", "Hi")
        .AssertRefused("Encoder", "no text");

    [Test]
    public async Task AModelOfTheHubIsDownloadedOnceAndUsed()
    {
        using TemporaryFolder cache = new();
        await using TestHub hub = await TestHub.StartAsync(Model.Qwen3);
        Result Run(params string[] arguments)
        {
            using System.Diagnostics.Process process = CommandLine.Start(
                null, arguments, ("HF_ENDPOINT", hub.Endpoint.ToString()), ("HF_HUB_CACHE", cache.Path), ("HF_HUB_OFFLINE", "0"));
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return new Result(process.ExitCode, output, errors.GetAwaiter().GetResult());
        }
        string folder = Run("download", "org/name").Succeeded().Output.Trim();
        Assert.That(File.Exists(Path.Combine(folder, "config.json")), folder);
        Assert.That(Path.GetFullPath(folder), Does.StartWith(Path.GetFullPath(cache.Path)));
        Assert.That(
            Run("generate", "--model", "org/name", "--raw", "--prompt", "The sky", "--max-tokens", "3", "--temp", "0").Succeeded().Output,
            Is.EqualTo(CommandLine.Run(
                "generate", "--model", Model.Qwen3, "--raw", "--prompt", "The sky", "--max-tokens", "3", "--temp", "0")
                .Succeeded().Output));
        Run("download", "org/other").AssertRefused("org/other");
    }

    private static Dictionary<string, object?> Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
