using System.CommandLine;
using System.Globalization;
using DotMlx.LanguageModels;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Quantize;

/// <summary><c>dotnet mlx quantize</c>: saves a model with packed weights, in mlx-lm's layout.</summary>
internal static class QuantizeCommand
{
    public static Command Create(Terminal terminal)
    {
        var output = new Option<string>("--output", "-o") { Description = "The new folder.", Required = true };
        var bits = new Option<int?>(
            "--bits")
            { Description = "The number of bits per weight: 2, 3, 4, 5, 6, or 8. The default depends on the mode; affine has 4." };
        var group = new Option<int?>(
            "--group-size") { Description = "The number of weights that share a scale: 32, 64, or 128. The default for affine is 64." };
        var mode = new Option<string>("--mode") { Description = "affine, mxfp4, mxfp8, or nvfp4.", DefaultValueFactory = _ => "affine" };
        mode.AcceptOnlyFromAmong("affine", "mxfp4", "mxfp8", "nvfp4");
        var recipe = new Option<string?>("--recipe")
        {
            Description = $"Mixed bits, few for most layers and more for sensitive ones: "
                + $"{string.Join(", ", QuantizationRecipe.MixedNames)}.",
        };
        recipe.AcceptOnlyFromAmong([.. QuantizationRecipe.MixedNames]);
        var command = new Command("quantize",
            "Packs a model's weights into a few bits each. DotMlx and mlx-lm load the new folder.");
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { output, bits, group, mode, recipe })
        {
            command.Options.Add(option);
        }
        command.SetAction(result =>
        {
            QuantizationRecipe chosen = Recipe(result.GetValue(bits), result.GetValue(group), result.GetValue(mode)!,
                result.GetValue(recipe));
            Run(terminal, () => models.Load(result, terminal), result.GetValue(output)!, chosen);
            return ToolCommand.Success;
        });
        return command;
    }

    private static QuantizationRecipe Recipe(int? bits, int? group, string mode, string? recipe)
    {
        if (recipe is not null && (bits is not null || mode != "affine"))
        {
            throw new ToolException("--recipe sets the bits and uses the mode affine; omit --bits and --mode.");
        }
        try
        {
            return recipe is null ? QuantizationRecipe.Uniform(group, bits, mode) : QuantizationRecipe.Mixed(recipe, group ?? 64);
        }
        catch (ArgumentException exception)
        {
            throw new ToolException(exception.Message.Split(" (Parameter")[0]);
        }
    }

    private static void Run(Terminal terminal, Func<LanguageModel> load, string output, QuantizationRecipe recipe)
    {
        if (File.Exists(output) || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()))
        {
            throw new ToolException($"'{output}' already exists; choose a new folder.");
        }
        using LanguageModel model = load();
        long before = Bytes(model);
        try
        {
            model.Quantize(recipe, new Display(terminal));
        }
        catch (InvalidOperationException exception)
        {
            throw new ToolException(exception.Message);
        }
        finally
        {
            terminal.Progress("");
        }
        long after = Bytes(model);
        model.Save(output);
        terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
                $"{output}: {Units.Bytes(before)} became {Units.Bytes(after)}, {BitsPerWeight(output, after):F2} bits per weight"));
    }

    private static long Bytes(LanguageModel model) => model.Model.Parameters().Flatten().Sum(item => item.Value.NBytes);

    private static double BitsPerWeight(string folder, long bytes)
    {
        using var index = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "model.safetensors.index.json")));
        return bytes * 8.0 / index.RootElement.GetProperty("metadata").GetProperty("total_parameters").GetInt64();
    }

    private sealed class Display(Terminal terminal) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => terminal.Progress($"{value.Done} of {value.Total} layers  {value.Layer}");
    }
}
