using System.Globalization;
using BenchmarkDotNet.Attributes;
using DotMlx.Optimizers;

namespace DotMlx.Benchmarks;

/// <summary>Measures one <c>ApplyGradients</c> over many small parameters: only built, evaluated, and compiled.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("optimizer")]
public class OptimizerBenchmarks
{
    private const int LeafSize = 16;

    private Optimizer _optimizer = null!;
    private TreeDictionary _gradients = null!;
    private TreeDictionary _parameters = null!;
    private Func<TreeDictionary, TreeDictionary, TreeDictionary> _compiled = null!;
    private Optimizer _grouped = null!;

    [Params(100, 1000)]
    public int Leaves { get; set; }

    [Params("SGD", "Adam", "AdamW", "Lion")]
    public string Rule { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        (_optimizer, _grouped) = (NewOptimizer(), NewOptimizer());
        _grouped.GroupSmallParameters = true;
        _gradients = NewLeaves();
        _parameters = NewLeaves();
        _optimizer.Init(_parameters);
        _grouped.Init(_parameters);
        Mx.Eval(_gradients, _parameters, _optimizer.State, _grouped.State);
        _compiled = _optimizer.Compile();
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _gradients.DisposeArrays();
        _parameters.DisposeArrays();
        _optimizer.State.DisposeArrays();
        _grouped.State.DisposeArrays();
    }

    /// <summary>The state is evaluated too, because an unevaluated graph would grow with every call.</summary>
    [Benchmark(Baseline = true)]
    public void ApplyGradientsAndEvaluate() => Replace(_optimizer.ApplyGradients(_gradients, _parameters), _optimizer);

    [Benchmark]
    public void ApplyGradientsCompiled() => Replace(_compiled(_gradients, _parameters), _optimizer);

    [Benchmark]
    public void ApplyGradientsGrouped() => Replace(_grouped.ApplyGradients(_gradients, _parameters), _grouped);

    private void Replace(TreeDictionary updated, Optimizer used)
    {
        Mx.Eval(updated, used.State);
        _parameters.DisposeArrays();
        _parameters = updated;
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
