namespace DotMlx.Tests.Distributed;

/// <summary>The required environment of a rank; these tests don't need MLX.</summary>
[NonParallelizable]
public class RingEnvironmentTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dotmlx-hosts-").FullName;

    [TearDown]
    public void CleanUp()
    {
        Set(null, null);
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void AGoodFileGivesRankAndNeighbors()
    {
        Set("2", Hosts("""[["127.0.0.1:5000"], ["127.0.0.1:5001"], ["mac.local:5002"]]"""));
        RingEnvironment ring = RingEnvironment.Read(required: true)!;
        Assert.That((ring.Rank, ring.Size, ring.Left, ring.Right), Is.EqualTo((2, 3, 1, 0)));
    }

    [Test]
    public void AMissingHostFileIsExplained()
    {
        Set(null, null);
        Assert.That(RingEnvironment.Read(required: false), Is.Null);
        Assert.That(() => RingEnvironment.Read(required: true), Throws.TypeOf<MlxException>().With.Message.Contains("dotnet mlx launch"));

        // The other backends get only the rank.
        Set("1", null);
        Assert.That(RingEnvironment.Read(required: false), Is.Null);
        Assert.That(() => Mx.Distributed.Init(strict: true, backend: "ring"),
            Throws.TypeOf<MlxException>().With.Message.Contains("MLX_HOSTFILE"));
    }

    [Test]
    public void AMissingRankOrFileIsNamed()
    {
        Set(null, Hosts("""[["127.0.0.1:5000"]]"""));
        Refused("MLX_RANK");
        string missing = Path.Combine(_folder, "missing.json");
        Set("0", missing);
        Refused("cannot be read", missing);
    }

    [TestCase("-1", "0 to 1")]
    [TestCase("2", "0 to 1")]
    [TestCase("one", "'one'")]
    [TestCase("0x1", "'0x1'")]
    public void ARankMustBeInTheFile(string rank, string part)
    {
        Set(rank, Hosts("""[["127.0.0.1:5000"], ["127.0.0.1:5001"]]"""));
        Refused("MLX_RANK", part);
    }

    [TestCase("", "isn't valid JSON")]
    [TestCase("[", "isn't valid JSON")]
    [TestCase("[]", "a list with one list of addresses")]
    [TestCase("{}", "a list with one list of addresses")]
    [TestCase("""["127.0.0.1:5000"]""", "rank 0")]
    [TestCase("""[["127.0.0.1:5000"], []]""", "rank 1")]
    [TestCase("""[["127.0.0.1"]]""", "127.0.0.1")]
    [TestCase("""[["127.0.0.1:70000"]]""", "IP:PORT")]
    [TestCase("""[["127.0.0.1:5000"], [7]]""", "IP:PORT")]
    [TestCase("""[["127.0.0.1:5000"], ["127.0.0.1:5000"]]""", "twice")]
    [TestCase("""[["127.0.0.1:5000"], ["127.0.0.1:5001", "127.0.0.1:5002"]]""", "every rank needs the same number")]
    [TestCase("""[{"ssh": "mac1", "ips": ["10.0.0.1"]}]""", "for the launcher")]
    public void AFileThatMLXWouldChokeOnIsRefused(string text, string part)
    {
        Set("0", Hosts(text));
        Refused(part, "hosts.json");
    }

    [Test]
    public void ARingOfOneIsAGroupOfOne()
    {
        Set("0", Hosts("""[["127.0.0.1:5000"]]"""));
        RingEnvironment ring = RingEnvironment.Read(required: true)!;
        Assert.That((ring.Rank, ring.Size), Is.EqualTo((0, 1)));
        using DistributedGroup group = Mx.Distributed.Init(strict: true, backend: "ring");
        Assert.That((group.Rank, group.Size), Is.EqualTo((0, 1)));
        using MlxArray x = MlxArray.Create([1f, 2f]);
        using MlxArray sum = Mx.Distributed.AllSum(x, group);
        Assert.That(sum.ToArray<float>(), Is.EqualTo(new[] { 1f, 2f }));
        Assert.That(() => Mx.Distributed.Send(x, 1, group), Throws.TypeOf<MlxException>());
        Assert.That(() => group.Split(0), Throws.TypeOf<MlxException>());
    }

    private static void Refused(params string[] parts)
    {
        MlxException error = Assert.Throws<MlxException>(() => RingEnvironment.Read(required: false))!;
        foreach (string part in parts)
        {
            Assert.That(error.Message, Does.Contain(part));
        }
    }

    private static void Set(string? rank, string? hostFile)
    {
        Environment.SetEnvironmentVariable(RingEnvironment.RankVariable, rank);
        Environment.SetEnvironmentVariable(RingEnvironment.HostFileVariable, hostFile);
    }

    private string Hosts(string text)
    {
        string path = Path.Combine(_folder, "hosts.json");
        File.WriteAllText(path, text);
        return path;
    }
}
