using System.CommandLine;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Fuse;

/// <summary><c>dotnet mlx fuse</c>: merges an adapter into the weights of a model.</summary>
internal static class FuseCommand
{
    public static Command Create(Terminal terminal)
    {
        var adapter = new Option<string>("--adapter-path")
            { Description = "The folder of the adapter, in mlx-lm's format or PEFT's.", DefaultValueFactory = _ => "adapters" };
        var output = new Option<string>("--save-path") { Description = "The new folder.", DefaultValueFactory = _ => "fused_model" };
        var dequantize = new Option<bool>("--dequantize") { Description = "Leave the layers that the adapter changes unquantized." };
        var command = new Command("fuse", "Merges an adapter into a model's weights and saves the model, which then needs no adapter.");
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { adapter, output, dequantize })
        {
            command.Options.Add(option);
        }
        command.SetAction(result =>
        {
            string folder = result.GetValue(output)!;
            if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            {
                throw new ToolException($"'{folder}' already exists; choose a new folder.");
            }
            using LanguageModel model = models.Load(result, terminal);
            Adapter loaded = Adapter.Load(model, result.GetValue(adapter)!);
            int count = Math.Max(loaded.Layers.Count, loaded.Weights.Count);
            loaded.Fuse(result.GetValue(dequantize));
            model.Save(folder);
            terminal.Line($"{Units.Plural(count, "layer")} fused; the model is in {folder}");
            return ToolCommand.Success;
        });
        return command;
    }
}
