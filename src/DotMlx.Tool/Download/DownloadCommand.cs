using System.CommandLine;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Download;

/// <summary><c>dotnet mlx download</c>: downloads a model into the cache that Python shares.</summary>
internal static class DownloadCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "A model's name on the hub, such as Qwen/Qwen3-0.6B." };
        Option<string> revision = HubArguments.Revision();
        var cache = new Option<string?>("--cache") { Description = "The cache folder to use instead of the one in HF_HOME." };
        var command = new Command(
            "download",
            "Downloads a model of the hub, and writes the path of its folder. "
            + "Uses HF_TOKEN, HF_HOME, HF_ENDPOINT, and HF_HUB_OFFLINE as Python does.")
        {
            name, revision, cache,
        };
        command.SetAction(result =>
        {
            string model = result.GetValue(name)!;
            if (!HubArguments.IsName(model))
            {
                throw new ToolException($"'{model}' isn't the name of a model on the hub, such as Qwen/Qwen3-0.6B.");
            }
            terminal.Line(HubArguments.Download(
                model, new() { Revision = result.GetValue(revision)!, CacheFolder = result.GetValue(cache) }, terminal));
            return ToolCommand.Success;
        });
        return command;
    }
}
