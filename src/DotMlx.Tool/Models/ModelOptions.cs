using System.CommandLine;
using DotMlx.LanguageModels;

namespace DotMlx.Tool.Models;

/// <summary>The options with which commands name a language model: a folder, or a name on the hub.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> _model = new("--model", "-m")
    {
        Description = "A folder in Hugging Face's or mlx-lm's layout, or a model's name on the hub, such as Qwen/Qwen3-0.6B.",
            Required = true,
    };
    private readonly Option<string> _revision = HubArguments.Revision();
    private readonly Option<string?> _dtype = new("--dtype")
    {
        Description = "Convert floating-point weights: float32, float16, or bfloat16. By default, weights keep their stored type.",
    };

    /// <summary>Adds the options to a command.</summary>
    public static ModelOptions AddTo(Command command)
    {
        ModelOptions options = new();
        options._dtype.AcceptOnlyFromAmong("float32", "float16", "bfloat16");
        command.Options.Add(options._model);
        command.Options.Add(options._revision);
        command.Options.Add(options._dtype);
        return options;
    }

    /// <summary>Loads the model, and first downloads missing files of a model on the hub.</summary>
    public LanguageModel Load(ParseResult arguments, Terminal terminal)
    {
        string folder = Folder(arguments, terminal);
        DType? type = arguments.GetValue(_dtype) is { } name ? DTypeExtensions.ParseDType(name) : null;
        return LanguageModel.Load(folder, new() { DType = type });
    }

    /// <summary>Returns the folder of the model, and first downloads missing files of a model on the hub.</summary>
    public string Folder(ParseResult arguments, Terminal terminal)
    {
        string model = arguments.GetValue(_model)!;
        if (Directory.Exists(model))
        {
            return model;
        }
        if (!HubArguments.IsName(model))
        {
            throw new ToolException($"'{model}' is neither a folder nor the name of a model on the hub, such as Qwen/Qwen3-0.6B.");
        }
        return HubArguments.Download(model, new() { Revision = arguments.GetValue(_revision)! }, terminal);
    }
}
