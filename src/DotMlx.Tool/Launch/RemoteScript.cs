using System.Globalization;
using System.Text;

namespace DotMlx.Tool.Launch;

/// <summary>The script that ssh runs on another host, for any POSIX shell.</summary>
internal static class RemoteScript
{
    /// <summary>The first word of the line in which a remote rank reports its process group; the line isn't part of the output.</summary>
    public const string GroupWord = "dotmlx-launch-group";

    /// <summary>
    /// Starts a rank. The shell remains the parent of the rank and removes its files at the end. When the connection closes, the shell's
    /// input ends, and the shell ends the group.
    /// </summary>
    public static string Start(RankStart rank)
    {
        var script = new StringBuilder();
        string folder = rank.WorkingDirectory ?? Environment.CurrentDirectory;
        script.Append($"if [ -d {Quote(folder)} ]; then cd {Quote(folder)}; ");
        script.Append(rank.WorkingDirectory is null
            ? ""
            : $"else echo {Quote($"there is no folder '{folder}' on {rank.Host.Ssh}")} >&2; exit 1; ").Append("fi; ");
        foreach ((string name, string value) in rank.Environment)
        {
            script.Append($"export {name}={Quote(value)}; ");
        }

        script.Append("t=; w=; trap 'kill -KILL $w 2>/dev/null; rm -rf \"$t\"' EXIT; ");
        if (rank.Files.Count > 0)
        {
            script.Append("t=$(mktemp -d \"${TMPDIR:-/tmp}/dotmlx-launch.XXXXXX\") || exit 1; ");
            foreach ((string name, string content) in rank.Files)
            {
                script.Append($"printf %s {Quote(content)} >\"$t/{name}\"; export {name}=\"$t/{name}\"; ");
            }
        }

        script.Append("trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; ");
        script.Append("g=$(ps -o pgid= -p $$ 2>/dev/null | tr -d ' '); g=${g:-$$}; ");
        script.Append($"echo {GroupWord} $g; exec 3<&0 </dev/null; ");
        script.Append("(trap '' HUP INT TERM; cat >/dev/null; kill -TERM -$g; sleep 5; kill -KILL -$g) <&3 3<&- >/dev/null 2>&1 & w=$!; ");
        script.Append(string.Join(' ', rank.Program.Select(Quote))).Append(" 3<&-; exit $?");
        return Wrap(script.ToString());
    }

    /// <summary>Sends a signal to the group of a remote rank.</summary>
    public static string Signal(int group, int signal) => string.Create(CultureInfo.InvariantCulture, $"kill -{signal} -{group}");

    public static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // The other host may use any login shell.
    private static string Wrap(string script) => $"exec /bin/sh -c {Quote(script)}";
}
