using System.CommandLine;
using System.Globalization;

namespace DotMlx.Samples.CharLm;

/// <summary>The checked command line.</summary>
internal sealed record CharLmArguments(
    TrainingSettings Settings, bool Resume, bool GenerateOnly, string Data, string Output, string Prompt, int Length,
    float Temperature, float TopP)
{
    internal sealed class Parser
    {
        private readonly Option<int> _steps = Number("--steps", 400, "Training steps in all.");
        private readonly Option<int> _batchSize = Number("--batch-size", 16, "Pieces of text a step.");
        private readonly Option<int> _context = Number("--context", 96, "Characters of a piece.");
        private readonly Option<int> _dims = Number("--dims", 96, "Size of the model.");
        private readonly Option<int> _heads = Number("--heads", 4, "Attention heads; divide the size into even parts.");
        private readonly Option<int> _layers = Number("--layers", 3, "Layers.");
        private readonly Option<float> _learningRate = Real("--learning-rate", 3e-3f, "Peak of the schedule.");
        private readonly Option<float> _dropout = Real("--dropout", 0.1f, "The dropout probability during training.");
        private readonly Option<int> _seed = Number("--seed", 1, "Seed of the weights, the pieces, and the drawn characters.");
        private readonly Option<bool> _resume = new("--resume")
            { Description = "Continue from the checkpoint in --output, with its settings." };
        private readonly Option<bool> _generateOnly = new("--generate")
            { Description = "Only generate text with the checkpoint in --output." };
        private readonly Option<string> _data = Text("--data", ".", "A folder with Markdown to learn, or a text file.");
        private readonly Option<string> _output = Text("--output", Path.Combine("out", "charlm"), "Folder of the checkpoint.");
        private readonly Option<string> _prompt = Text("--prompt", "## ", "The beginning of the generated text.");
        private readonly Option<int> _length = Number("--length", 400, "Characters to write.");
        private readonly Option<float> _temperature = Real("--temperature", 0.8f, "The temperature; 0 always chooses the most likely character.");
        private readonly Option<float> _topP = Real("--top-p", 0.95f, "Draw only from the most likely characters whose total probability reaches this value.");
        private readonly RootCommand _command;

        public Parser() => _command = new RootCommand("Learns to write this repository's Markdown, character by character, with DotMlx.")
        {
            _steps, _batchSize, _context, _dims, _heads, _layers, _learningRate, _dropout, _seed, _resume, _generateOnly, _data, _output,
            _prompt, _length, _temperature, _topP,
        };

        public ParseResult Parse(string[] args) => _command.Parse(args);

        /// <exception cref="UserErrorException">An argument is unknown or out of range.</exception>
        public CharLmArguments Read(ParseResult result)
        {
            if (result.Errors.Count > 0)
            {
                throw new UserErrorException(result.Errors[0].Message.TrimEnd('.') + " (--help lists the options).");
            }
            TrainingSettings settings = new(
                Within(result, _dims, 8, 4096), Within(result, _heads, 1, 64), Within(result, _layers, 1, 64),
                Within(result, _context, 8, 4096),
                Within(result, _batchSize, 1, 1024), Within(result, _steps, 1, 10_000_000), Within(result, _learningRate, 1e-7f, 1f),
                Within(result, _dropout, 0f, 0.9f), Within(result, _seed, 0, int.MaxValue));
            if (settings.Dims % (2 * settings.Heads) != 0)
            {
                throw new UserErrorException($"--dims={settings.Dims} must be divisible by twice --heads={settings.Heads}.");
            }
            string prompt = result.GetValue(_prompt)!;
            if (prompt.Length == 0)
            {
                throw new UserErrorException("--prompt must have at least one character.");
            }
            return new(
                settings, result.GetValue(_resume), result.GetValue(_generateOnly), result.GetValue(_data)!, result.GetValue(_output)!,
                prompt.ReplaceLineEndings("\n"), Within(result, _length, 0, 1_000_000), Within(result, _temperature, 0f, 100f),
                Within(result, _topP, 0.01f, 1f));
        }

        private static Option<int> Number(string name, int otherwise, string description) =>
            new(name) { Description = description, DefaultValueFactory = _ => otherwise };

        private static Option<float> Real(string name, float otherwise, string description) =>
            new(name) { Description = description, DefaultValueFactory = _ => otherwise };

        private static Option<string> Text(string name, string otherwise, string description) =>
            new(name) { Description = description, DefaultValueFactory = _ => otherwise };

        private static T Within<T>(ParseResult result, Option<T> option, T low, T high)
            where T : struct, IComparable<T>
        {
            T value = result.GetValue(option);
            return value.CompareTo(low) >= 0 && value.CompareTo(high) <= 0
                ? value
                : throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
                    $"{option.Name} must be between {low} and {high}, not {value}."));
        }
    }
}
