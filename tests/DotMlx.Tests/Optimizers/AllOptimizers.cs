using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>One optimizer of every kind, with options that use all of its state, and small trees to train.</summary>
internal static class AllOptimizers
{
    internal static readonly string[] Names =
    [
        "SGD", "RMSprop", "Adagrad", "AdaDelta", "Adam", "AdamW", "Adamax", "Lion", "Adafactor", "Muon", "MultiOptimizer",
    ];

    internal static OptimizerBase Make(string name) => name switch
    {
        "SGD" => new SGD(0.1, momentum: 0.9, weightDecay: 0.1, nesterov: true),
        "RMSprop" => new RMSprop(0.01),
        "Adagrad" => new Adagrad(0.1),
        "AdaDelta" => new AdaDelta(1),
        "Adam" => new Adam(Schedules.CosineDecay(0.1, 20), biasCorrection: true),
        "AdamW" => new AdamW(0.01, weightDecay: 0.1, biasCorrection: true),
        "Adamax" => new Adamax(0.01),
        "Lion" => new Lion(0.01, weightDecay: 0.1),
        "Adafactor" => new Adafactor(beta1: 0.9, weightDecay: 0.1, warmupInit: true),
        "Muon" => new Muon(0.02),
        "MultiOptimizer" => new MultiOptimizer([new Muon(0.02), new AdamW(Schedules.StepDecay(0.1, 0.5, 2))],
            [(_, leaf) => leaf.NDim >= 2]),
        _ => throw new ArgumentException($"No optimizer {name}.", nameof(name)),
    };

    internal static TreeDictionary Parameters(DType dtype = DType.Float32) => Values(0.3f, dtype);

    internal static TreeDictionary Gradients(int step, DType dtype = DType.Float32) => Values(1f + step, dtype);

    internal static TreeDictionary Run(OptimizerBase optimizer, TreeDictionary parameters, int from, int to)
    {
        for (int step = from; step < to; step++)
        {
            parameters = optimizer.ApplyGradients(Gradients(step), parameters);
            Mx.Eval(parameters, optimizer.State);
        }

        return parameters;
    }

    /// <summary>Checks that an optimizer with the loaded state of another one computes the same updates, bit for bit.</summary>
    internal static void AssertContinues(OptimizerBase first, OptimizerBase second, DType dtype = DType.Float32)
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors");
        try
        {
            TreeDictionary parameters = Run(first, Parameters(dtype), 0, 3);
            first.Save(file);
            second.Load(file, parameters);
            Assert.That(Bits(Run(second, parameters, 3, 5)), Is.EqualTo(Bits(Run(first, parameters, 3, 5))));
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Returns all bits of a tree as text.</summary>
    internal static string Bits(Tree tree) => string.Join("\n", tree.Flatten()
        .OrderBy(item => item.Key, StringComparer.Ordinal)
        .Select(item => $"{item.Key} {item.Value.DType} {string.Join(",", Golden.ToDoubles(item.Value).Select(BitConverter.DoubleToInt64Bits))}"));

    private static TreeDictionary Values(float seed, DType dtype)
    {
        MlxArray Leaf(params int[] shape)
        {
            int size = shape.Aggregate(1, (product, side) => product * side);
            using MlxArray values = MlxArray.Create(Enumerable.Range(0, size)
                .Select(i => MathF.Sin((seed * 7) + (i * 1.3f) + size)).ToArray(), shape);
            return values.AsType(dtype);
        }

        return new TreeDictionary
        {
            ["layers"] = new TreeList
            {
                new TreeDictionary { ["weight"] = Leaf(4, 3), ["bias"] = Leaf(4) },
                new TreeDictionary(),
                new TreeDictionary { ["conv"] = new TreeDictionary { ["weight"] = Leaf(2, 3, 3, 2) } },
            },
            ["scale"] = Leaf(1),
        };
    }
}
