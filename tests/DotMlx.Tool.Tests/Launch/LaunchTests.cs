using System.Diagnostics;
using System.Text.Json;
using DotMlx.Tool.Launch;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Launch;

/// <summary>Ranks that are ordinary shell programs.</summary>
[Platform(Exclude = "Win")]
[NonParallelizable]
internal sealed class LaunchTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void EveryRankRunsAndItsLinesTellWhoseTheyAre()
    {
        Result result = Launch("-n", "3", "--", "sh", "-c", "echo out $MLX_RANK \"$@\"; echo err $MLX_RANK >&2; printf 'no end'", "sh",
            "--flag", "a b").Succeeded();
        Assert.That(result.Lines,
            Is.EquivalentTo(Enumerable.Range(0, 3).SelectMany(rank => new[] { $"[{rank}] out {rank} --flag a b", $"[{rank}] no end" })));
        Assert.That(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Is.EquivalentTo(new[] { "[0] err 0", "[1] err 1", "[2] err 2" }));
    }

    [Test]
    public void LinesOfManyRanksDoNotMix()
    {
        const string Line = "abcdefghijklmnopqrstuvwxyzäöü";
        Result result = Launch("-n", "4", "--", "sh", "-c",
            $"i=0; while [ $i -lt 500 ]; do printf '{Line[..10]}'; printf '{Line[10..]}\\n'; i=$((i+1)); done").Succeeded();
        Assert.That(result.Lines, Has.Length.EqualTo(2000));
        Assert.That(result.Lines.CountBy(line => line).ToDictionary(),
            Is.EquivalentTo(Enumerable.Range(0, 4).ToDictionary(rank => $"[{rank}] {Line}", _ => 500)));
    }

    [Test]
    public void WithoutPrefixTheLinesAreThePrograms() =>
        Assert.That(Launch("-n", "2", "--no-prefix", "--", "echo", "hello").Succeeded().Lines, Is.EqualTo(new[] { "hello", "hello" }));

    [Test]
    public void ALineWithoutEndDoesNotFillTheMemory()
    {
        Result result = Launch("-n", "1", "--", "sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x").Succeeded();
        Assert.That(result.Lines.Sum(line => line.Count(c => c == 'x')), Is.EqualTo(300000));
    }

    [Test]
    public void TheRingFindsItsHostFileWithFreePortsOfTheLoopback()
    {
        Result result = Launch("-n", "3", "--connections-per-ip", "2", "--", "sh", "-c", "echo $MLX_HOSTFILE; cat $MLX_HOSTFILE")
            .Succeeded();
        foreach (int rank in Enumerable.Range(0, 3))
        {
            string[] lines = [.. result.Lines.Where(line => line.StartsWith($"[{rank}] ", StringComparison.Ordinal))
                .Select(line => line[4..])];
            Assert.That(lines[0], Does.Not.Exist, "it is removed at the end");
            string[][] addresses = JsonSerializer.Deserialize<string[][]>(lines[1])!;
            Assert.That(addresses.Select(own => own.Length), Is.EqualTo(new[] { 2, 2, 2 }));
            Assert.That(addresses.SelectMany(own => own), Is.Unique.And.All.StartsWith("127.0.0.1:"));
        }
    }

    [Test]
    public void PortsCanBeChosen()
    {
        Result result = Launch("-n", "2", "--starting-port", "41000", "--", "sh", "-c", "cat $MLX_HOSTFILE").Succeeded();
        Assert.That(result.Lines,
            Is.EquivalentTo(new[]
                { "[0] [[\"127.0.0.1:41000\"],[\"127.0.0.1:41001\"]]", "[1] [[\"127.0.0.1:41000\"],[\"127.0.0.1:41001\"]]" }));
    }

    [Test]
    public void ARingOfOneHasNoHostFileNotEvenAnInheritedOne()
    {
        using var launch = new RunningLaunch(["--", "sh", "-c", "echo rank=$MLX_RANK file=$MLX_HOSTFILE kept=$OTHER"],
            ("MLX_HOSTFILE", "/stale"), ("MLX_RANK", "9"), ("OTHER", "yes"));
        Assert.That(launch.Finish().Succeeded().Lines, Is.EqualTo(new[] { "[0] rank=0 file= kept=yes" }));
    }

    [Test]
    public void VariablesAndFolderAreSet()
    {
        Result result = Launch("-n", "1", "--env", "A=it's \"x\" $HOME", "--env", "B", "--cwd", _folder.Path, "--", "sh", "-c",
            "echo \"$A\" \"[$B]\"; pwd").Succeeded();
        Assert.That(result.Lines[0], Is.EqualTo("[0] it's \"x\" $HOME []"));
        Assert.That(result.Lines[1], Does.EndWith(Path.GetFileName(_folder.Path)));
    }

    [Test]
    public void ARankThatFailsEndsTheOthersAndGivesItsCode()
    {
        Result result = Launch("-n", "4", "--", "sh", "-c", "if [ $MLX_RANK = 2 ]; then exit 7; fi; echo pid $$; sleep 600");
        Assert.That(result.Exit, Is.EqualTo(7));
        Assert.That(result.Errors, Is.EqualTo("launch: rank 2 ended with exit code 7; ending the others\n"));
        Processes.AssertGone(result.Lines.Select(line => line.Split(' ')[^1]));
    }

    [Test]
    public void TheSigkillOfOneOfFourEndsTheOthersAndIsNamed()
    {
        using var launch = new RunningLaunch(["-n", "4", "--", "sh", "-c", "sleep 600 & echo rank $MLX_RANK pid $$ child $!; wait"]);
        string[][] started = [.. launch.WaitFor("rank ", 4).Select(line => line.Split(' '))];
        string[] victim = started.Single(words => words[0] == "3");
        var clock = Stopwatch.StartNew();
        Processes.Signal(int.Parse(victim[2], System.Globalization.CultureInfo.InvariantCulture), "KILL");
        Result result = launch.Finish();
        TestContext.Out.WriteLine($"ended {clock.Elapsed.TotalSeconds:F2} s after the kill");
        Assert.That(result.Exit, Is.EqualTo(137));
        Assert.That(result.Errors.Split('\n')[0], Is.EqualTo("launch: rank 3 was ended by SIGKILL (exit code 137); ending the others"));
        Processes.AssertGone(started.SelectMany(words => new[] { words[2], words[4] }));
    }

    [Test]
    public void ARankThatDoesNotWantToEndIsKilledWithWhatItStarted()
    {
        RankStart[] ranks = [.. LaunchPlan.Create(new LaunchOptions
        {
            Hosts = HostFile.Of("127.0.0.1", 2).Hosts,
            Program = ["sh", "-c",
                "if [ $MLX_RANK = 0 ]; then sleep 1; exit 4; fi; trap '' TERM; (sleep 600) & echo pid $$ "
                    + "child $!; while :; do sleep 1; done"],
        })];
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int exit = new Launcher(ranks, output, errors) { Grace = TimeSpan.FromMilliseconds(500) }.Run();
        Assert.That(exit, Is.EqualTo(4));
        Assert.That(errors.ToString(), Does.Contain("rank 0 ended with exit code 4").And.Contain("killing rank 1"));
        string[] words = output.ToString().Trim().Split(' ');
        Processes.AssertGone(words[2], words[4]);
    }

    [Test]
    public void NothingIsLeftWhenAllSucceed()
    {
        Result result = Launch("-n", "2", "--", "sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!").Succeeded();
        Processes.AssertGone(result.Lines.Select(line => line.Split(' ')[^1]));
    }

    [Test]
    public void CtrlCIsPassedOnAndEachEndsInItsTime()
    {
        using var launch = new RunningLaunch(["-n", "3", "--", "sh", "-c",
            "trap 'sleep 0.3; echo saved; exit 3' INT; echo ready; while :; do sleep 0.1; done"]);
        launch.WaitFor("ready", 3);
        launch.Signal("INT");
        Result result = launch.Finish();
        Assert.That(result.Exit, Is.EqualTo(3));
        Assert.That(result.Lines.Count(line => line.EndsWith("saved", StringComparison.Ordinal)), Is.EqualTo(3));
    }

    [Test]
    public void TheSecondCtrlCEndsThoseThatDidNotListen()
    {
        using var launch = new RunningLaunch(["-n", "2", "--", "sh", "-c",
            "trap 'echo interrupted' INT; echo ready $$; while :; do sleep 0.1; done"]);
        string[] ids = launch.WaitFor("ready", 2);
        launch.Signal("INT");
        launch.WaitFor("interrupted", 2);
        launch.Signal("INT");
        Assert.That(launch.Finish().Exit, Is.EqualTo(143));
        Processes.AssertGone(ids);
    }

    [Test]
    public void CtrlCOnRanksThatEndWellIsStillAnInterruption()
    {
        using var launch = new RunningLaunch(["-n", "2", "--", "sh", "-c", "trap 'exit 0' INT; echo ready; while :; do sleep 0.1; done"]);
        launch.WaitFor("ready", 2);
        launch.Signal("INT");
        Assert.That(launch.Finish().Exit, Is.EqualTo(130));
    }

    [TestCase("TERM")]
    [TestCase("HUP")]
    public void EndingTheLauncherEndsTheRanks(string signal)
    {
        using var launch = new RunningLaunch(["-n", "2", "--", "sh", "-c", "echo ready $$; sleep 600"]);
        string[] ids = launch.WaitFor("ready", 2);
        launch.Signal(signal);
        Assert.That(launch.Finish().Exit, Is.EqualTo(143));
        Processes.AssertGone(ids);
    }

    [Test]
    public void RanksDoNotOutliveALauncherThatIsKilled()
    {
        using var launch = new RunningLaunch(["-n", "2", "--", "sh", "-c", "echo ready $$; sleep 600"]);
        string[] ids = launch.WaitFor("ready", 2);
        launch.Signal("KILL");
        Processes.AssertGone(ids);
    }

    [Test]
    public void RanksThatIgnoreTheRequestToEndDoNotOutliveALauncherThatIsKilled()
    {
        using var launch = new RunningLaunch(["-n", "3", "--", "sh", "-c",
            "[ \"$MLX_RANK\" = 0 ] || trap '' TERM; echo ready $$; sleep 600"]);
        string[] ids = launch.WaitFor("ready", 3);
        launch.Signal("KILL");
        Processes.AssertGone(ids);
    }

    [Test]
    public void ANetAssemblyIsRunByDotnet() =>
        Assert.That(Launch("-n", "2", "--", CommandLine.Assembly, "inspect", "--help")
            .Succeeded().Output, Does.Contain("[0] ").And.Contain("[1] ").And.Contain("FILE"));

    [Test]
    public void AFileThatCannotBeRunIsRefused()
    {
        string file = _folder.Write("data.txt", "not a program");
        CommandLine.Run("launch", "-n", "2", "--", file).AssertRefused(file, "not executable");
    }

    [Test]
    public void MpirunGetsTheHostsVariablesAndArguments()
    {
        _folder.Script("mpirun", "printf '%s\\n' \"$@\"; shift; cat \"$1\"; exit 6");

        // This variable takes precedence over an installed library, which the output would name.
        _folder.Script("ompi_info", "true");
        using var launch = new RunningLaunch(
            ["-n", "2", "--hosts", "alpha,beta", "--backend", "mpi", "--env", "A=b c", "--mpi-arg", "--map-by node", "--cwd", "/tmp",
                "--", "prog", "-x"],
            ("PATH", $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}"));
        Result result = launch.Finish();
        Assert.That(result.Exit, Is.EqualTo(6));
        Assert.That(result.Lines[0], Is.EqualTo("--hostfile"));
        Assert.That(result.Lines[2..], Is.EqualTo(
            new[] { "-cwd", "/tmp", "-x", "A=b c", "--map-by", "node", "--", "prog", "-x", "alpha slots=2", "beta slots=2" }));
        Assert.That(result.Errors, Does.Contain("mpirun ended with exit code 6"));
    }

    [Test]
    [RequiresMlx("communication between processes")]
    public void LaunchedRanksSumTheirArrays()
    {
        string program = typeof(LaunchTests).Assembly.Location;
        using var launch = new RunningLaunch(["-n", "4", "--", program]);
        Assert.That(launch.Finish()
            .Succeeded().Lines, Is.EquivalentTo(Enumerable.Range(0, 4).Select(rank => $"[{rank}] rank {rank} of 4: sum 10")));
    }

    [Test]
    [RequiresMlx("communication between processes")]
    public void RanksUnderMpirunAddUpAndEndWell()
    {
        using var launch = RunMpi(3);
        Result result = launch.Finish().Succeeded();
        foreach (int rank in Enumerable.Range(0, 3))
        {
            Assert.That(result.Lines, Has.One.Contains($"rank {rank} of 3: sum 6"));
        }
    }

    [Test]
    [RequiresMlx("communication between processes")]
    public void AFailedRankUnderMpirunEndsTheOthers()
    {
        using var launch = RunMpi(2, "fail");
        Result result = launch.Finish();
        Assert.That(result.Exit, Is.EqualTo(Program.Failure), result.Errors);
        Assert.That(result.Lines, Has.None.Contains("sum"));
    }

    private static RunningLaunch RunMpi(int ranks, params string[] arguments)
    {
        if (ProgramSearch.OnPath("mpirun") is null || ProgramSearch.OnPath("ompi_info") is null)
        {
            Assert.Ignore("Needs Open MPI's mpirun.");
        }

        // In a container, tests may run as root, which mpirun refuses unless told otherwise.
        return new RunningLaunch(
            ["-n", $"{ranks}", "--backend", "mpi", "--", typeof(LaunchTests).Assembly.Location, "mpi", .. arguments],
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"));
    }

    private static Result Launch(params string[] arguments) => CommandLine.Run(["launch", .. arguments]);
}
