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
    private Tree parameters = null!;
    private Func<Tree, Tree, Tree> compiled = null!;

    [Params(100, 1000)]
    public int Leaves { get; set; }

    [Params("SGD", "Adam", "AdamW", "Lion")]
    public string Rule { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        optimizer = Rule switch
        {
            "SGD" => new SGD(1e-3f, momentum: 0.9f),
            "Adam" => new Adam(1e-3f),
            "AdamW" => new AdamW(1e-3f),
            _ => new Lion(1e-3f),
        };
        gradients = NewLeaves();
        parameters = NewLeaves();
        optimizer.Init(parameters);
        Mx.Eval(gradients, parameters, optimizer.State);
        compiled = Mx.Compile<Tree, Tree, Tree>((g, p) => optimizer.ApplyGradients(g, p), [optimizer], [optimizer]);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        gradients.DisposeArrays();
        parameters.DisposeArrays();
        optimizer.State.DisposeArrays();
    }

    /// <summary>The state is evaluated as well: a graph that nobody evaluates would grow with every call.</summary>
    [Benchmark(Baseline = true)]
    public void ApplyGradientsAndEvaluate() => Replace(optimizer.ApplyGradients(gradients, parameters));

    [Benchmark]
    public void ApplyGradientsCompiled() => Replace(compiled(gradients, parameters));

    private void Replace(Tree updated)
    {
        Mx.Eval(updated, optimizer.State);
        parameters.DisposeArrays();
        parameters = updated;
    }

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
