using System.Globalization;
using BenchmarkDotNet.Attributes;
using DotMlx.Optimizers;

namespace DotMlx.Benchmarks;

/// <summary>One <c>ApplyGradients</c> over many small parameters: building alone, evaluated, and compiled.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("optimizer")]
public class OptimizerBenchmarks
{
    private const int LeafSize = 16;

    private Optimizer optimizer = null!;
    private TreeDictionary gradients = null!;
    private TreeDictionary parameters = null!;
    private Func<TreeDictionary, TreeDictionary, TreeDictionary> compiled = null!;
    private Optimizer grouped = null!;

    [Params(100, 1000)]
    public int Leaves { get; set; }

    [Params("SGD", "Adam", "AdamW", "Lion")]
    public string Rule { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        (optimizer, grouped) = (NewOptimizer(), NewOptimizer());
        grouped.GroupSmallParameters = true;
        gradients = NewLeaves();
        parameters = NewLeaves();
        optimizer.Init(parameters);
        grouped.Init(parameters);
        Mx.Eval(gradients, parameters, optimizer.State, grouped.State);
        compiled = optimizer.Compile();
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        gradients.DisposeArrays();
        parameters.DisposeArrays();
        optimizer.State.DisposeArrays();
        grouped.State.DisposeArrays();
    }

    /// <summary>The state is evaluated as well: a graph that nobody evaluates would grow with every call.</summary>
    [Benchmark(Baseline = true)]
    public void ApplyGradientsAndEvaluate() => Replace(optimizer.ApplyGradients(gradients, parameters), optimizer);

    [Benchmark]
    public void ApplyGradientsCompiled() => Replace(compiled(gradients, parameters), optimizer);

    [Benchmark]
    public void ApplyGradientsGrouped() => Replace(grouped.ApplyGradients(gradients, parameters), grouped);

    private void Replace(TreeDictionary updated, Optimizer used)
    {
        Mx.Eval(updated, used.State);
        parameters.DisposeArrays();
        parameters = updated;
    }

    private Optimizer NewOptimizer() => Rule switch
    {
        "SGD" => new SGD(1e-3, momentum: 0.9),
        "Adam" => new Adam(1e-3),
        "AdamW" => new AdamW(1e-3),
        _ => new Lion(1e-3),
    };

    private TreeDictionary NewLeaves()
    {
        TreeDictionary tree = [];
        for (int i = 0; i < Leaves; i++)
        {
            tree[string.Create(CultureInfo.InvariantCulture, $"w{i:D4}")] = Mx.Full([LeafSize], 0.5f);
        }

        return tree;
    }
}
