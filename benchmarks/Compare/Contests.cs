using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>The comparisons and the limits of DotMlx.</summary>
internal static class Contests
{
    private const int Scalars = 10_000;
    private const int ForgottenScalars = 100_000;
    private const int ChainLength = 1000;
    private const int ChainSize = 1024;
    private const int ChainRepeats = 3;
    private const int ReadSize = 1_000_000;
    private const int ReadRepeats = 20;
    private const int Leaves = 1000;
    private const int FewLeaves = 100;
    private const int LeafSize = 16;
    private const int Batch = 256;
    private const int Steps = 20;

    internal static IReadOnlyList<Contest> All(CWork c, mlx_stream s)
    {
        float[] destination = new float[ReadSize];
        return
        [
            new("add + dispose of scalars", Scalars, 1.15,
                () => c.ScalarAdd(Scalars, s), () => RawWork.ScalarAdd(Scalars, s), () => ManagedWork.ScalarAdd(Scalars)) { Times = 10 },
            new("add of scalars, left to the collector", ForgottenScalars, 3.0,
                () => c.ScalarAdd(ForgottenScalars, s), null, () => ManagedWork.ScalarAddFinalized(ForgottenScalars)),
            new("chain of 1,000 operations, per operation", ChainLength * ChainRepeats, 1.03,
                () => c.Chain(ChainLength, ChainSize, ChainRepeats, s),
                () => RawWork.Chain(ChainLength, ChainSize, ChainRepeats, s),
                () => ManagedWork.Chain(ChainLength, ChainSize, ChainRepeats)) { Times = 10 },
            Training("plain", compiled: false, ownsArrays: true, c, s),
            Training("compiled", compiled: true, ownsArrays: true, c, s),
            Training("plain, OwnsArrays off", compiled: false, ownsArrays: false, c, s),
            Training("compiled, OwnsArrays off", compiled: true, ownsArrays: false, c, s),
            Updates("build", Leaves, 5, Update.Build, c, s, 1.1),
            Updates("build, optimizer of the guide", Leaves, 5, Update.Custom, c, s, 1.155),
            Updates("evaluate", Leaves, 3, Update.Evaluate, c, s),
            Updates("evaluate, compiled", Leaves, 10, Update.Compiled, c, s),
            Updates("evaluate, grouped", Leaves, 10, Update.Grouped, c, s),
            Updates("evaluate", FewLeaves, 20, Update.Evaluate, c, s),
            Updates("evaluate, compiled", FewLeaves, 40, Update.Compiled, c, s),
            Updates("evaluate, grouped", FewLeaves, 40, Update.Grouped, c, s),
            new("read 1,000,000 floats", ReadRepeats, null,
                () => c.Read(destination, ReadRepeats, s), () => RawWork.Read(destination, ReadRepeats, s),
                () => ManagedWork.Read(destination, ReadRepeats)),
        ];
    }

    /// <summary>A training step of the perceptron. The limit is for a model that is the only owner of its arrays, as in C.</summary>
    private static Contest Training(string name, bool compiled, bool ownsArrays, CWork c, mlx_stream s)
    {
        // Programs that do the same work compute losses that are equal to the last bit.
        float lossOfC = float.NaN;
        return new(
            "training step, " + name, Steps, ownsArrays ? 1.02 : null,
            () =>
            {
                (double time, lossOfC) = c.TrainingStep(Steps, compiled, Batch, s);
                return time;
            },
            () => Same(RawTraining.Steps(Steps, compiled, Batch, s)),
            () => Same(ManagedTraining.Steps(Steps, compiled, ownsArrays, Batch)));

        double Same((double Time, float Loss) run) => run.Loss == lossOfC
            ? run.Time
            : throw new InvalidOperationException($"The training step, {name}, is not the same work: a loss "
            + $"of {run.Loss:R}, but C one of {lossOfC:R}.");
    }

    /// <summary>Adam over small leaves, per leaf. C has only the plain update, which is the baseline of the others.</summary>
    private static Contest Updates(string name, int leaves, int repeats, Update update, CWork c, mlx_stream s, double? limit = null)
    {
        ManagedUpdates? managed = null;
        return new(
            FormattableString.Invariant($"ApplyGradients, {leaves:N0} leaves, {name}"), (double)leaves * repeats, limit,
            () => c.ApplyGradients(leaves, LeafSize, repeats, update is not (Update.Build or Update.Custom), s),
            update is Update.Build or Update.Custom or Update.Evaluate
                ? () => RawUpdates.ApplyGradients(leaves, LeafSize, repeats, update == Update.Evaluate, s)
                : null,
            () => (managed ??= new ManagedUpdates(leaves, LeafSize, update)).ApplyGradients(repeats))
        {
            Times = 2,
            End = () => managed?.Dispose(),
        };
    }
}
