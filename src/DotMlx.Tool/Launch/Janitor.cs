using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Text;

namespace DotMlx.Tool.Launch;

/// <summary>
/// A shell that ends the ranks if the launcher is killed and can no longer do so itself. It reads their groups from its input, and acts
/// when the input ends.
/// </summary>
internal sealed class Janitor : IDisposable
{
    // Writing about a group that has already ended would fail on a closed pipe and end the shell before the other groups end.
    private const string Script = """
        exec > /dev/null 2>&1
        all=; while read -r group; do all="$all $group"; done
        for group in $all; do kill -TERM -$group; done
        sleep 5
        for group in $all; do kill -KILL -$group; done
        """;

    private readonly ChildProcess? _shell;

    public Janitor()
    {
        try
        {
            Dictionary<string, string> environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .ToDictionary(item => (string)item.Key, item => (string?)item.Value ?? "");
            _shell = ChildProcess.Start(["/bin/sh", "-c", Script], environment, hasInput: true);
        }
        catch (Win32Exception)
        {
            // Without a shell, only one thing is lost: the ranks of a killed launcher continue to run.
        }
    }

    /// <summary>Adds a group.</summary>
    public void Watch(int group)
    {
        try
        {
            _shell?.Input!.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{group}\n")));
            _shell?.Input!.Flush();
        }
        catch (IOException)
        {
            // Another process has ended the shell.
        }
    }

    /// <summary>Ends the shell, because the launcher has ended the ranks itself.</summary>
    public void Dispose()
    {
        _shell?.Signal(Signals.Kill);
        _shell?.Forget();
        _shell?.Dispose();
    }
}
