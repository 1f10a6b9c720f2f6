using System.CommandLine;
using System.Globalization;

namespace DotMlx.Samples.Digits;

/// <summary>The checked command line; null means that an option wasn't given.</summary>
internal sealed record DigitsArguments(
    int Epochs, int? BatchSize, float? LearningRate, string? Optimizer, int? Seed, int? DecayEpochs, bool Resume, string Output,
    string Data, bool Distributed)
{
    private const int DefaultEpochs = 20;

    /// <summary>The settings of a new run.</summary>
    public TrainingSettings ToSettings()
    {
        string optimizer = Optimizer ?? TrainingSettings.DefaultOptimizer;
        return new TrainingSettings
        {
            Optimizer = optimizer,
            LearningRate = LearningRate ?? OptimizerChoice.DefaultLearningRate(optimizer),
            BatchSize = BatchSize ?? TrainingSettings.DefaultBatchSize,
            Seed = Seed ?? TrainingSettings.DefaultSeed,
            DecayEpochs = DecayEpochs ?? TrainingSettings.DefaultDecayEpochs,
        };
    }

    /// <summary>A resumed run keeps the settings of its checkpoint, and an option that contradicts them is an error.</summary>
    /// <exception cref="UserErrorException">An option contradicts the checkpoint.</exception>
    public void RequireAgreement(TrainingSettings saved, string checkpoint)
    {
        Check("batch-size", BatchSize, saved.BatchSize);
        Check("seed", Seed, saved.Seed);
        Check("decay-epochs", DecayEpochs, saved.DecayEpochs);
        Check("learning-rate", LearningRate, saved.LearningRate);
        if (Optimizer is not null && Optimizer != saved.Optimizer)
        {
            throw Disagreement("optimizer", Optimizer, saved.Optimizer);
        }

        void Check<T>(string name, T? given, T kept)
            where T : struct, IEquatable<T>
        {
            if (given is { } value && !value.Equals(kept))
            {
                throw Disagreement(name, value, kept);
            }
        }

        UserErrorException Disagreement(string name, object given, object kept) => new(string.Create(
            CultureInfo.InvariantCulture,
            $"--{name}={given} differs from the {kept} of '{checkpoint}': omit it to resume, or start a new run without --resume."));
    }

    internal sealed class Parser
    {
        private readonly Option<int> _epochs = new("--epochs")
        {
            Description = "Epochs to train in this run.", DefaultValueFactory = _ => DefaultEpochs,
        };

        private readonly Option<int?> _batchSize = new("--batch-size")
            { Description = $"Images a step ({TrainingSettings.DefaultBatchSize})." };
        private readonly Option<float?> _learningRate = new("--learning-rate")
            { Description = "The peak of the learning rate (the default depends on the optimizer)." };
        private readonly Option<string?> _optimizer = new("--optimizer")
        {
            Description = $"{string.Join(", ", OptimizerChoice.Names)} ({TrainingSettings.DefaultOptimizer}).",
        };

        private readonly Option<int?> _seed = new("--seed")
            { Description = $"Seed of the weights and of the order of the data ({TrainingSettings.DefaultSeed})." };
        private readonly Option<int?> _decayEpochs = new("--decay-epochs")
        {
            Description = $"Epochs of the warm-up and the cosine decay, independent of --epochs ({TrainingSettings.DefaultDecayEpochs}).",
        };

        private readonly Option<bool> _resume = new("--resume") { Description = "Continue from the checkpoint in --output." };
        private readonly Option<string> _output = new("--output")
        {
            Description = "Folder of the checkpoint and the curves.", DefaultValueFactory = _ => Path.Combine("out", "digits"),
        };

        private readonly Option<string> _data = new("--data")
        {
            Description = "The digits, gzip-compressed, with 65 integers per row (by default, the copy next to the program).",
            DefaultValueFactory = _ => DigitsData.DefaultPath,
        };

        private readonly Option<bool> _distributed = new("--distributed")
        {
            Description = "Train with the other processes that 'dotnet mlx launch' started; --batch-size is the total of all processes.",
        };

        private readonly RootCommand _command;

        public Parser() => _command = new RootCommand("Trains a perceptron on handwritten digits with DotMlx.")
        {
            _epochs, _batchSize, _learningRate, _optimizer, _seed, _decayEpochs, _resume, _output, _data, _distributed,
        };

        public ParseResult Parse(string[] args) => _command.Parse(args);

        /// <exception cref="UserErrorException">An argument is unknown or out of range.</exception>
        public DigitsArguments Read(ParseResult result)
        {
            if (result.Errors.Count > 0)
            {
                throw new UserErrorException(result.Errors[0].Message.TrimEnd('.') + " (--help lists the options).");
            }

            var arguments = new DigitsArguments(
                result.GetValue(_epochs),
                result.GetValue(_batchSize),
                result.GetValue(_learningRate),
                result.GetValue(_optimizer),
                result.GetValue(_seed),
                result.GetValue(_decayEpochs),
                result.GetValue(_resume),
                result.GetValue(_output)!,
                result.GetValue(_data)!,
                result.GetValue(_distributed));
            RequireRange("epochs", arguments.Epochs, 1, 10_000);
            RequireRange("batch-size", arguments.BatchSize, 1, 100_000);
            RequireRange("seed", arguments.Seed, 0, int.MaxValue);
            RequireRange("decay-epochs", arguments.DecayEpochs, 1, 10_000);
            if (arguments.LearningRate is { } rate && !(rate > 0 && rate <= 10))
            {
                throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
                    $"--learning-rate must be above 0 and at most 10, not {rate}."));
            }

            if (arguments.Optimizer is { } optimizer)
            {
                _ = OptimizerChoice.DefaultLearningRate(optimizer);
            }

            if (string.IsNullOrWhiteSpace(arguments.Output))
            {
                throw new UserErrorException("--output must name a folder.");
            }

            return arguments;
        }

        private static void RequireRange(string name, int? value, int minimum, int maximum)
        {
            if (value is { } number && (number < minimum || number > maximum))
            {
                throw new UserErrorException($"--{name} must be a whole number from {minimum} to {maximum}, not {number}.");
            }
        }
    }
}
