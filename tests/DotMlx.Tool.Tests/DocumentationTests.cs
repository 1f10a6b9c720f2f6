using System.Text.RegularExpressions;
using DotMlx.Tests.Shared;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests;

/// <summary>Every command of docs/tool.md runs in a folder with the files of the page, and prints the output that the page shows.</summary>
[Platform(Exclude = "Win")]
[NonParallelizable]
internal sealed partial class DocumentationTests
{
    private const string Prompt = "dotnet mlx ";

    private static string Page { get; } = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "tool.md"));

    [Test]
    public void EveryCommandOfThePageRunsAndWritesWhatThePageShows()
    {
        using var folder = new TemporaryFolder();
        Prepare(folder);
        int commands = 0;
        foreach (Match block in Block().Matches(Page))
        {
            string[] lines =
            [
                .. block.Groups["sh"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Where(line => line.StartsWith(Prompt, StringComparison.Ordinal)
                        && !(LibraryInUse.IsReference && NeedsMlx().IsMatch(line))),
            ];
            foreach (string line in lines)
            {
                commands++;
                Result result = Run(line, folder);
                string[] shown = [.. block.Groups["text"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
                bool fails = shown.Any(text => text.StartsWith("dotnet mlx", StringComparison.Ordinal)
                    || text.StartsWith("launch: ", StringComparison.Ordinal));
                Assert.That(result.Exit, fails ? Is.Not.Zero : Is.Zero, line + "\n" + result.Output + result.Errors);
                if (shown.Length > 0 && lines.Length == 1 && !DependsOnTheMachine().IsMatch(line))
                {
                    // Ranks write in no defined order.
                    string[] written = [.. (result.Output + result.Errors).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                        .Select(text => text.TrimEnd())];
                    Assert.That(written, Is.EquivalentTo(shown), line);
                }
            }
        }

        Assert.That(commands, Is.GreaterThan(20));
    }

    private static void Prepare(TemporaryFolder folder)
    {
        Dictionary<string, MlxArray> arrays = new()
        {
            ["embedding.weight"] = Mx.Zeros([1000, 64], DType.BFloat16),
            ["layers.0.weight"] = Mx.Zeros([256, 64], DType.BFloat16),
            ["layers.0.bias"] = Mx.Zeros([256], DType.Float32),
        };
        Mx.SaveSafetensors(folder["model.safetensors"], arrays, new Dictionary<string, string> { ["format"] = "mlx" });
        Directory.CreateDirectory(folder["sharded"]);
        Mx.SaveSafetensors(folder["sharded/model-00001-of-00002.safetensors"], arrays.Take(1));
        Mx.SaveSafetensors(folder["sharded/model-00002-of-00002.safetensors"], arrays.Skip(1));
        folder.Write("sharded/model.safetensors.index.json", """
            {"metadata": {"total_size": 161792}, "weight_map": {
              "embedding.weight": "model-00001-of-00002.safetensors",
              "layers.0.weight": "model-00002-of-00002.safetensors",
              "layers.0.bias": "model-00002-of-00002.safetensors"}}
            """);
        File.WriteAllBytes(folder["tiny.gguf"], new GgufBuilder()
            .Text("general.architecture", "llama").Text("general.name", "Tiny").Number("llama.block_count", 2u)
            .Texts("tokenizer.ggml.tokens", [.. Enumerable.Range(0, 300).Select(i => $"t{i}")])
            .Array("token_embd.weight", 2, new byte[300 * 36], 300, 64).Array("output_norm.weight", 0, new byte[256], 64)
            .Build());
        folder.Script("train",
            "echo \"rank $MLX_RANK trains\"; if [ \"$1\" = --fail ] && [ \"$MLX_RANK\" = 2 ]; then sleep 1; "
            + "exit 3; fi; [ \"$1\" != --fail ] || sleep 60");
        folder.Script("ssh", "while [ \"${1#-}\" != \"$1\" ]; do case $1 in -o) shift 2;; *) shift;; esac; done; shift; exec sh -c \"$*\"");
        folder.Write("questions.txt", "Why is the sky blue?\nAnd why is the grass green?\n");
        foreach (string model in new[] { Models.Model.Qwen3, Models.Model.Bert })
        {
            string copy = folder[Path.GetFileName(model)];
            Directory.CreateDirectory(copy);
            foreach (string file in Directory.GetFiles(model))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }
        }
        folder.Write("hosts.json", HostFile().Match(Page).Groups[1].Value);
    }

    private static Result Run(string line, TemporaryFolder folder)
    {
        string tool = $"'{Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"}' '{CommandLine.Assembly}'";
        string command = line[Prompt.Length..] + (line.StartsWith(Prompt + "bench", StringComparison.Ordinal)
            ? " --quick --seconds 0.01"
            : "");
        var start = new System.Diagnostics.ProcessStartInfo("/bin/sh", ["-c", $"{tool} {command}"])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["PATH"] = $"{folder.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    /// <summary>A block of commands, and the block with their output if it follows immediately.</summary>
    [GeneratedRegex(@"^```sh\n(?<sh>.*?)^```\n(\n```text\n(?<text>.*?)^```)?",
        RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex(@"^```json\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex HostFile();

    [GeneratedRegex("^dotnet mlx quantize")]
    private static partial Regex NeedsMlx();

    [GeneratedRegex("^dotnet mlx (info|bench|chat|generate|perplexity|embed)")]
    private static partial Regex DependsOnTheMachine();
}
