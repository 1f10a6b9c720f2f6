using System.Globalization;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Launch;

/// <summary>Ranks on other hosts, simulated by shells on this host behind a program named ssh.</summary>
[Platform(Exclude = "Win")]
[NonParallelizable]
internal sealed class SshTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();

        // Like sshd, it starts the command in its own session, with another environment, and ends it when the connection ends.
        _folder.Script("ssh", """
            while [ "${1#-}" != "$1" ]; do case $1 in -o) shift 2;; *) shift;; esac; done
            host=$1; shift
            echo "$host $*" >>"$SSH_LOG"
            if [ "$host" = unreachable ]; then echo "ssh: connect to host $host: refused" >&2; exit 255; fi
            session=; if command -v setsid >/dev/null; then session='setsid -w'; fi
            exec env -u MLX_RANK -u MLX_HOSTFILE HOST_NAME="$host" $session sh -c "$*"
            """);
        _folder.Write("hosts.json", """[{"ssh": "alpha", "ips": ["10.0.0.1"]}, {"ssh": "beta", "ips": ["10.0.0.2"]}]""");
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void EachHostRunsItsRankWithItsHostFileAndVariables()
    {
        using RunningLaunch launch = Launch("--env", "A=it's \"x\" $HOME", "--", "sh", "-c",
            "echo $HOST_NAME $MLX_RANK \"$A\" $@; cat $MLX_HOSTFILE; echo; echo file $MLX_HOSTFILE; echo bad >&2", "sh", "arg 1", "$x");
        Result result = launch.Finish().Succeeded();
        Assert.That(result.Lines.Where(line => !line.Contains("file", StringComparison.Ordinal)), Is.EquivalentTo(new[]
        {
            "[0] alpha 0 it's \"x\" $HOME arg 1 $x", "[0] [[\"10.0.0.1:32323\"],[\"10.0.0.2:32324\"]]",
            "[1] beta 1 it's \"x\" $HOME arg 1 $x", "[1] [[\"10.0.0.1:32323\"],[\"10.0.0.2:32324\"]]",
        }));
        Assert.That(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EquivalentTo(new[] { "[0] bad", "[1] bad" }));
        foreach (string line in result.Lines.Where(line => line.Contains("file", StringComparison.Ordinal)))
        {
            Assert.That(line.Split(' ')[^1], Does.Not.Exist, "the host file is removed from the other host");
        }
    }

    [Test]
    public void ARankThatFailsOnOneHostEndsTheOthersOnTheirs()
    {
        using RunningLaunch launch = Launch("--", "sh", "-c", "echo started $$; if [ $MLX_RANK = 1 ]; then sleep 1; exit 5; fi; sleep 600");
        string[] ids = launch.WaitFor("started", 2);
        Result result = launch.Finish();
        Assert.That(result.Exit, Is.EqualTo(5));
        Assert.That(result.Errors, Does.StartWith("launch: rank 1 on beta ended with exit code 5; ending the others"));
        Assert.That(File.ReadAllText(_folder["log"]), Does.Match("(?m)^alpha kill -15 -[0-9]+$"));
        Processes.AssertGone(ids);
    }

    [Test]
    public void CtrlCReachesTheOtherHosts()
    {
        using RunningLaunch launch = Launch("--", "sh", "-c", "trap 'echo saved; exit 3' INT; echo ready; while :; do sleep 0.1; done");
        launch.WaitFor("ready", 2);
        launch.Signal("INT");
        launch.WaitFor("saved", 2);
        Assert.That(launch.Finish().Exit, Is.Not.Zero);
    }

    [Test]
    public void RanksEndWhenTheConnectionDoes()
    {
        using RunningLaunch launch = Launch("--", "sh", "-c", "echo ready $$; sleep 600");
        string[] ids = launch.WaitFor("ready", 2);
        launch.Signal("KILL");
        Processes.AssertGone(ids);
    }

    [Test]
    public void AHostThatCannotBeReachedIsNamed()
    {
        _folder.Write("hosts.json", """[{"ssh": "alpha", "ips": ["10.0.0.1"]}, {"ssh": "unreachable", "ips": ["10.0.0.2"]}]""");
        using RunningLaunch launch = Launch("--", "sleep", "600");
        Result result = launch.Finish();
        Assert.That(result.Exit, Is.EqualTo(255));
        Assert.That(result.Errors,
            Does.Contain("[1] ssh: connect to host unreachable: refused").And.Contain("rank 1 on unreachable ended with exit code 255"));
    }

    [Test]
    public void AFolderMustBeThereWhenItWasAskedFor()
    {
        using RunningLaunch launch = Launch("--cwd", "/does/not/exist", "--", "true");
        Result result = launch.Finish();
        Assert.That(result.Exit, Is.EqualTo(1));
        Assert.That(result.Errors, Does.Contain("there is no folder '/does/not/exist' on alpha"));
    }

    private RunningLaunch Launch(params string[] arguments) => new(
        ["--hostfile", _folder["hosts.json"], .. arguments],
        ("PATH", string.Create(CultureInfo.InvariantCulture, $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}")),
        ("SSH_LOG", _folder["log"]));
}
