using System.Collections;
using System.ComponentModel;
using System.Globalization;

namespace DotMlx.Tool.Launch;

/// <summary>A started rank: a local process, or a process on another host behind an ssh process.</summary>
internal sealed class RankProcess : IDisposable
{
    // A password prompt would wait for a terminal, which a background process doesn't have.
    private static readonly string[] Ssh = ["ssh", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=15"];

    private readonly ChildProcess _process;
    private readonly LineForwarder[] _output;
    private readonly string? _files;
    private volatile int _remoteGroup;

    private RankProcess(RankStart start, string? files, ChildProcess process, Action<string, bool> write)
    {
        Start = start;
        _files = files;
        _process = process;
        _output =
        [
            new LineForwarder(process.Output, line =>
            {
                if (start.Host.IsLocal || !TakeGroup(line))
                {
                    write(line, false);
                }
            }),
            new LineForwarder(process.Errors, line => write(line, true)),
        ];
    }

    public RankStart Start { get; }

    /// <summary>After <see cref="Forget"/>: whether a local process of the rank is left.</summary>
    public bool GroupIsAlive => _process.GroupIsAlive;

    /// <param name="start">The process to start.</param>
    /// <param name="watch">
    /// Called with the local process group before any output of the rank is read, so that code that sees its lines can rely on the group.
    /// </param>
    /// <param name="write">Called with each line, and whether it comes from the error output.</param>
    /// <exception cref="ToolException">The process can't be started.</exception>
    public static RankProcess Run(RankStart start, Action<int> watch, Action<string, bool> write)
    {
        string? files = null;
        try
        {
            if (!start.Host.IsLocal)
            {
                return Watched(start, null,
                    ChildProcess.Start([.. Ssh, start.Host.Ssh, RemoteScript.Start(start)], Inherited(), hasInput: true), watch, write);
            }

            Dictionary<string, string> environment = Inherited();
            foreach ((string name, string value) in start.Environment)
            {
                environment[name] = value;
            }

            files = start.Files.Count > 0 ? Directory.CreateTempSubdirectory("dotmlx-launch-").FullName : null;
            foreach ((string name, string content) in start.Files)
            {
                environment[name] = Path.Combine(files!, name);
                File.WriteAllText(environment[name], content);
            }

            // posix_spawn has no portable option for the working directory.
            IReadOnlyList<string> command = start.WorkingDirectory is { } folder
                ? ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", Path.GetFullPath(folder), .. start.Program]
                : start.Program;
            return Watched(start, files, ChildProcess.Start(command, environment), watch, write);
        }
        catch (Win32Exception exception)
        {
            Delete(files);
            throw new ToolException($"{start.Name} cannot be started: {exception.Message}.");
        }
        catch
        {
            Delete(files);
            throw;
        }
    }

    /// <summary>Waits until the rank ends, and returns the exit code, or 128 plus the signal that ended it.</summary>
    public int Wait()
    {
        int code = _process.Wait();
        _process.CloseInput();
        return code;
    }

    /// <summary>Sends a signal to the rank and to all processes that it started.</summary>
    public void Signal(int signal)
    {
        if (IsRemote && _remoteGroup != 0)
        {
            SignalRemote(signal);
        }

        // The connection ends with its rank and not earlier, because its end must not overtake the rank's last lines.
        if (!IsRemote || _remoteGroup == 0 || signal == Signals.Kill)
        {
            _process.Signal(signal);
        }
    }

    /// <summary>Reaps a rank that has ended.</summary>
    public void Forget() => _process.Forget();

    /// <summary>Kills the local processes that the rank left behind.</summary>
    public void KillGroup() => _process.Signal(Signals.Kill);

    /// <summary>Waits until the last lines have been written.</summary>
    public void FinishOutput(TimeSpan timeout)
    {
        foreach (LineForwarder forwarder in _output)
        {
            _ = forwarder.Finish(timeout);
        }
    }

    public void Dispose()
    {
        _process.Dispose();
        Delete(_files);
    }

    private static RankProcess Watched(RankStart start, string? files, ChildProcess process, Action<int> watch, Action<string, bool> write)
    {
        watch(process.Id);
        return new RankProcess(start, files, process, write);
    }

    private bool IsRemote => !Start.Host.IsLocal;

    private static void Delete(string? files)
    {
        if (files is not null && Directory.Exists(files))
        {
            Directory.Delete(files, recursive: true);
        }
    }

    private static Dictionary<string, string> Inherited() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Where(item => !LaunchPlan.Reserved.Contains((string)item.Key))
        .ToDictionary(item => (string)item.Key, item => (string?)item.Value ?? "");

    private bool TakeGroup(string line)
    {
        if (_remoteGroup != 0 || line.Split(' ') is not [RemoteScript.GroupWord, { } number])
        {
            return false;
        }

        _ = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int group);
        _remoteGroup = group;
        return true;
    }

    private void SignalRemote(int signal)
    {
        ChildProcess messenger;
        try
        {
            messenger = ChildProcess.Start([.. Ssh, Start.Host.Ssh, RemoteScript.Signal(_remoteGroup, signal)], Inherited());
        }
        catch (Win32Exception)
        {
            // Ends the rank's connection last, which also ends the rank.
            return;
        }

        _ = new LineForwarder(messenger.Output, _ => { });
        _ = new LineForwarder(messenger.Errors, _ => { });
        var waiter = new Thread(() =>
        {
            messenger.Wait();
            messenger.Forget();
            messenger.Dispose();
        }) { IsBackground = true };
        waiter.Start();
    }
}
