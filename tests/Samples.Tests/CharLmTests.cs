namespace DotMlx.Samples.Tests;

/// <summary>The character model learns, stops, resumes, and generates text.</summary>
internal sealed class CharLmTests
{
    [Test]
    public void ItLearnsAndWritesOnFromThePrompt()
    {
        using Shell shell = new();
        Shell.Result result = shell.CharLm("out", "--steps=150", "--prompt=## Part ", "--length=40").Succeeded();
        double[] losses = result.Numbers("held-out");
        Assert.That(losses, Has.Length.EqualTo(3), result.Output);
        Assert.That(losses[^1], Is.LessThan(losses[0]).And.LessThan(2), result.Output);
        Assert.That(result.Output, Does.Contain("parameters").And.Contain("step 150/150").And.Contain("characters/s"));
        string written = result.Output[(result.Output.IndexOf("\n\n", StringComparison.Ordinal) + 2)..];
        Assert.That(written, Does.StartWith("## Part ").And.Length.EqualTo("## Part ".Length + 40 + 1));
    }

    [Test]
    public void AnInterruptedRunContinuesToTheSameBits()
    {
        using Shell shell = new();
        shell.CharLm("straight", "--steps=60", "--length=0").Succeeded();
        Shell.Result cut = shell.CharLmUntil("step 50/60", "cut", "--steps=60", "--length=0");
        Assert.That(cut.Exit, Is.EqualTo(130), cut.Output + cut.Errors);
        Assert.That(cut.Errors, Does.Contain("--resume"));
        shell.CharLm("cut", "--resume", "--length=0").Succeeded();
        Assert.That(Bits(shell.At("cut")), Is.EqualTo(Bits(shell.At("straight"))));
    }

    [Test]
    public void WritingTakesTheLikeliestOrDraws()
    {
        using Shell shell = new();
        shell.CharLm("out", "--steps=1", "--length=0").Succeeded();
        string Write(params string[] options) => shell.CharLm("out", ["--generate", "--length=60", .. options]).Succeeded().Output;

        string greedy = Write("--temperature=0", "--seed=1");
        Assert.That(Write("--temperature=0", "--seed=2"), Is.EqualTo(greedy), "the likeliest needs no seed");
        Assert.That(Write("--top-p=0.01", "--seed=3"), Is.EqualTo(greedy), "a tiny share holds the likeliest alone");
        string drawn = Write("--temperature=1", "--top-p=1", "--seed=1");
        Assert.That(drawn, Is.Not.EqualTo(greedy));
        Assert.That(Write("--temperature=1", "--top-p=1", "--seed=1"), Is.EqualTo(drawn), "a seed decides");
        Assert.That(Write("--temperature=1", "--top-p=1", "--seed=2"), Is.Not.EqualTo(drawn));
    }

    [TestCase("--steps=0", "--steps")]
    [TestCase("--dims=30", "--dims")]
    [TestCase("--data=nowhere", "nowhere")]
    [TestCase("--temperature=-1", "--temperature")]
    [TestCase("--colour=red", "--help")]
    [TestCase("--generate", "train first")]
    public void AMistakeIsToldInOneLine(string argument, string part)
    {
        using Shell shell = new();
        shell.CharLm("out", argument).Refused("charlm", part);
    }

    [Test]
    public void ADamagedCheckpointIsToldInOneLine()
    {
        using Shell shell = new();
        shell.CharLm("out", "--steps=1", "--length=0").Succeeded();
        string file = Path.Combine(shell.At("out"), "charlm.safetensors");
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..(whole.Length / 2)]);
        shell.CharLm("out", "--generate").Refused("charlm", "charlm.safetensors");
        shell.CharLm("out", "--resume").Refused("charlm", "charlm.safetensors");
    }

    internal static string Bits(string folder)
    {
        using SafetensorsFile file = Mx.LoadSafetensors(Path.Combine(folder, "charlm.safetensors"));
        return string.Join("\n", file.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => item.Value.DType == DType.UInt64
            ? $"{item.Key} {item.Value.Item<ulong>()}"
            : item.Value.DType == DType.UInt32 ? $"{item.Key} {string.Join(",", item.Value.ToArray<uint>())}"
            : $"{item.Key} {string.Join(",", item.Value.ToArray<float>().Select(BitConverter.SingleToInt32Bits))}"));
    }
}
