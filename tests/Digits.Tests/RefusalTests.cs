using System.IO.Compression;
using System.Text;

namespace DotMlx.Samples.Digits.Tests;

internal sealed class RefusalTests
{
    [TestCase("--epochs=0", "--epochs", "from 1")]
    [TestCase("--epochs=ten", "ten", "--epochs")]
    [TestCase("--batch-size=-3", "--batch-size", "-3")]
    [TestCase("--learning-rate=NaN", "--learning-rate", "NaN")]
    [TestCase("--learning-rate=0", "--learning-rate", "above 0")]
    [TestCase("--seed=-1", "--seed", "-1")]
    [TestCase("--optimizer=adamant", "adamant", "adamw")]
    [TestCase("--frobnicate", "--frobnicate", "--help")]
    public void BadArgumentsGiveOneLine(string argument, params string[] parts)
    {
        using var sample = new Sample();
        sample.Run(argument).AssertRefused(parts);
        Assert.That(Directory.Exists(sample.Output), Is.False);
    }

    [Test]
    public void HelpExitsWithSuccess()
    {
        using var sample = new Sample();
        Sample.Result result = sample.Run("--help");
        result.AssertSucceeded();
        Assert.That(result.Output, Does.Contain("--resume").And.Contain("--learning-rate"));
    }

    [Test]
    public void DataThatCannotBeReadGivesOneLine()
    {
        using var sample = new Sample();
        string missing = Path.Combine(sample.Folder, "none.csv.gz");
        sample.Run("--data", missing).AssertRefused(missing);

        string plain = sample.Write("plain.csv.gz", Encoding.ASCII.GetBytes("0,1,2"));
        sample.Run("--data", plain).AssertRefused(plain);

        byte[] whole = File.ReadAllBytes(DigitsData.DefaultPath);
        string cut = sample.Write("cut.csv.gz", whole[..(whole.Length / 2)]);
        sample.Run("--data", cut).AssertRefused(cut);
    }

    [TestCase("seventeen", "line 2, column 1", "seventeen")]
    [TestCase("17", "line 2, column 1", "0 to 16")]
    [TestCase("1,2,3", "line 2", "67 columns instead of 65")]
    public void ATableWithoutDigitsIsRejectedWithItsLine(string field, params string[] parts)
    {
        using var sample = new Sample();
        string row = string.Join(',', Enumerable.Repeat("1", 65));
        string path = sample.Write("bad.csv.gz", Packed($"{row}\n{field}{row[1..]}\n{row}\n"));
        sample.Run("--data", path).AssertRefused([path, .. parts]);
    }

    [Test]
    public void ACheckpointThatIsNotThereOrDamagedGivesOneLineAndIsLeftAlone()
    {
        using var sample = new Sample();
        sample.Run("--resume").AssertRefused(sample.CheckpointPath, "--resume");

        sample.Run("--epochs=1").AssertSucceeded();
        byte[] whole = File.ReadAllBytes(sample.CheckpointPath);
        byte[][] damaged = [[], [1, 2, 3], whole[..(whole.Length / 2)], [.. Enumerable.Repeat((byte)0xff, 64), .. whole[64..]]];
        foreach (byte[] content in damaged)
        {
            File.WriteAllBytes(sample.CheckpointPath, content);
            sample.Run("--epochs=1", "--resume").AssertRefused("cannot resume from", sample.CheckpointPath);
            Assert.That(File.ReadAllBytes(sample.CheckpointPath), Is.EqualTo(content));
        }
    }

    [Test]
    public void ACheckpointOfAnotherProgramIsRefused()
    {
        using var sample = new Sample();
        Directory.CreateDirectory(sample.Output);
        Mx.SaveSafetensors(sample.CheckpointPath, [KeyValuePair.Create("weight", Mx.Zeros(3))]);
        sample.Run("--resume").AssertRefused("cannot resume from", "not written by this program");
    }

    [TestCase("--seed=2", "--seed=2", "differs from the 1")]
    [TestCase("--batch-size=10", "--batch-size=10", "differs from the 64")]
    [TestCase("--optimizer=sgd", "--optimizer=sgd", "adamw")]
    public void OptionsThatContradictTheCheckpointAreRefused(string option, params string[] parts)
    {
        using var sample = new Sample();
        sample.Run("--epochs=1").AssertSucceeded();
        sample.Run("--resume", option).AssertRefused(parts);
    }

    [Test]
    public void AnOutputFolderThatCannotBeMadeGivesOneLine()
    {
        using var sample = new Sample();
        string file = sample.Write("file", [1]);
        sample.Run("--epochs=1", "--output", Path.Combine(file, "below")).AssertRefused("cannot write", file);
    }

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }

        return packed.ToArray();
    }
}
