using System.CommandLine;
using DotMlx.LanguageModels.Hub;

namespace DotMlx.Tool.Models;

/// <summary>The arguments of all commands that use the hub.</summary>
internal static class HubArguments
{
    public static Option<string> Revision() => new("--revision")
    {
        Description = "A branch, tag, or commit of a model on the hub.", DefaultValueFactory = _ => "main",
    };

    /// <summary>Whether a text can be a name on the hub: an organization and a name.</summary>
    public static bool IsName(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length == 2 && parts.All(part => part.Length > 0 && part is not ("." or "..")
            && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));
    }

    /// <summary>Downloads a model and shows the progress; files in the cache aren't downloaded again.</summary>
    /// <returns>The folder.</returns>
    public static string Download(string name, HubOptions options, Terminal terminal)
    {
        try
        {
            return ModelHub.DownloadAsync(name, options with { Progress = new Display(terminal) }).GetAwaiter().GetResult();
        }
        catch (ArgumentException exception)
        {
            throw new ToolException(Units.OneLine(exception.Message, 300));
        }
        finally
        {
            terminal.Progress("");
        }
    }

    /// <summary>Prints the state of the download in a line, at a readable rate.</summary>
    private sealed class Display(Terminal terminal) : IProgress<HubProgress>
    {
        private const long Interval = 100;
        private long _last;

        public void Report(HubProgress value)
        {
            if (value.FileBytes < value.FileSize && Environment.TickCount64 - _last < Interval)
            {
                return;
            }
            _last = Environment.TickCount64;
            terminal.Progress($"{Units.Bytes(value.Bytes)} of {Units.Bytes(value.Size)}  {value.File}");
        }
    }
}
