using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>What is compared, and what DotMlx may cost.</summary>
internal static class Contests
{
    private const int Scalars = 100_000;
    private const int ChainLength = 1000;
    private const int ChainSize = 1024;
    private const int ChainRepeats = 10;
    private const int ReadSize = 1_000_000;
    private const int ReadRepeats = 20;
    private const int Leaves = 1000;
    private const int LeafSize = 16;
    private const int Batch = 256;
    private const int Steps = 5;

    internal static IReadOnlyList<Contest> All(CWork c, mlx_stream s)
    {
        float[] destination = new float[ReadSize];
        return
        [
            new("add + dispose of scalars", Scalars, 1.15,
                () => c.ScalarAdd(Scalars, s), () => RawWork.ScalarAdd(Scalars, s), () => ManagedWork.ScalarAdd(Scalars)),
            new("add of scalars, left to the finalizer", Scalars, 3.0,
                () => c.ScalarAdd(Scalars, s), null, () => ManagedWork.ScalarAddFinalized(Scalars)),
            new("chain of 1,000 operations, per operation", ChainLength * ChainRepeats, 1.03,
                () => c.Chain(ChainLength, ChainSize, ChainRepeats, s),
                () => RawWork.Chain(ChainLength, ChainSize, ChainRepeats, s),
                () => ManagedWork.Chain(ChainLength, ChainSize, ChainRepeats)),
            new("training step, plain", Steps, 1.02,
                () => c.TrainingStep(Steps, compiled: false, Batch, s), null, () => ManagedTraining.Steps(Steps, compiled: false, Batch)),
            new("training step, compiled", Steps, 1.02,
                () => c.TrainingStep(Steps, compiled: true, Batch, s), null, () => ManagedTraining.Steps(Steps, compiled: true, Batch)),
            new("ApplyGradients, 1,000 leaves, build", 5, null,
                () => c.ApplyGradients(Leaves, LeafSize, 5, evaluate: false, s), null,
                () => ManagedUpdates.ApplyGradients(Leaves, LeafSize, 5, evaluate: false)),
            new("ApplyGradients, 1,000 leaves, build and evaluate", 2, null,
                () => c.ApplyGradients(Leaves, LeafSize, 2, evaluate: true, s), null,
                () => ManagedUpdates.ApplyGradients(Leaves, LeafSize, 2, evaluate: true)),
            new("read 1,000,000 floats", ReadRepeats, null,
                () => c.Read(destination, ReadRepeats, s), null, () => ManagedWork.Read(destination, ReadRepeats)),
        ];
    }
}
