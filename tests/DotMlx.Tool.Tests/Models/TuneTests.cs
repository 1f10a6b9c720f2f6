using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.LanguageModels;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Models;

internal sealed class TuneTests
{
    private static readonly string[] Lines =
    [
        """{"text": "the sky is blue"}""", """{"text": "the grass is green"}""", """{"text": "the snow is white"}""",
        """{"text": "the sea is deep"}""",
    ];

    [Test]
    public void ARunIsLoggedResumedAndFused()
    {
        using TemporaryFolder folder = new();
        Write(folder, Lines);
        Tune(folder, "--iters", "4").Succeeded();
        Assert.Multiple(() =>
        {
            Assert.That(Iterations(folder), Is.EqualTo(new[] { 1, 2, 3, 4 }));
            Assert.That(File.ReadAllBytes(folder["adapters/curves.png"])[..4],
                Is.EqualTo(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' }));
            Assert.That(File.Exists(folder["adapters/adapter_config.json"]));
        });

        Tune(folder, "--iters", "6").AssertRefused("--resume");
        Assert.That(Tune(folder, "--iters", "6", "--resume").Succeeded().Output, Does.Contain("continuing after batch 4"));
        Assert.That(Iterations(folder), Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));

        string[] fuse = ["fuse", "--model", Model.Qwen3, "--adapter-path", folder["adapters"], "--save-path", folder["fused"]];
        CommandLine.Run(fuse).Succeeded();
        CommandLine.Run(fuse).AssertRefused("already exists");
        using LanguageModel model = LanguageModel.Load(Model.Qwen3), fused = LanguageModel.Load(folder["fused"]);
        using MlxArray tokens = MlxArray.Create<int>([5, 6, 7, 8], 1, 4);
        float[] plain = model.Decoder.Forward(tokens).ToArray<float>();
        using Adapter adapter = Adapter.Load(model, folder["adapters"]);
        model.Adapter = adapter;
        float[] adapted = model.Decoder.Forward(tokens).ToArray<float>(), inOne = fused.Decoder.Forward(tokens).ToArray<float>();
        Assert.That(inOne, Is.EqualTo(adapted).Within(1e-4f));
        Assert.That(adapted, Is.Not.EqualTo(plain).Within(1e-4f));
    }

    [Test]
    public void TestAloneMeasuresTheTestSet()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["data"]);
        File.WriteAllLines(folder["data/test.jsonl"], Lines);
        Assert.That(Tune(folder, "--test").Succeeded().Output, Does.Match(@"test loss \d+\.\d+, perplexity \d+"));
        Assert.That(File.Exists(folder["adapters/adapters.safetensors"]), Is.False);
    }

    [Test]
    public void ErrorsNameTheInvalidLine()
    {
        using TemporaryFolder folder = new();
        Write(folder, [Lines[0], "{\"text\": 3}"]);
        Result result = Tune(folder, "--iters", "1");
        result.AssertRefused("train.jsonl");
        Assert.That(result.Errors, Does.Contain("2"));
    }

    [Test]
    public async Task TheServerAnswersAndEndsWithItsProcess()
    {
        using Process process = CommandLine.Start(null, ["serve", "--model", Model.Qwen3, "--port", "0"]);
        try
        {
            string? line = await process.StandardOutput.ReadLineAsync();
            Assert.That(line, Does.StartWith("listening on http://127.0.0.1:"));
            using HttpClient client = new() { BaseAddress = new(line!.Split(' ', ',')[2] + "/") };
            JsonNode models = JsonNode.Parse(await client.GetStringAsync("models"))!;
            Assert.That((string?)models["data"]![0]!["id"], Does.Contain("qwen3"));
            using StringContent content = new(
                """{"model": "qwen3", "messages": [{"role": "user", "content": "the sky"}], "max_tokens": 3}""", Encoding.UTF8,
                "application/json");
            using HttpResponseMessage response = await client.PostAsync("chat/completions", content);
            JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            Assert.That((int)answer["usage"]!["completion_tokens"]!, Is.EqualTo(3), answer.ToJsonString());
        }
        finally
        {
            process.Kill();
        }
    }

    private static void Write(TemporaryFolder folder, string[] lines)
    {
        Directory.CreateDirectory(folder["data"]);
        File.WriteAllLines(folder["data/train.jsonl"], lines);
    }

    private static Result Tune(TemporaryFolder folder, params string[] arguments) => CommandLine.Run(
    [
        "lora", "--model", Model.Qwen3, "--data", folder["data"], "--adapter-path", folder["adapters"], "--num-layers", "1",
        "--batch-size", "2",
        "--learning-rate", "1e-2", "--steps-per-report", "1", "--save-every", "2", "--max-seq-length", "32", .. arguments,
    ]);

    private static IEnumerable<int> Iterations(TemporaryFolder folder) => File.ReadLines(folder["adapters/metrics.jsonl"])
        .Select(line => JsonNode.Parse(line)!).Where(line => line["loss"] is not null).Select(line => (int)line["iteration"]!);
}
