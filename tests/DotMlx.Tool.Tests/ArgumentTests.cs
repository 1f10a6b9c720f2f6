using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests;

internal sealed class ArgumentTests
{
    [TestCase("frobnicate", "frobnicate")]
    [TestCase("info --frobnicate", "--frobnicate", "dotnet mlx info --help")]
    [TestCase("inspect", "inspect")]
    [TestCase("inspect /does/not/exist.npz", "/does/not/exist.npz")]
    [TestCase("inspect /does/not/exist.safetensors.index.json", "/does/not/exist.safetensors.index.json")]
    [TestCase("convert a.npz", "convert")]
    [TestCase("convert /does/not/exist.npz /tmp/b.safetensors", "/does/not/exist.npz")]
    [TestCase("convert a.npz b.pickle", "b.pickle", ".safetensors")]
    [TestCase("convert a.npz b.npz --dtype float17", "float17", "bfloat16")]
    [TestCase("bench --device tpu", "tpu", "gpu")]
    [TestCase("bench --seconds 0", "--seconds", "above 0")]
    [TestCase("bench --seconds much", "much")]
    [TestCase("bench --filter frobnicate", "frobnicate", "matmul")]
    [TestCase("launch -n 2", "--", "PROGRAM")]
    [TestCase("launch -n 0 -- sh", "-n", "from 1")]
    [TestCase("launch -n 2 --backend smoke -- sh", "smoke", "ring")]
    [TestCase("launch -n 2 -- /does/not/exist", "/does/not/exist")]
    [TestCase("launch -n 2 -- frobnicate-program", "frobnicate-program", "PATH")]
    [TestCase("launch --hosts a,,b -- sh", "empty")]
    [TestCase("launch --hosts -oProxyCommand=x -- sh", "-")]
    [TestCase("launch --hostfile /does/not/exist.json -- sh", "/does/not/exist.json")]
    [TestCase("launch --hostfile hosts.json -n 2 -- sh", "leave out --hosts and -n")]
    [TestCase("launch --hosts somewhere -- sh", "somewhere", "address", "ips")]
    [TestCase("launch --hosts 127.0.0.1,192.0.2.7 -- sh", "127.0.0.1", "other machines")]
    [TestCase("launch --env 1X=2 -- sh", "1X=2", "NAME=VALUE")]
    [TestCase("launch --cwd /does/not/exist -- sh", "/does/not/exist")]
    [TestCase("launch -n 2 --backend jaccl -- sh", "jaccl", "rdma")]
    [TestCase("generate --prompt Hi", "--model")]
    [TestCase("generate --model /does/not/exist --prompt Hi", "/does/not/exist")]
    [TestCase("generate --model nobody/../x --prompt Hi", "nobody/../x")]
    [TestCase("generate --model x/y --prompt Hi --top-p 2", "--top-p", "from 0 to 1")]
    [TestCase("generate --model x/y --prompt Hi --max-tokens 0", "--max-tokens", "at least 1")]
    [TestCase("generate --model x/y --prompt Hi --dtype int8", "int8", "bfloat16")]
    [TestCase("chat --model /does/not/exist", "/does/not/exist")]
    [TestCase("quantize --model x/y", "--output")]
    [TestCase("quantize --model x/y --output /tmp", "/tmp", "already exists")]
    [TestCase("quantize --model x/y --output new --bits 7", "7 bits")]
    [TestCase("quantize --model x/y --output new --mode mxfp4 --bits 8", "mxfp4", "4 bits")]
    [TestCase("quantize --model x/y --output new --group-size 48", "48", "32, 64, or 128")]
    [TestCase("quantize --model x/y --output new --recipe mixed_3_6 --bits 4", "--recipe", "--bits")]
    [TestCase("quantize --model x/y --output new --recipe mixed_1_2", "mixed_1_2", "mixed_4_6")]
    [TestCase("perplexity --model x/y /does/not/exist.txt", "/does/not/exist.txt")]
    [TestCase("perplexity --model x/y --sequence-length 1", "--sequence-length")]
    [TestCase("embed --model /does/not/exist Hi", "/does/not/exist")]
    [TestCase("embed --model x/y Hi --pooling max", "max", "cls")]
    [TestCase("download nothing", "nothing", "Qwen/Qwen3-0.6B")]
    public void BadArgumentsGiveOneLine(string arguments, params string[] parts) =>
        CommandLine.Run(arguments.Split(' ')).AssertRefused(parts);

    [Test]
    public void HelpExitsWithSuccess()
    {
        Assert.That(CommandLine.Run("--help").Succeeded().Output, Does.Contain("inspect").And.Contain("launch"));
        Assert.That(CommandLine.Run().Succeeded().Output, Does.Contain("convert"));
        foreach (string command in new[]
            { "info", "inspect", "convert", "bench", "launch", "chat", "generate", "embed", "perplexity", "quantize", "download" })
        {
            Assert.That(CommandLine.Run(command, "--help").Succeeded().Output, Does.Contain("--help"));
        }
    }

    [Test]
    public void UsageMistakesHaveACodeOfTheirOwn()
    {
        Assert.That(CommandLine.Run("info", "--frobnicate").Exit, Is.EqualTo(2));
        Assert.That(CommandLine.Run("inspect", "/does/not/exist.npz").Exit, Is.EqualTo(1));
    }
}
