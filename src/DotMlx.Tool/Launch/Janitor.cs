using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Text;

namespace DotMlx.Tool.Launch;

/// <summary>
/// A shell that ends the ranks when the launcher is killed, which can then do it no longer: it learns their groups from its input
/// and acts when that ends.
/// </summary>
internal sealed class Janitor : IDisposable
{
    private const string Script = """
        all=; while read -r group; do all="$all $group"; done
        for group in $all; do kill -TERM -$group; done
        sleep 5
        for group in $all; do kill -KILL -$group; done
        """;

    private readonly ChildProcess? shell;

    public Janitor()
    {
        try
        {
            Dictionary<string, string> environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(item => (string)item.Key, item => (string?)item.Value ?? "");
            shell = ChildProcess.Start(["/bin/sh", "-c", Script], environment, hasInput: true);
        }
        catch (Win32Exception)
        {
            // Without a shell the ranks of a killed launcher go on, and nothing else is worse.
        }
    }

    /// <summary>Puts a group into its care.</summary>
    public void Watch(int group)
    {
        shell?.Input!.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{group}\n")));
        shell?.Input!.Flush();
    }

    /// <summary>Dismisses it: the launcher has ended the ranks itself.</summary>
    public void Dispose()
    {
        shell?.Signal(Signals.Kill);
        shell?.Forget();
        shell?.Dispose();
    }
}
