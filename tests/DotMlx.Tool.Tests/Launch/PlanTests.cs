using DotMlx.Tool.Launch;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Launch;

/// <summary>The environment of each backend's ranks, and the valid host files.</summary>
internal sealed class PlanTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void ThePythonFormatIsRead()
    {
        HostFile file = HostFile.Read(_folder.Write("hosts.json", """
            {
              "backend": "jaccl",
              "envs": ["MLX_METAL_FAST_SYNCH=1"],
              "hosts": [
                {"ssh": "mac1", "ips": ["10.0.0.1"], "rdma": [null, "rdma_en2"]},
                {"ssh": "mac2", "ips": ["10.0.0.2", "10.0.1.2"], "rdma": [["rdma_en3", "rdma_en4"], null]}
              ]
            }
            """));
        Assert.That(file.Backend, Is.EqualTo("jaccl"));
        Assert.That(file.Environment, Is.EqualTo(new[] { "MLX_METAL_FAST_SYNCH=1" }));
        Assert.That(file.Hosts.Select(host => host.Ssh), Is.EqualTo(new[] { "mac1", "mac2" }));
        Assert.That(file.Hosts[1].Ips, Is.EqualTo(new[] { "10.0.0.2", "10.0.1.2" }));

        HostFile list = HostFile.Read(_folder.Write("list.json", """[{"ssh": "mac1"}, {"ssh": "mac2", "ips": []}]"""));
        Assert.That((list.Hosts.Count, list.Backend), Is.EqualTo((2, (string?)null)));
    }

    [TestCase("", "JSON")]
    [TestCase("3", "list of hosts")]
    [TestCase("[]", "empty")]
    [TestCase("{}", "'hosts'")]
    [TestCase("[{}]", "host 0", "'ssh'")]
    [TestCase("[{\"ssh\": 3}]", "'ssh' of host 0")]
    [TestCase("[{\"ssh\": \"-oProxyCommand=x\"}]", "begins with '-'")]
    [TestCase("[{\"ssh\": \"a\", \"ips\": \"10.0.0.1\"}]", "'ips' of host 0")]
    [TestCase("[{\"ssh\": \"a\", \"ips\": [3]}]", "'ips' of host 0")]
    [TestCase("[{\"ssh\": \"a\", \"rdma\": 3}]", "'rdma' of host 0")]
    [TestCase("{\"hosts\": [{\"ssh\": \"a\"}], \"envs\": 3}", "'envs'")]
    public void AHostFileOfAnotherFormIsRefused(string content, params string[] parts)
    {
        string path = _folder.Write("hosts.json", content);
        CommandLine.Run("launch", "--hostfile", path, "--", "sh").AssertRefused([path, .. parts]);
    }

    [Test]
    public void AHostListRepeatsEachHost()
    {
        HostFile file = HostFile.Of("10.0.0.1, me@10.0.0.2", 2);
        Assert.That(file.Hosts.Select(host => host.Ssh), Is.EqualTo(new[] { "10.0.0.1", "10.0.0.1", "me@10.0.0.2", "me@10.0.0.2" }));
        Assert.That(file.Hosts.SelectMany(host => host.Ips), Is.EqualTo(new[] { "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2" }));
    }

    [Test]
    public void TheRingOfSeveralHostsNumbersPortsFrom32323()
    {
        IReadOnlyList<RankStart> ranks = Plan("ring", [new("mac1", ["10.0.0.1"], []), new("mac2", ["10.0.0.2", "10.0.1.2"], [])]);
        Assert.That(ranks[0].Files.Single().Value, Is.EqualTo("""[["10.0.0.1:32323"],["10.0.0.2:32324","10.0.1.2:32325"]]"""));
        Assert.That(ranks[1].Files.Single(), Is.EqualTo(ranks[0].Files.Single()));
        Assert.That(ranks.Select(rank => Variable(rank, "MLX_RANK")), Is.EqualTo(new[] { "0", "1" }));
        Assert.That(ranks.Select(rank => rank.Name), Is.EqualTo(new[] { "rank 0 on mac1", "rank 1 on mac2" }));
    }

    [Test]
    public void NcclGetsItsMasterAndEachRankItsGpu()
    {
        IReadOnlyList<RankStart> ranks = Plan("nccl", [.. HostFile.Of("10.0.0.1,10.0.0.2", 2).Hosts]);
        Assert.That(ranks.Select(rank => Variable(rank, "NCCL_HOST_IP")), Is.All.EqualTo("10.0.0.1"));
        Assert.That(ranks.Select(rank => Variable(rank, "NCCL_PORT")), Is.All.EqualTo("12345"));
        Assert.That(ranks.Select(rank => Variable(rank, "MLX_WORLD_SIZE")), Is.All.EqualTo("4"));
        Assert.That(ranks.Select(rank => Variable(rank, "CUDA_VISIBLE_DEVICES")), Is.EqualTo(new[] { "0", "1", "0", "1" }));
        Assert.That(ranks.Select(rank => Variable(rank, "MLX_RANK")), Is.EqualTo(new[] { "0", "1", "2", "3" }));
        Assert.That(ranks.SelectMany(rank => rank.Files), Is.Empty);
    }

    [TestCase("jaccl", false)]
    [TestCase("jaccl-ring", true)]
    public void JacclGetsItsCoordinatorAndDevices(string backend, bool ring)
    {
        Host[] hosts = [new("mac1", ["10.0.0.1"], ["null", "\"rdma_en2\""]),
            new("mac2", ["10.0.0.2"], ["[\"rdma_en3\",\"rdma_en4\"]", "null"])];
        IReadOnlyList<RankStart> ranks = Plan(backend, hosts);
        Assert.That(Variable(ranks[1], "MLX_JACCL_COORDINATOR"), Is.EqualTo("10.0.0.1:32323"));
        Assert.That(Variable(ranks[1], "MLX_JACCL_RING"), Is.EqualTo(ring ? "1" : null));
        Assert.That(ranks[1].Files.Single(),
            Is.EqualTo(KeyValuePair.Create("MLX_IBV_DEVICES", "[[null, \"rdma_en2\"], [[\"rdma_en3\",\"rdma_en4\"], null]]")));
    }

    [Test]
    public void VariablesOfTheHostFileComeBeforeThoseOfTheCommand()
    {
        IReadOnlyList<RankStart> ranks = LaunchPlan.Create(new LaunchOptions
            { Hosts = HostFile.Of("127.0.0.1", 1).Hosts, Program = ["sh"], Environment = ["A=1", "A=2=3"] });
        Assert.That(ranks[0].Environment.Where(item => item.Key == "A").Select(item => item.Value), Is.EqualTo(new[] { "1", "2=3" }));
    }

    [Test]
    public void FreePortsAreDifferent() => Assert.That(FreePorts.Take(50), Is.Unique.And.All.GreaterThan(0));

    [TestCase(0, "ended with exit code 0")]
    [TestCase(1, "ended with exit code 1")]
    [TestCase(137, "was ended by SIGKILL (exit code 137)")]
    [TestCase(139, "was ended by SIGSEGV (exit code 139)")]
    [TestCase(255, "ended with exit code 255")]
    public void ExitCodesAndSignalsAreDescribed(int code, string text) => Assert.That(Signals.Describe(code), Is.EqualTo(text));

    private static IReadOnlyList<RankStart> Plan(string backend, Host[] hosts) =>
        LaunchPlan.Create(new LaunchOptions { Hosts = hosts, Program = ["sh"], Backend = backend });

    private static string? Variable(RankStart rank, string name) =>
        rank.Environment.Where(item => item.Key == name).Select(item => item.Value).SingleOrDefault();
}
